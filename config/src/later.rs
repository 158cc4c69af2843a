//! Keys and values of features that are not in this version. They are refused by name, never ignored.

/// How such a key or value is refused.
pub(crate) const NOT_YET: &str = "not in this version";

/// Keys to come, by the section they will stand in.
const KEYS: &[(&str, &[&str])] = &[
    ("the file", &["cluster", "redis", "node", "webhook", "survey"]),
    ("[media]", &["announcement"]),
    ("[store]", &["url"]),
    ("[[trunk]]", &["attributes", "copy"]),
    ("[[entry]]", &["attributes"]),
    ("[[queue]]", &["announcement", "record"]),
    ("[[agent]]", &["capacity"]),
    ("[[source]]", &["stale_for", "cache", "mapping"]),
];

/// Values to come, by the key they will stand under.
const VALUES: &[(&str, &[&str])] = &[
    ("waiting", &["overflow"]),
    ("kind", &["postgres", "postgresql", "mysql", "mariadb", "redis", "http", "csv", "xlsx"]),
];

/// Whether a key belongs to a feature to come.
pub(crate) fn is_later_key(header: &str, key: &str) -> bool {
    has(KEYS, header, key)
}

/// Whether a value belongs to a feature to come.
pub(crate) fn is_later_value(key: &str, value: &str) -> bool {
    has(VALUES, key, value)
}

fn has(list: &[(&str, &[&str])], place: &str, name: &str) -> bool {
    list.iter().any(|(at, names)| *at == place && names.contains(&name))
}
