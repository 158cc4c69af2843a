//! A foreign database as it is: Northwind, with the telephone numbers of 21 countries in their local spelling.

use crate::desk::*;
use screenpop::caller::{Region, Validity, normalise};
use screenpop::{MatchKind, ScreenPop, SectionStatus::*, SourceSpec};
use sqlx::{ConnectOptions, Row};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Reads digits only, and compares their end: what can be done about a column that nobody normalised.
const FIND: &str = "SELECT CustomerID AS id, CompanyName AS name, Address AS address FROM Customers \
    WHERE replace(replace(replace(replace(replace(Phone, '(', ''), ')', ''), ' ', ''), '-', ''), '.', '') \
    LIKE '%' || :national";

/// The database in a folder of its own, or `None` (with a word about it) where it or the tools to load it are missing.
fn northwind(office: &Office) -> Option<PathBuf> {
    let shared = std::env::var_os("SAMBUNG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let script = shared.join("data/customers/northwind/northwind-sqlite.sql.gz");
    if !script.exists() {
        println!("skipped: {} is not there", script.display());
        return None;
    }
    let path = office.path().join("northwind.db");
    let unpacked = Command::new("gzip").arg("-dc").arg(&script).stdout(Stdio::piped()).spawn();
    let (Ok(mut unpacked), true) = (unpacked, Command::new("sqlite3").arg("-version").output().is_ok())
    else {
        println!("skipped: gzip and sqlite3 are needed to load Northwind");
        return None;
    };
    let loaded = Command::new("sqlite3")
        .args(["-cmd", "PRAGMA synchronous = OFF"])
        .arg(&path)
        .stdin(unpacked.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(unpacked.wait().unwrap().success() && loaded.status.success(), "{loaded:?}");
    Some(path)
}

fn source(path: PathBuf) -> SourceSpec {
    SourceSpec {
        name: "northwind".to_owned(),
        path,
        deadline: Duration::from_secs(5),
        find: FIND.to_owned(),
        sections: vec![
            section(
                "orders",
                "SELECT OrderID, OrderDate, ShipCity FROM Orders WHERE CustomerID = :customer ORDER BY OrderDate DESC LIMIT 5",
                None,
            ),
            section(
                "profile",
                "SELECT ContactName, ContactTitle, City FROM Customers WHERE CustomerID = :customer",
                Some("agent"),
            ),
        ],
    }
}

#[tokio::test]
async fn a_foreign_database_answers_as_it_is() {
    let office = Office::new();
    let Some(path) = northwind(&office) else { return };
    let pop = ScreenPop::open(vec![source(path)], Region::new("DE").unwrap()).unwrap();
    // "Alfreds Futterkiste", 030-0074321 in its table.
    for dialled in ["+49300074321", "0300074321", "0049300074321"] {
        let card = whole(pop.look_up(&caller_in("DE", dialled), "1500")).await;
        assert_eq!(card.matched.kind, MatchKind::One, "{dialled}");
        assert_eq!(card.matched.candidates[0].customer_id, "ALFKI");
        assert_eq!((status(&card, "orders"), status(&card, "profile")), (Fresh, Fresh));
        assert_eq!(card.sections["profile"].data["ContactName"], "Maria Anders");
        assert_eq!(card.sections["orders"].data["rows"].as_array().unwrap().len(), 5);
    }
}

#[tokio::test]
async fn made_up_numbers_stay_matchable_though_few_of_them_are_valid() {
    let office = Office::new();
    let Some(path) = northwind(&office) else { return };
    let mut file =
        sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap();
    let rows = sqlx::query("SELECT Phone, Country FROM Customers WHERE Phone <> ''")
        .fetch_all(&mut file)
        .await
        .unwrap();
    let mut count = [0; 4];
    for row in &rows {
        let (phone, country) = (row.get::<String, _>(0), row.get::<String, _>(1));
        let number = normalise(&phone, &Region::new(code(&country)).unwrap());
        assert!(number.national.is_some(), "{phone} {country}");
        count[number.validity as usize] += 1;
    }
    println!("{} numbers: {count:?} none, internal, possible, valid", rows.len());
    let valid = count[Validity::Valid as usize];
    assert_eq!((rows.len(), valid, valid + count[Validity::Possible as usize]), (91, 48, 76));
}

fn code(country: &str) -> &'static str {
    match country {
        "Argentina" => "AR",
        "Austria" => "AT",
        "Belgium" => "BE",
        "Brazil" => "BR",
        "Canada" => "CA",
        "Denmark" => "DK",
        "Finland" => "FI",
        "France" => "FR",
        "Germany" => "DE",
        "Ireland" => "IE",
        "Italy" => "IT",
        "Mexico" => "MX",
        "Norway" => "NO",
        "Poland" => "PL",
        "Portugal" => "PT",
        "Spain" => "ES",
        "Sweden" => "SE",
        "Switzerland" => "CH",
        "UK" => "GB",
        "USA" => "US",
        "Venezuela" => "VE",
        other => panic!("no region for {other}"),
    }
}
