//! Purchase lines from CSV.

use crate::shop::day;
use suggest::{
    Purchase,
    lines::{Contact, Contacts, LineError, Lines},
};

const HEAD: &str = "order,product,description,quantity,date,price,customer\n";

fn read(text: &str) -> Vec<Result<Purchase, LineError>> {
    Lines::open(text.as_bytes()).unwrap().collect()
}

fn one(row: &str) -> Result<Purchase, String> {
    let found = read(&format!("{HEAD}{row}\n")).into_iter().next().unwrap();
    found.map_err(|error| error.to_string())
}

#[test]
fn a_line_is_read() {
    let expected = Purchase {
        customer: "17850".into(),
        order: "536365".into(),
        product: "85123A".into(),
        name: "WHITE HANGING HEART, LARGE".into(),
        quantity: 6.0,
        amount: 1_530,
        day: day("2010-12-01"),
        minute: 8 * 60 + 26,
    };
    let row = r#"536365,85123A,"WHITE HANGING HEART, LARGE",6,2010-12-01 08:26,2.55,17850"#;
    assert_eq!(one(row).unwrap(), expected);
}

#[test]
fn columns_go_by_name_in_any_order_and_case() {
    let ours = "customer,price,date,quantity,order,product\n7,1.5,2026-01-05,2,o1,tea\n";
    let theirs = "\u{feff}Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n\
        o1,tea,,2,2026-01-05T00:00:30,1.5,7,ID\n";
    let first = |text: &str| read(text).remove(0).unwrap();
    assert_eq!(first(ours), first(theirs));
}

#[test]
fn a_missing_column_is_named_with_those_there_are() {
    let error = Lines::open("date,customer,sum\n".as_bytes()).err().unwrap().to_string();
    assert_eq!(
        error,
        r#"there is no column "order" (or "InvoiceNo"); the first row names date, customer, sum"#
    );
}

#[test]
fn a_wrong_cell_is_named_with_its_line() {
    let wrong = |row: &str| one(row).unwrap_err();
    assert_eq!(
        wrong("o1,tea,,two,2026-01-05,1.5,7"),
        r#"line 2: quantity "two" is no number such as 12 or 2.55"#
    );
    assert_eq!(
        wrong("o1,tea,,2,05/01/2026,1.5,7"),
        r#"line 2: date "05/01/2026" is no date such as 2011-05-31 or 2011-05-31 14:05"#
    );
    assert!(wrong("o1,tea,,2,2026-01-05 25:00,1.5,7").contains("date"));
    assert!(wrong("o1,tea,,2,2026-01-05,NaN,7").contains("price"));
    assert!(wrong("o1,tea,,1e300,2026-01-05,1e9,7").contains("nobody pays"));
    assert!(wrong(&format!("o1,{},,2,2026-01-05,1,7", "x".repeat(65))).contains("longer than 64"));
    assert!(wrong("o1,tea").contains("quantity"), "a short row");
}

#[test]
fn a_wrong_line_does_not_end_the_reading() {
    let found = read(&format!("{HEAD}o1,tea,,x,2026-01-05,1.5,7\no2,tea,,1,2026-01-05,1.5,7\n"));
    assert!(found[0].is_err() && found[1].is_ok());
}

#[test]
fn a_long_name_is_cut_between_characters() {
    let line = one(&format!("o1,tea,{},2,2026-01-05,1,7", "é".repeat(100))).unwrap();
    assert_eq!(line.name, "é".repeat(60));
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend(b"o1,\xff\xfe,,2,2026-01-05,1,7\n");
    assert!(Lines::open(bytes.as_slice()).unwrap().next().unwrap().is_err());
}

#[test]
fn no_byte_of_a_file_makes_it_panic() {
    let sound = format!("{HEAD}o1,tea,\"a, b\",2,2026-01-05 10:30,1.5,7\no2,tea,,-1,2026-01-06,1.5,7\n");
    for at in 0..sound.len() {
        for byte in (0..=255_u8).step_by(3) {
            let mut bytes = sound.clone().into_bytes();
            bytes[at] = byte;
            if let Ok(lines) = Lines::open(bytes.as_slice()) {
                assert!(lines.count() <= 4);
            }
        }
    }
}

#[test]
fn contacts_are_read_and_their_mistakes_named() {
    let read = |rows: &str| {
        let text = format!("date,minutes,customer\n{rows}\n");
        Contacts::open(text.as_bytes()).unwrap().next().unwrap().map_err(|error| error.to_string())
    };
    let expected = Contact { customer: "17850".into(), day: day("2026-01-05"), minutes: 7.5 };
    assert_eq!(read("2026-01-05 09:30,7.5,17850"), Ok(expected));
    assert_eq!(
        read("2026-01-05,-1,17850").unwrap_err(),
        r#"line 2: minutes "-1" is no time that a contact takes"#
    );
    let error = Contacts::open("date,customer\n".as_bytes()).err().unwrap().to_string();
    assert!(error.starts_with(r#"there is no column "minutes""#), "{error}");
}
