//! The scenarios that are shipped can be read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use loadtest::Scenario;

#[test]
fn every_scenario_that_is_shipped_is_sound() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut read = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let scenario = Scenario::read(&std::fs::read_to_string(&path).unwrap());
        assert!(scenario.is_ok(), "{}: {scenario:?}", path.display());
        read += 1;
    }
    assert!(read >= 4);
}
