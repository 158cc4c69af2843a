//! docs/flows.md: what is drawn there is what foreign user agents see.
//!
//! `SAMBUNG_DRAW=1 tests/run flows` draws it anew.

use super::{
    play_all,
    stage::{House, Scene},
    table::SCENES,
};
use harness::{Ladder, Transport, need_all};
use std::{env, fs, ops::Range};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/flows.md");
/// Before a drawing, and then the name of its scene.
const MARK: &str = "<!-- drawn: ";
const BEGIN: &str = "```text\n";
const END: &str = "```\n";

/// A drawing's place in the document.
struct Place {
    scene: &'static Scene,
    drawing: Range<usize>,
}

fn places(document: &str) -> Vec<Place> {
    let marks = document.match_indices(MARK).map(|(at, _)| at + MARK.len());
    let place = |at: usize| {
        let shows = document[at..].split(" -->").next().unwrap();
        let scene = SCENES.iter().find(|scene| scene.shows == shows);
        let begin = at + document[at..].find(BEGIN).expect("a block follows") + BEGIN.len();
        let end = begin + document[begin..].find(END).expect("it ends");
        Place { scene: scene.unwrap_or_else(|| panic!("no scene shows {shows:?}")), drawing: begin..end }
    };
    marks.map(place).collect()
}

#[test]
fn flows_are_as_they_are_drawn() {
    need_all(&["sipp", "sqlite3"]);
    let mut document = fs::read_to_string(DOCUMENT).unwrap();
    let places = places(&document);
    let scenes: Vec<&Scene> = places.iter().map(|place| place.scene).collect();
    let house = House::open(&scenes, Transport::Udp);
    let drawn = play_all(&house, &scenes, |corner| corner.ladder())
        .into_iter()
        .collect::<Result<Vec<Ladder>, _>>()
        .unwrap();
    if env::var_os("SAMBUNG_DRAW").is_some() {
        for (place, ladder) in places.iter().zip(&drawn).rev() {
            document.replace_range(place.drawing.clone(), &ladder.draw());
        }
        return fs::write(DOCUMENT, document).unwrap();
    }
    for (place, ladder) in places.iter().zip(&drawn) {
        let shown = Ladder::read(&document[place.drawing.clone()]).map(|ladder| ladder.as_seen());
        assert_eq!(
            shown,
            Some(ladder.as_seen()),
            "docs/flows.md, {:?}, is now\n{}\nIf that is meant: SAMBUNG_DRAW=1 tests/run flows",
            place.scene.shows,
            ladder.draw()
        );
    }
}
