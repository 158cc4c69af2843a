//! Writes the department databases, each whole or not at all.

use super::departments::{ACCOUNTING, CREDIT, Department, SALES, SUPPORT};
use super::people::{Person, invent};
use super::random::Random;
use super::{Sample, SampleError};
use crate::sources::sqlite::{Bind, arguments};
use jiff::{ToSpan, civil::Date};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::path::{Path, PathBuf};

/// Marks our files (`PRAGMA application_id`), so that nobody else's is ever replaced.
const APPLICATION_ID: i32 = 0x5342_4753;
/// The day on which the sample was "exported". Fixed, so that rows do not depend on when it is written.
const LAST_DAY: Date = jiff::civil::date(2026, 6, 30);
/// Values of one INSERT; SQLite allows 32,766.
const MAX_VALUES: usize = 8_000;

const ITEMS: [(&str, usize); 10] = [
    ("Kopi Gayo 1 kg", 145_000),
    ("Beras Pandan Wangi 10 kg", 178_000),
    ("Printer LX-310", 2_450_000),
    ("Toner HP 85A", 890_000),
    ("Paket Internet 50 Mbps", 315_000),
    ("Meja kerja 120 cm", 1_250_000),
    ("Kursi kantor", 975_000),
    ("Galon air 19 l", 22_000),
    ("Lampu LED 12 W", 38_500),
    ("Genset 5 kVA", 8_900_000),
];
const ORDER_STATUS: [&str; 4] = ["delivered", "delivered", "shipped", "open"];
const SUBJECTS: [&str; 8] = [
    "Barang belum sampai",
    "Tagihan ganda",
    "Internet lambat",
    "Minta faktur pajak",
    "Retur: barang rusak",
    "Ganti alamat kirim",
    "Invoice does not match order",
    "Technician did not come",
];
const CASE_STATUS: [&str; 4] = ["open", "waiting", "open", "closed"];
const SEGMENTS: [&str; 3] = ["potential", "ordinary", "not potential"];
const RATINGS: [&str; 4] = ["A", "A", "B", "C"];

/// Writes `sales.db`, `accounting.db`, `credit.db` and `support.db` with so many customers; an older sample in the
/// folder is replaced.
///
/// # Errors
///
/// [`SampleError::NotASample`] if a file with one of these names is somebody else's; it is left as it is.
pub async fn write(dir: &Path, seed: u64, customers: usize) -> Result<Sample, SampleError> {
    std::fs::create_dir_all(dir).map_err(|error| SampleError::Folder { path: dir.to_owned(), error })?;
    let people = invent(seed, customers);
    let departments: [(&Department, Tables); 4] = [
        (&SALES, sales(&people, seed)),
        (&ACCOUNTING, accounting(&people, seed)),
        (&CREDIT, credit(&people, seed)),
        (&SUPPORT, support(&people, seed)),
    ];
    for (department, _) in &departments {
        refuse_foreign(&dir.join(format!("{}.db", department.name))).await?;
    }
    for (department, tables) in departments {
        replace(&dir.join(format!("{}.db", department.name)), department, tables).await?;
    }
    Ok(Sample { customers: people.into_iter().map(|person| person.customer).collect() })
}

