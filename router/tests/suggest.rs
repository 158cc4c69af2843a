//! `sambung suggest`: order lines in, a model and answers out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

use router::advice::command::{AdviceError, Command, Lines, run};
use std::{
    cell::RefCell,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use suggest::{Day, List, Model, Outcome};
use tempfile::TempDir;

/// A shop whose customers buy coffee each month, and every second one filters; one line is without a customer.
fn books(folder: &TempDir) -> PathBuf {
    let mut text = "order,product,description,quantity,date,price,customer\n".to_owned();
    for month in 1..=8 {
        for at in 0..40 {
            let day = at % 28 + 1;
            text.push_str(&format!("{month}-{at},coffee,Kopi Gayo,2,2025-{month:02}-{day:02},14.5,c{at}\n"));
            if at % 2 == 0 && (at > 2 || month == 8) {
                text.push_str(&format!("{month}-{at},filter,Saringan,1,2025-{month:02}-{day:02},3,c{at}\n"));
            }
        }
    }
    text.push_str("9-1,coffee,Kopi Gayo,1,2025-08-30,14.5,\n");
    write(folder, "orders.csv", &text)
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn lines(file: PathBuf) -> Lines {
    Lines { file, not_goods: Vec::new(), cancelled: "C".to_owned(), since: None }
}

fn train(file: PathBuf, contacts: Option<PathBuf>, model: &Path) -> Result<String, AdviceError> {
    run(&Command::Train { lines: lines(file), contacts, model: model.to_owned() }, |_| ())
}

fn show(customer: &str, model: &Path, config: Option<PathBuf>, json: bool) -> Result<String, AdviceError> {
    let on = Some("2025-09-01".parse().unwrap());
    let model = Some(model.to_owned());
    run(&Command::Show { customer: customer.to_owned(), model, config, on, json }, |_| ())
}

#[test]
fn what_was_learnt_is_shown_with_its_reasons() {
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("suggestions.model");
    let told = train(books(&folder), None, &model).unwrap();
    assert!(told.contains("40 customers, 2 products, up to 2025-08-28"), "{told}");
    assert!(told.contains("lines: 466 bought, 1 without a customer"), "{told}");
    assert_eq!(fs::metadata(&model).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = show("c1", &model, None, false).unwrap();
    assert!(
        shown.contains("customer c1: potential, 7 points: last contact 30 days ago by order (3)"),
        "{shown}"
    );
    assert!(shown.contains("coffee       Kopi Gayo") && shown.contains("bought 8 times, last 2025-08-02"));
    let json: serde_json::Value = serde_json::from_str(&show("c1", &model, None, true).unwrap()).unwrap();
    assert_eq!(json["likely_next"][0]["reasons"][0]["times"], 8);
    assert_eq!(json["value"]["class"], "potential");
}

#[test]
fn a_configuration_says_what_classes_go_by() {
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("suggestions.model");
    let contacts = write(&folder, "contacts.csv", "customer,date,minutes\nc1,2025-08-31,10\n");
    train(books(&folder), Some(contacts), &model).unwrap();
    let config = write(
        &folder,
        "sambung.toml",
        "[[queue]]\nname = \"main\"\n[[source]]\nname = \"sales\"\nurl = \"sales.db\"\n\
         find = \"SELECT id, name FROM customers WHERE phone = :e164\"\n\
         [suggestions]\nmodel = \"suggestions.model\"\ncustomers = \"sales\"\n\
         recent_days = [1, 2]\norders = [9, 8]\nspent = [1000, 232]\ncost_per_minute = 1.5\n",
    );
    let shown = show("c1", &model, Some(config), false).unwrap();
    assert!(
        shown.contains("last contact 1 days ago by call (3), 8 days with an order (2), 232.00 spent (2)")
    );
    assert!(shown.contains("less 14.94 to serve"), "{shown}"); // ten minutes, a day old
    assert!(shown.contains("calls get the priority of the entry"), "{shown}");
}

#[test]
fn training_anew_keeps_what_became_of_suggestions() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("suggestions.model");
    train(books(&folder), None, &path).unwrap();
    let mut model = Model::from_bytes(&fs::read(&path).unwrap()).unwrap();
    model.note_outcome("c1", "filter", List::FitsWith, Outcome::Declined, Day(20_000)).unwrap();
    let noted = model.acceptance();
    fs::write(&path, model.to_bytes().unwrap()).unwrap();
    train(books(&folder), None, &path).unwrap();
    assert_eq!(Model::from_bytes(&fs::read(&path).unwrap()).unwrap().acceptance(), noted);
}

#[test]
fn somebody_elses_file_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let theirs = write(&folder, "letter.txt", "Dear Budi");
    let error = train(books(&folder), None, &theirs).unwrap_err();
    assert!(matches!(&error, AdviceError::Foreign(_)) && error.is_refusal());
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "Dear Budi");
}

#[test]
fn evaluating_stands_beside_popularity_and_says_when_there_is_nothing_to_try() {
    let folder = TempDir::new().unwrap();
    let evaluate = |learn_to: &str, json| {
        let learn_to = Some(learn_to.parse().unwrap());
        run(&Command::Evaluate { lines: lines(books(&folder)), learn_to, to: None, json }, |_| ())
    };
    let text = evaluate("2025-07-31", false).unwrap();
    assert!(text.contains("Learnt up to 2025-07-31") && text.contains("the most popular products instead"));
    let json: serde_json::Value = serde_json::from_str(&evaluate("2025-07-31", true).unwrap()).unwrap();
    assert_eq!(json["likely_next"]["list"]["hit"]["of"], 40);
    assert_eq!(json["fits_with"]["list"]["hit"]["of"], 2, "two found out about filters in August");
    let error = evaluate("2025-08-31", false).unwrap_err();
    assert!(error.to_string().contains("the file ends on 2025-08-28"), "{error}");
}

#[test]
fn a_few_wrong_lines_are_told_and_many_are_an_error() {
    let folder = TempDir::new().unwrap();
    let sound = fs::read_to_string(books(&folder)).unwrap();
    let told = RefCell::new(Vec::new());
    let learn = |text: &str| {
        let file = write(&folder, "broken.csv", text);
        let model = folder.path().join("broken.model");
        run(&Command::Train { lines: lines(file), contacts: None, model }, |line| {
            told.borrow_mut().push(line.to_owned());
        })
    };
    learn(&format!("{sound}1,tea,,x,2025-08-01,1,c1\n")).unwrap();
    assert!(
        told.borrow().iter().any(|line| line.starts_with("left out: line 469: quantity \"x\"")),
        "{told:?}"
    );
    let error = learn(&format!("{sound}{}", "1,tea,,x,2025-08-01,1,c1\n".repeat(20))).unwrap_err();
    assert!(error.to_string().contains("20 of 487 lines cannot be read"), "{error}");
    let nobody = learn("order,product,quantity,date,price,customer\n1,tea,1,2025-08-01,1,\n").unwrap_err();
    assert!(
        nobody.to_string().contains("no line counts as a purchase; lines: 1 without a customer"),
        "{nobody}"
    );
}
