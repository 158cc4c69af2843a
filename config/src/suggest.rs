//! "Did you mean": the known name nearest to a typed one.

/// The known name nearest to `typed`, if one is near enough to be meant: a third of its letters may differ.
///
/// Case counts nothing, and `_`, `-` and a space are one.
pub(crate) fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let typed = plain(typed);
    let distance = |name: &str| strsim::osa_distance(&typed, &plain(name));
    let near = known.into_iter().map(|name| (distance(name), name)).min_by_key(|&(distance, _)| distance);
    near.filter(|&(distance, name)| distance <= allowed(&typed, name)).map(|(_, name)| name)
}

/// The way out for an unknown name: the nearest known one, else the known ones.
pub(crate) fn way_out<'k>(typed: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => listed(known),
    }
}

/// `choose "a", "b" or "c"`, cut after [`MOST_LISTED`].
fn listed<'k>(known: impl IntoIterator<Item = &'k str>) -> String {
    let names: Vec<String> = known.into_iter().map(|name| format!("{name:?}")).collect();
    match names.as_slice() {
        [] => "there is none yet".to_owned(),
        [only] => format!("the only one is {only}"),
        [most @ .., last] if most.len() < MOST_LISTED => format!("choose {} or {last}", most.join(", ")),
        many => format!("choose one of the {}, such as {}", many.len(), many[..3].join(", ")),
    }
}

/// A longer list helps nobody.
const MOST_LISTED: usize = 12;

fn allowed(typed: &str, name: &str) -> usize {
    match typed.chars().count().min(name.chars().count()) {
        0 | 1 => 0,
        letters => (letters / 3).max(1),
    }
}

fn plain(name: &str) -> String {
    name.chars().map(|c| if c == '-' || c == ' ' { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["name", "needs", "answer_within", "max_wait"];
        assert_eq!(nearest("anser_within", keys), Some("answer_within"));
        assert_eq!(nearest("answer-within", keys), Some("answer_within"));
        assert_eq!(nearest("Needs", keys), Some("needs"));
        assert_eq!(nearest("nmae", keys), Some("name"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("x", keys), None);
    }

    #[test]
    fn without_a_near_name_the_known_ones_are_listed() {
        assert_eq!(
            way_out("x", ["music", "ringing", "early-media"]),
            r#"choose "music", "ringing" or "early-media""#
        );
        assert_eq!(way_out("x", []), "there is none yet");
        assert_eq!(way_out("x", ["main"]), r#"the only one is "main""#);
    }
}
