//! Reads where customers are looked up.
//!
//! Looks only roughly at SQL: its parameters are understood, and the database is opened, elsewhere.

use crate::{
    duration::Span,
    finding::Place,
    model::{Section, Source, SourceKind},
    name,
    table::{Check, Table, Typed, Wrong, quoted},
};
use std::path::PathBuf;

const DEADLINE: Span = Span::ms(1, 10_000, 150);
const KINDS: [(&str, SourceKind); 1] = [("sqlite", SourceKind::Sqlite)];
/// The parameters a query may use.
const PARAMETERS: [&str; 4] = [":e164", ":national", ":customer", ":called"];
/// Those that tell whose number it is.
const NUMBERS: [&str; 2] = [":e164", ":national"];
/// Longest SQL, in bytes.
const MAX_SQL: usize = 16_384;

/// A source as typed.
pub(crate) struct SourceRead {
    pub source: Source,
    pub name: Place,
    /// The roles of its sections.
    pub roles: Vec<Typed<String>>,
}

/// Every `[[source]]`.
pub(crate) fn sources(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<SourceRead> {
    let tables = root.tables("source", "name", check);
    tables.into_iter().map(|table| source(table, check)).collect()
}

fn source(mut table: Table<'_>, check: &mut Check<'_>) -> SourceRead {
    let name = crate::needed_name(&mut table, "name", name::name, "name it as the card shall show it", check);
    let kind = table.choice("kind", &KINDS, SourceKind::Sqlite, check);
    let url = url(&mut table, check);
    let deadline = table.duration("deadline", DEADLINE, check);
    let find =
        table.needed_text("find", "write the SELECT of id and name that finds a number's customers", check);
    let find = find.and_then(|find| find.read(find_sql, check));
    let sections = sections(&mut table, check);
    table.close(check);
    let (sections, roles): (Vec<Section>, Vec<Option<Typed<String>>>) = sections.into_iter().unzip();
    let source = Source {
        name: name.value,
        kind,
        url,
        deadline: deadline.value,
        find: find.map_or_else(String::new, |find| find.value),
        sections,
    };
    SourceRead { source, name: name.place, roles: roles.into_iter().flatten().collect() }
}

fn url(table: &mut Table<'_>, check: &mut Check<'_>) -> PathBuf {
    let Some(typed) = table.needed_text("url", "name the database file", check) else {
        return PathBuf::new();
    };
    let Some(path) = typed.read(database, check) else { return PathBuf::new() };
    let file = check.folder.join(&path.value);
    let shown = quoted(&file.display().to_string());
    if file.is_dir() {
        check.findings.problem(&path.place, format!("{shown} is a folder"), "name the database file in it");
    } else if !file.exists() {
        let way_out = "put it there, or its sections show an error";
        check.findings.warn(&path.place, format!("{shown} is absent"), way_out);
    }
    file
}

fn database(text: &str) -> Result<PathBuf, Wrong> {
    match text.split_once(':') {
        Some((scheme, _)) if scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Err(Wrong::new(format!("{} is no path", quoted(text)), "name the database file alone"))
        }
        Some(_) | None => crate::path(text),
    }
}

fn sections(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<(Section, Option<Typed<String>>)> {
    let sections = table.table("sections", check);
    let mut read = Vec::new();
    for (key, value) in sections.all() {
        let typed = Typed { value: key, place: value.place.clone() };
        let name = typed.read(name::name, check);
        let Some(table) = value.table(&format!("[source.sections.{key}]"), check) else { continue };
        let (query, role) = section(table, check);
        let role_name = role.as_ref().map(|role| role.value.clone());
        let name = name.map_or_else(String::new, |name| name.value);
        read.push((Section { name, query, role: role_name }, role));
    }
    read
}

fn section(mut table: Table<'_>, check: &mut Check<'_>) -> (String, Option<Typed<String>>) {
    let query =
        table.needed_text("query", "write its SELECT, with :customer for the id that find gave", check);
    let query = query.and_then(|query| query.read(sql, check));
    let role = table.read("role", name::name, check);
    table.close(check);
    if let Some(query) =
        query.as_ref().filter(|query| !PARAMETERS.iter().any(|name| mentions(&query.value, name)))
    {
        let what = "mentions no parameter, so that every caller gets the same rows";
        check.findings.warn(&query.place, what, "compare with :customer, :e164, :national or :called");
    }
    (query.map_or_else(String::new, |query| query.value), role)
}

fn find_sql(text: &str) -> Result<String, Wrong> {
    let sql = sql(text)?;
    if !NUMBERS.iter().any(|name| mentions(&sql, name)) {
        let what = format!("{} mentions neither :e164 nor :national", quoted(text));
        return Err(Wrong::new(what, "compare the customer's phone with one of them"));
    }
    Ok(sql)
}

fn sql(text: &str) -> Result<String, Wrong> {
    if text.len() > MAX_SQL {
        return Err(Wrong::new(format!("{} is longer than {MAX_SQL} bytes", quoted(text)), "make it a view"));
    }
    let start = text.trim_start();
    let word = start.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let comment = start.starts_with("--") || start.starts_with("/*");
    if !comment && !["select", "with", "values"].contains(&word.to_ascii_lowercase().as_str()) {
        return Err(Wrong::new(format!("{} is no query", quoted(text)), "write one SELECT"));
    }
    Ok(text.to_owned())
}

/// Whether SQL mentions a parameter, as a whole word. Strings and comments count too: this is a rough look.
fn mentions(sql: &str, parameter: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    sql.match_indices(parameter)
        .any(|(at, _)| ends(&sql[at + parameter.len()..]) && !sql[..at].ends_with(':'))
}
