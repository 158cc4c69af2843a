//! Reads what a queue tells its waiting callers, and makes sure that every clip is there.

use crate::{
    audio,
    duration::Span,
    model::{Announce, Told},
    speech::{self, Clip, Language, Quantile, Tells},
    suggest,
    table::{Check, Table, Typed, quoted},
};
use std::path::{Path, PathBuf};

/// How often a caller is told, in milliseconds.
const EVERY: Span = Span::ms(10_000, 600_000, 45_000);
const LANGUAGES: [(&str, Language); 2] = [("id", Language::Indonesian), ("en", Language::English)];
const TELLS: [&str; 3] = ["position", "wait", "callback"];
const QUANTILES: [(&str, Quantile); 2] = [("p50", Quantile::P50), ("p80", Quantile::P80)];
/// So many absent clips are named; a folder that lacks more lacks all.
const NAMED: usize = 4;

/// `welcome`, `announce`, `announce_wait`, `announce_every` and `language` of a queue; `clips` is the folder of `[media]`.
/// `key` is the one that keeps a caller's place.
pub(crate) fn announce(
    table: &mut Table<'_>,
    clips: Option<&Path>,
    key: Option<char>,
    check: &mut Check<'_>,
) -> Announce {
    let welcome = audio::clip(table, "welcome", check);
    let every = table.duration("announce_every", EVERY, check).value;
    let quantile = table.choice("announce_wait", &QUANTILES, Quantile::P80, check);
    let language = table.choice("language", &LANGUAGES, Language::Indonesian, check);
    let at = table.place_of("announce");
    let tells = table.texts("announce", check).unwrap_or_default();
    for unknown in tells.iter().filter(|tell| !TELLS.contains(&tell.value)) {
        let way_out = suggest::way_out(unknown.value, TELLS);
        check.findings.problem(&unknown.place, format!("{} is unknown", quoted(unknown.value)), way_out);
    }
    let tells_of = |what: &str| tells.iter().any(|tell: &Typed<&str>| tell.value == what);
    let (position, wait) = (tells_of("position"), tells_of("wait"));
    let callback = key.filter(|_| tells_of("callback"));
    if tells_of("callback") && key.is_none() {
        let way_out = "set callback and callback_key, or take \"callback\" out";
        check.findings.problem(&at, "tells of a callback, and no key asks for one", way_out);
    }
    let tells = Tells { position, wait, callback: callback.is_some() };
    if tells == (Tells { position: false, wait: false, callback: false }) {
        return Announce { welcome, told: None };
    }
    let Some(clips) = clips else {
        check.findings.problem(&at, "has no clips to speak with", "name their folder as clips below [media]");
        return Announce { welcome, told: None };
    };
    let folder = clips.join(language.code());
    let needed = speech::clips(language, tells);
    let bad = unplayable(&needed, &folder);
    if !bad.is_empty() {
        let names = bad.iter().take(NAMED).map(|file| file.file_name().unwrap_or_default().to_string_lossy());
        let names = names.collect::<Vec<_>>().join(", ");
        let rest = if bad.len() > NAMED { format!(" and {} more", bad.len() - NAMED) } else { String::new() };
        let what = format!(
            "lacks clips that can be played in {}: {names}{rest}",
            quoted(&folder.display().to_string())
        );
        check.findings.problem(&at, what, "record them: `sambung check --clips` lists the words of each");
    }
    let place = Tells { position: true, wait: false, callback: false };
    let place_instead = wait && !position && unplayable(&speech::clips(language, place), &folder).is_empty();
    if wait && !position && !place_instead {
        let what = "has no clips of the place, which is told while no wait can be relied on";
        let way_out = "record them too (`sambung check --clips`), or nothing is told then";
        check.findings.warn(&at, what, way_out);
    }
    Announce {
        welcome,
        told: Some(Told { language, position, wait, callback, quantile, place_instead, every, folder }),
    }
}

/// Those of the clips that are not there, or cannot be played.
fn unplayable(clips: &[Clip], folder: &Path) -> Vec<PathBuf> {
    let files = clips.iter().map(|(clip, _)| folder.join(format!("{clip}.wav")));
    files.filter(|file| audio::is_no_clip(file)).collect()
}
