//! The four departments: their tables, and how a router is told to ask them.

use crate::sources::{SectionSpec, SourceSpec};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// One department's database.
pub(super) struct Department {
    pub name: &'static str,
    pub schema: &'static [&'static str],
    find: &'static str,
    /// Name, role, query.
    sections: &'static [(&'static str, &'static str, &'static str)],
}

/// Sales: everybody, and what they ordered.
pub(super) const SALES: Department = Department {
    name: "sales",
    schema: &[
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL, \
         last_contact_at TEXT NOT NULL)",
        "CREATE INDEX customers_by_phone ON customers (phone)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, \
         ordered_on TEXT NOT NULL, item TEXT NOT NULL, quantity INTEGER NOT NULL, amount INTEGER NOT NULL, \
         currency TEXT NOT NULL, status TEXT NOT NULL)",
        "CREATE INDEX orders_by_customer ON orders (customer, ordered_on)",
    ],
    find: "SELECT id, name, address, last_contact_at FROM customers WHERE phone = :e164",
    sections: &[(
        "orders",
        "agent",
        "SELECT ordered_on, item, quantity, amount, currency, status FROM orders WHERE customer = :customer \
         ORDER BY ordered_on DESC, id DESC LIMIT 5",
    )],
};

/// Accounting: most of them, with ids of its own.
pub(super) const ACCOUNTING: Department = Department {
    name: "accounting",
    schema: &[
        "CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL)",
        "CREATE INDEX customers_by_phone ON customers (phone)",
        "CREATE TABLE balances (customer TEXT PRIMARY KEY REFERENCES customers, amount INTEGER NOT NULL, \
         currency TEXT NOT NULL, overdue INTEGER NOT NULL, due_on TEXT)",
    ],
    find: "SELECT id, name FROM customers WHERE phone = :e164",
    sections: &[(
        "balance",
        "agent",
        "SELECT amount, currency, overdue, due_on FROM balances WHERE customer = :customer",
    )],
};

/// Credit: those who buy on account.
pub(super) const CREDIT: Department = Department {
    name: "credit",
    schema: &[
        "CREATE TABLE debtors (account TEXT PRIMARY KEY, holder TEXT NOT NULL, phone TEXT NOT NULL, \
         credit_limit INTEGER NOT NULL, currency TEXT NOT NULL, days INTEGER NOT NULL, rating TEXT NOT NULL)",
        "CREATE INDEX debtors_by_phone ON debtors (phone)",
    ],
    find: "SELECT account AS id, holder AS name FROM debtors WHERE phone = :e164",
    sections: &[(
        "credit_terms",
        "credit",
        "SELECT account, credit_limit, currency, days, rating FROM debtors WHERE account = :customer",
    )],
};

/// Support: who has ever asked for help, and their open cases.
pub(super) const SUPPORT: Department = Department {
    name: "support",
    schema: &[
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, language TEXT NOT NULL, \
         segment TEXT NOT NULL, since TEXT NOT NULL)",
        "CREATE INDEX contacts_by_phone ON contacts (phone)",
        "CREATE TABLE cases (number TEXT PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contacts, \
         opened_on TEXT NOT NULL, subject TEXT NOT NULL, status TEXT NOT NULL, promised_by TEXT)",
        "CREATE INDEX cases_by_contact ON cases (contact)",
    ],
    find: "SELECT id, name FROM contacts WHERE phone = :e164",
    sections: &[
        ("profile", "agent", "SELECT name, language, segment, since FROM contacts WHERE id = :customer"),
        (
            "cases",
            "agent",
            "SELECT number, opened_on, subject, status, promised_by FROM cases WHERE contact = :customer \
             AND status <> 'closed' ORDER BY opened_on DESC LIMIT 5",
        ),
    ],
};

const DEPARTMENTS: [&Department; 4] = [&SALES, &ACCOUNTING, &CREDIT, &SUPPORT];
/// Time for each department; far more than these files need.
const DEADLINE_MS: u64 = 150;

/// The four sources of a sample in this folder.
#[must_use]
pub fn sources(dir: &Path) -> Vec<SourceSpec> {
    DEPARTMENTS.iter().map(|department| department.source(dir)).collect()
}

/// The same as `[[source]]` blocks of a configuration file.
#[must_use]
pub fn toml(dir: &Path) -> String {
    let mut toml = String::new();
    for source in sources(dir) {
        // Writing to a string cannot fail.
        let _ = writeln!(toml, "[[source]]\nname = {}\nkind = \"sqlite\"", quoted(&source.name));
        let _ = writeln!(toml, "url = {}", quoted(&source.path.to_string_lossy()));
        let _ = writeln!(
            toml,
            "deadline = \"{}ms\"\nfind = {}",
            source.deadline.as_millis(),
            quoted(&source.find)
        );
        for section in source.sections {
            let role = section.role.map(|role| format!(", role = {}", quoted(&role))).unwrap_or_default();
            let _ =
                writeln!(toml, "sections.{} = {{ query = {}{role} }}", section.name, quoted(&section.query));
        }
        toml.push('\n');
    }
    toml
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
        out
    });
    format!("\"{escaped}\"")
}

impl Department {
    fn source(&self, dir: &Path) -> SourceSpec {
        let section = |(name, role, query): &(&str, &str, &str)| SectionSpec {
            name: (*name).to_owned(),
            query: (*query).to_owned(),
            role: Some((*role).to_owned()),
        };
        SourceSpec {
            name: self.name.to_owned(),
            path: dir.join(format!("{}.db", self.name)),
            deadline: Duration::from_millis(DEADLINE_MS),
            find: self.find.to_owned(),
            sections: self.sections.iter().map(section).collect(),
        }
    }
}
