//! Sound files, as the checks see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use config::parse;
use std::path::Path;

/// A WAV file of silence.
fn wav(file: &Path, sample_rate: u32, channels: u16, samples: u32) {
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).unwrap();
    (0..samples * u32::from(channels)).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
}

#[test]
fn a_queue_has_its_own_music_or_that_of_all() {
    let folder = tempfile::tempdir().unwrap();
    wav(&folder.path().join("all.wav"), 8_000, 1, 8_000);
    wav(&folder.path().join("sales.wav"), 44_100, 2, 44_100);
    let text = "[media]\nmusic = \"all.wav\"\n[[queue]]\nname = \"sales\"\nmusic = \"sales.wav\"\n[[queue]]\nname = \"billing\"\n";
    let (config, _) = parse(text, folder.path(), &|_| None).unwrap();
    assert_eq!(config.media.music, Some(folder.path().join("all.wav")));
    assert_eq!(config.media.queue_music.get("sales"), Some(&folder.path().join("sales.wav")));
    assert_eq!(config.media.queue_music.get("billing"), None);
}

#[test]
fn what_cannot_be_played_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("music.mp3"), b"ID3 and so on").unwrap();
    wav(&folder.path().join("short.wav"), 8_000, 1, 80);
    wav(&folder.path().join("slow.wav"), 4_000, 1, 8_000);
    for (name, says) in [
        ("absent.wav", "No such file"),
        ("music.mp3", "convert it, for example: sox"),
        ("short.wav", "is 0.0 s long"),
        ("slow.wav", "1 channels at 4000 Hz"),
    ] {
        let problems =
            parse(&format!("[media]\nmusic = \"{name}\"\n"), folder.path(), &|_| None).unwrap_err();
        let text = problems.to_string();
        assert!(text.contains("media.music") && text.contains(name) && text.contains(says), "{text}");
    }
}

#[test]
fn a_queue_that_announces_needs_every_clip_of_its_language() {
    use config::speech::{Language, Tells, clips};
    let folder = tempfile::tempdir().unwrap();
    let of_language = folder.path().join("clips/id");
    std::fs::create_dir_all(&of_language).unwrap();
    let needed = clips(Language::Indonesian, Tells { position: true, wait: false, callback: false });
    needed.iter().for_each(|(name, _)| wav(&of_language.join(format!("{name}.wav")), 16_000, 1, 16_000));
    let text = "[media]\nclips = \"clips\"\n[[queue]]\nname = \"main\"\nannounce = [\"position\"]\n";
    let (config, _) = parse(text, folder.path(), &|_| None).unwrap();
    let told = config.media.announce["main"].told.clone().unwrap();
    assert!(told.position && !told.wait && told.folder == of_language);

    for (change, says) in [
        (
            text.replace("[\"position\"]", "[\"position\", \"wait\"]"),
            "wait-short.wav, wait.wav, minutes.wav, wait-long.wav;",
        ),
        (text.replace("announce =", "language = \"en\"\nannounce ="), " more; record them"),
        (text.replace("clips = \"clips\"\n", ""), "has no clips to speak with"),
        (text.replace("position", "positon"), "\"positon\" is unknown; did you mean \"position\""),
        (text.replace("announce =", "announce_every = \"1s\"\nannounce ="), "announce_every"),
    ] {
        let problems = parse(&change, folder.path(), &|_| None).unwrap_err().to_string();
        assert!(problems.contains(says), "{problems}");
    }
}
