//! The tune: synthesised once at start, so that the product ships no recording of anybody's.

use super::sound::SAMPLES;

const RATE: f64 = 8_000.0;
const TEMPO_BPM: f64 = 92.0;
/// Loudness of the loudest note, of full scale: a caller's ear is close.
const LEVEL: f64 = 0.22;

/// Melody as (half tones above A3, beats); a pentatonic line, so that nothing in it is ever out of place.
const MELODY: [(f64, f64); 28] = [
    (3.0, 1.0),
    (7.0, 1.0),
    (10.0, 1.0),
    (12.0, 1.0),
    (15.0, 2.0),
    (12.0, 1.0),
    (10.0, 1.0),
    (7.0, 1.0),
    (10.0, 1.0),
    (12.0, 1.5),
    (10.0, 0.5),
    (7.0, 3.0),
    (5.0, 1.0),
    (3.0, 1.0),
    (5.0, 1.0),
    (7.0, 1.0),
    (10.0, 1.0),
    (7.0, 2.0),
    (5.0, 1.0),
    (3.0, 1.0),
    (0.0, 1.0),
    (3.0, 1.0),
    (5.0, 1.0),
    (7.0, 1.0),
    (5.0, 1.0),
    (3.0, 2.0),
    (0.0, 1.0),
    (3.0, 3.0),
];
/// Bass notes, two beats each, under the melody.
const BASS: [f64; 8] = [-9.0, -2.0, -5.0, -9.0, -4.0, -2.0, -5.0, -9.0];

/// Its samples at 8 kHz, a whole number of packets.
pub fn synthesise() -> Vec<i16> {
    let beats: f64 = MELODY.iter().map(|&(_, beats)| beats).sum();
    let packets = (seconds(beats) * RATE / SAMPLES as f64).ceil() as usize;
    let mut mix = vec![0.0; packets * SAMPLES];
    let mut at = 0.0;
    for (tone, beats) in MELODY {
        add_note(&mut mix, at, tone, beats, 0.6);
        at += beats;
    }
    for (i, tone) in BASS.iter().cycle().take((beats / 2.0) as usize).enumerate() {
        add_note(&mut mix, 2.0 * i as f64, *tone, 2.0, 0.4);
    }
    mix.iter().map(|level| (level * LEVEL * f64::from(i16::MAX)) as i16).collect()
}

/// Two notes upwards, for a caller whose wish was understood where no words were recorded: a whole number of packets.
pub fn chime() -> Vec<i16> {
    let packets = (0.9 * RATE / SAMPLES as f64).ceil() as usize;
    let mut mix = vec![0.0; packets * SAMPLES];
    add_note(&mut mix, 0.0, 7.0, 0.3, 0.8);
    add_note(&mut mix, 0.3, 12.0, 0.6, 0.8);
    mix.iter().map(|level| (level * LEVEL * f64::from(i16::MAX)) as i16).collect()
}

/// A plucked note: a few partials that die away.
fn add_note(mix: &mut [f64], beat: f64, tone: f64, beats: f64, level: f64) {
    let frequency = 220.0 * (tone / 12.0).exp2();
    let start = (seconds(beat) * RATE) as usize;
    let ring = (seconds(beats) + 0.25) * RATE;
    let length = mix.len();
    for n in 0..ring as usize {
        let time = n as f64 / RATE;
        let attack = (time / 0.008).min(1.0);
        let release = ((ring / RATE - time) / 0.05).clamp(0.0, 1.0);
        let fade = attack * release * (-2.2 * time).exp();
        let partial = |k: f64, share: f64| share * (std::f64::consts::TAU * frequency * k * time).sin();
        let sound = partial(1.0, 0.75) + partial(2.0, 0.18) + partial(3.0, 0.07);
        // The last notes ring on into the beginning: the tune is a loop.
        mix[(start + n) % length] += level * fade * sound;
    }
}

fn seconds(beats: f64) -> f64 {
    beats * 60.0 / TEMPO_BPM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tune_is_heard_and_never_clips() {
        let samples = synthesise();
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((3_000..20_000).contains(&loudest), "{loudest}");
        let silent =
            samples.chunks(8_000).filter(|second| second.iter().all(|sample| sample.abs() < 50)).count();
        assert_eq!(silent, 0, "no second is silent");
    }

    #[test]
    fn the_chime_is_short_and_ends() {
        let samples = chime();
        assert!((6_400..8_000).contains(&samples.len()) && samples.len().is_multiple_of(SAMPLES));
        let loudest = |part: &[i16]| part.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(loudest(&samples[..1_600]) > 2_000 && loudest(&samples[samples.len() - 400..]) < 200);
    }
}
