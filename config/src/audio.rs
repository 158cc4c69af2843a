//! Checks that a file can be played to callers. It is converted by whoever plays it.

use crate::table::{Check, Table, Typed, quoted};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Shortest and longest music: the whole of it stays in memory, 8 kB a second and coding.
const LENGTH: std::ops::RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(1_800);
/// Shortest and longest clip: what is spoken once.
const CLIP: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(60);
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;
const CHANNELS: std::ops::RangeInclusive<u16> = 1..=8;
const CONVERT: &str = "convert it, for example: sox music.mp3 -r 8000 -c 1 -b 16 music.wav";

/// Music under `key`, if a WAV file is named; its path starts at the configuration's folder.
pub(crate) fn wav(table: &mut Table<'_>, key: &'static str, check: &mut Check<'_>) -> Option<PathBuf> {
    const LONGEST: &str = "music lasts from half a second to half an hour, and repeats";
    file(table, key, (&LENGTH, LONGEST), check)
}

/// The same for what is spoken once.
pub(crate) fn clip(table: &mut Table<'_>, key: &'static str, check: &mut Check<'_>) -> Option<PathBuf> {
    file(table, key, (&CLIP, "what is spoken lasts up to a minute"), check)
}

/// Whether a file cannot be played as a clip.
pub(crate) fn is_no_clip(file: &Path) -> bool {
    playable(file, (&CLIP, "")).is_err()
}

/// The lengths that are allowed, and what to say of another.
type Lengths<'a> = (&'a std::ops::RangeInclusive<Duration>, &'static str);

fn file(
    table: &mut Table<'_>,
    key: &'static str,
    lengths: Lengths<'_>,
    check: &mut Check<'_>,
) -> Option<PathBuf> {
    let typed = table.text(key, check)?;
    let Typed { value, place } = typed.read(crate::path, check)?;
    let file = check.folder.join(value);
    if let Err((what, way_out)) = playable(&file, lengths) {
        let what = format!("{} {what}", quoted(&file.display().to_string()));
        check.findings.problem(&place, what, way_out);
    }
    Some(file)
}

fn playable(file: &Path, (lengths, way_out): Lengths<'_>) -> Result<(), (String, &'static str)> {
    let reader = match hound::WavReader::open(file) {
        Ok(reader) => reader,
        Err(hound::Error::IoError(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            return Err((format!("cannot be read: {error}"), "name a WAV file that sambung may read"));
        }
        Err(error) => return Err((format!("is no WAV file that can be played: {error}"), CONVERT)),
    };
    let spec = reader.spec();
    if !RATES_HZ.contains(&spec.sample_rate) || !CHANNELS.contains(&spec.channels) {
        return Err((format!("has {} channels at {} Hz", spec.channels, spec.sample_rate), CONVERT));
    }
    let length = Duration::from_secs_f64(f64::from(reader.duration()) / f64::from(spec.sample_rate));
    if !lengths.contains(&length) {
        return Err((format!("is {:.1} s long", length.as_secs_f64()), way_out));
    }
    Ok(())
}
