//! The file of decisions: a line of JSON each, only ever added to.

use super::DuplicatesError;
use duplicates::{Act, Ledger};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Where decisions on a table stand unless told otherwise: `cards.csv` has `cards.decisions.jsonl`.
pub fn beside(table: &Path) -> PathBuf {
    table.with_extension("decisions.jsonl")
}

/// The decisions so far; none where there is no file.
pub fn load(path: &Path) -> Result<Ledger, DuplicatesError> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ledger::default()),
        Err(error) => Err(DuplicatesError::io(path)(error)),
    }
}

/// Adds a decision; it is on the disk when this returns its number. Others who decide meanwhile wait their turn.
pub fn add(path: &Path, by: &str, act: Act) -> Result<u64, DuplicatesError> {
    let wrong = |error| DuplicatesError::io(path)(error);
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map_err(wrong)?;
    file.lock().map_err(wrong)?;
    let mut ledger = read(path, file.try_clone().map_err(wrong)?)?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let line = ledger
        .add(&now, by, act)
        .map_err(|error| DuplicatesError::Ledger { path: path.to_owned(), error })?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(wrong)?;
    Ok(ledger.entries().count() as u64)
}

fn read(path: &Path, mut file: File) -> Result<Ledger, DuplicatesError> {
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(DuplicatesError::io(path))?;
    Ledger::read(&text).map_err(|error| DuplicatesError::Ledger { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duplicates::Verdict;

    #[test]
    fn decisions_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = beside(&folder.path().join("cards.csv"));
        assert_eq!(load(&path).unwrap(), Ledger::default());
        let same = Act::Decide { verdict: Verdict::Same, cards: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(add(&path, "rina", same).unwrap(), 1);
        assert_eq!(add(&path, "rina", Act::Undo { entry: 1 }).unwrap(), 2);
        let in_force: Vec<bool> = load(&path).unwrap().entries().map(|(_, in_force)| in_force).collect();
        assert_eq!(in_force, [false, true]);
        let told = add(&path, "rina", Act::Undo { entry: 7 }).unwrap_err().to_string();
        assert!(told.contains("no decision 7"), "{told}");
    }
}
