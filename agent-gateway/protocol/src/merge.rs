//! Merge patches (RFC 7396): how a `pop.update` changes the sections of a card.
//!
//! A patch cannot carry a null, which means removal in it: what is to be patched must hold none in its objects.

use serde_json::{Map, Value};

/// Applies `patch` to `target`.
///
/// Source: RFC 7396 §2.
pub fn apply(target: &mut Value, patch: &Value) {
    if let Value::Object(patch) = patch {
        apply_object(target, patch);
    } else {
        *target = patch.clone();
    }
}

fn apply_object(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            target.remove(name);
        } else {
            apply(target.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// The patch that makes `new` of `old`; empty when they are alike.
#[must_use]
pub fn diff(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let changed = new.iter().filter_map(|(name, value)| {
        let change = match (old.get(name), value) {
            (Some(before), now) if before == now => return None,
            (Some(Value::Object(before)), Value::Object(now)) => Value::Object(diff(before, now)),
            (Some(_) | None, now) => now.clone(),
        };
        Some((name.clone(), change))
    });
    gone.chain(changed).collect()
}

/// Takes the nulls out of objects, so that a patch can carry what is left. Arrays are carried whole and keep theirs.
pub fn strip_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        fields.values_mut().for_each(strip_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The test cases of RFC 7396, appendix A.
    #[test]
    fn patches_apply_as_the_standard_says() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (mut target, patch, result) in cases {
            apply(&mut target, &patch);
            assert_eq!(target, result, "{patch}");
        }
    }

    #[test]
    fn a_difference_applied_gives_the_new_value() {
        let values = [
            json!({}),
            json!({"a":{"status":"pending"}}),
            json!({"a":{"status":"fresh","data":{"x":1,"rows":[1,null]}},"b":{"status":"empty"}}),
            json!({"a":{"status":"timeout"},"b":{"status":"fresh","data":{"y":[]}}}),
        ];
        for (old, new) in values.iter().flat_map(|old| values.iter().map(move |new| (old, new))) {
            let (Value::Object(from), Value::Object(to)) = (old, new) else { unreachable!() };
            let mut target = old.clone();
            apply(&mut target, &Value::Object(diff(from, to)));
            assert_eq!(&target, new);
        }
    }

    #[test]
    fn nulls_leave_objects_but_not_arrays() {
        let mut value = json!({"a":null,"b":{"c":null,"d":[null]}});
        strip_nulls(&mut value);
        assert_eq!(value, json!({"b":{"d":[null]}}));
    }
}