/// Tables with their rows, in the order of their columns.
type Tables = Vec<(&'static str, Vec<Vec<Bind>>)>;

fn sales(people: &[Person], seed: u64) -> Tables {
    let mut random = Random::new(seed ^ 0x5A1E5);
    let (mut customers, mut orders) = (Vec::new(), Vec::new());
    for (person, id) in people.iter().zip(1_001..) {
        let contact = format!(
            "{}T{:02}:{:02}:00+07:00",
            day(person.last_contact_days),
            random.below(24),
            random.below(60)
        );
        let PersonText { name, phone } = text_of(person);
        customers.push(vec![Bind::Int(id), name, phone, text(&person.address), text(&contact)]);
        for _ in 0..random.below(9) {
            let (item, price) = random.pick(&ITEMS);
            let quantity = 1 + random.below(6);
            let ordered_on = text(&day(person.last_contact_days + random.below(300)));
            let status = text(random.pick(&ORDER_STATUS));
            let number = Bind::Int(orders.len() as i64 + 70_001);
            let amount = int(quantity * price);
            orders.push(vec![
                number,
                Bind::Int(id),
                ordered_on,
                text(item),
                int(quantity),
                amount,
                text("IDR"),
                status,
            ]);
        }
    }
    vec![("customers", customers), ("orders", orders)]
}

fn accounting(people: &[Person], seed: u64) -> Tables {
    let mut random = Random::new(seed ^ 0xACC0);
    let (mut customers, mut balances) = (Vec::new(), Vec::new());
    for (person, at) in people.iter().zip(1..) {
        if !random.chance(92) {
            continue;
        }
        let id = text(&format!("A-{at:06}"));
        let overdue = random.chance(15);
        let amount = if random.chance(40) { 0 } else { (1 + random.below(900)) * 12_500 };
        let due = if amount == 0 { Bind::Null } else { text(&later(random.below(45), overdue)) };
        let PersonText { name, phone } = text_of(person);
        customers.push(vec![id.clone(), name, phone]);
        balances.push(vec![id, int(amount), text("IDR"), int(usize::from(overdue && amount > 0)), due]);
    }
    vec![("customers", customers), ("balances", balances)]
}

fn credit(people: &[Person], seed: u64) -> Tables {
    let mut random = Random::new(seed ^ 0xC4ED17);
    let mut debtors = Vec::new();
    for (person, at) in people.iter().zip(500..) {
        if !random.chance(60) {
            continue;
        }
        let PersonText { name, phone } = text_of(person);
        let limit = int((1 + random.below(50)) * 1_000_000);
        let days = int(random.pick(&[7_usize, 14, 30, 45]));
        debtors.push(vec![
            text(&format!("KR{at}")),
            name,
            phone,
            limit,
            text("IDR"),
            days,
            text(random.pick(&RATINGS)),
        ]);
    }
    vec![("debtors", debtors)]
}

fn support(people: &[Person], seed: u64) -> Tables {
    let mut random = Random::new(seed ^ 0x5099);
    let (mut contacts, mut cases) = (Vec::new(), Vec::new());
    for (person, id) in people.iter().zip(1..) {
        if !random.chance(85) {
            continue;
        }
        let language = if person.customer.e164.starts_with("+62") { "id" } else { "en" };
        let since = text(&day(400 + random.below(2_500)));
        let PersonText { name, phone } = text_of(person);
        contacts.push(vec![Bind::Int(id), name, phone, text(language), text(random.pick(&SEGMENTS)), since]);
        for _ in 0..random.below(4) {
            let number = text(&format!("SC-{:06}", cases.len() + 1));
            let status = text(random.pick(&CASE_STATUS));
            let promised = if random.chance(40) { text(&later(random.below(10), false)) } else { Bind::Null };
            let opened_on = text(&day(random.below(90)));
            cases.push(vec![
                number,
                Bind::Int(id),
                opened_on,
                text(random.pick(&SUBJECTS)),
                status,
                promised,
            ]);
        }
    }
    vec![("contacts", contacts), ("cases", cases)]
}

struct PersonText {
    name: Bind,
    phone: Bind,
}

fn text_of(person: &Person) -> PersonText {
    PersonText { name: text(&person.customer.name), phone: text(&person.customer.e164) }
}

fn text(text: &str) -> Bind {
    Bind::Text(text.into())
}

const fn int(number: usize) -> Bind {
    Bind::Int(number as i64)
}

/// So many days before the sample's last day.
fn day(days_before: usize) -> String {
    LAST_DAY.saturating_sub((days_before as i64).days()).to_string()
}

/// After the last day, or before it when overdue.
fn later(days: usize, overdue: bool) -> String {
    let days = (days as i64).days();
    if overdue { LAST_DAY.saturating_sub(days) } else { LAST_DAY.saturating_add(days) }.to_string()
}

/// Refuses to touch a file that this function has not written.
async fn refuse_foreign(path: &Path) -> Result<(), SampleError> {
    if !path.exists() {
        return Ok(());
    }
    let refused = || SampleError::NotASample(path.to_owned());
    let mut file =
        SqliteConnectOptions::new().filename(path).read_only(true).connect().await.map_err(|_| refused())?;
    let id = sqlx::query_scalar::<_, i32>("PRAGMA application_id").fetch_one(&mut file).await;
    if id.ok() == Some(APPLICATION_ID) { Ok(()) } else { Err(refused()) }
}

/// Writes beside the file and puts it in its place at the end: a reader sees the old sample or the new one.
async fn replace(path: &Path, department: &Department, tables: Tables) -> Result<(), SampleError> {
    let folder = |path: &Path| {
        let path = path.to_owned();
        move |error| SampleError::Folder { path, error }
    };
    let fresh = PathBuf::from(format!("{}.new", path.display()));
    if fresh.exists() {
        std::fs::remove_file(&fresh).map_err(folder(&fresh))?;
    }
    fill(&fresh, department, tables)
        .await
        .map_err(|error| SampleError::Database { path: fresh.clone(), error })?;
    std::fs::rename(&fresh, path).map_err(folder(path))
}

async fn fill(path: &Path, department: &Department, tables: Tables) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("application_id", APPLICATION_ID.to_string())
        .disable_statement_logging();
    let mut file = options.connect().await?;
    file.execute("BEGIN").await?;
    for statement in department.schema {
        file.execute(AssertSqlSafe(*statement)).await?;
    }
    for (table, rows) in tables {
        insert(&mut file, table, &rows).await?;
    }
    file.execute("COMMIT").await?;
    file.close().await
}

/// Inserts rows of equal length, many with one statement.
async fn insert(file: &mut SqliteConnection, table: &str, rows: &[Vec<Bind>]) -> Result<(), sqlx::Error> {
    let columns = rows.first().map_or(1, Vec::len);
    for chunk in rows.chunks(MAX_VALUES / columns) {
        let row = format!("({})", vec!["?"; columns].join(","));
        let sql = format!("INSERT INTO {table} VALUES {}", vec![row.as_str(); chunk.len()].join(","));
        let values = arguments(chunk.concat())?;
        sqlx::query_with(AssertSqlSafe(sql), values).persistent(false).execute(&mut *file).await?;
    }
    Ok(())
}
