//! What waiting callers hear: a WAV file, or the built-in tune, in both codings of G.711, cut into packets.
//!
//! Every file is decoded once, at start; all callers who hear it share the one copy.

use super::{g711, tune};
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
    audioadapter_buffers::direct::InterleavedSlice,
};
use sip::Codec;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Samples a second of G.711.
const RATE_HZ: u32 = 8_000;
/// Samples in one packet of 20 ms.
pub const SAMPLES: usize = 160;
/// Most samples of a file: half an hour of stereo at 48 kHz.
const MOST_SAMPLES: u32 = 2 * 48_000 * 1_800;
/// Samples taken up by the converter at a time.
const CHUNK: usize = 1_024;

/// A sound in both codings, a whole number of packets long.
#[derive(Debug)]
pub struct Sound {
    pcmu: Vec<u8>,
    pcma: Vec<u8>,
}

/// Sounds that have been read: each file once.
#[derive(Clone, Debug, Default)]
pub struct Sounds {
    known: BTreeMap<Option<PathBuf>, Arc<Sound>>,
}

impl Sounds {
    /// The sound of a file; the tune without one.
    ///
    /// # Errors
    /// [`SoundError`].
    pub fn get(&mut self, file: Option<&PathBuf>) -> Result<Arc<Sound>, SoundError> {
        let key = file.cloned();
        if let Some(sound) = self.known.get(&key) {
            return Ok(Arc::clone(sound));
        }
        let sound = Arc::new(file.map_or_else(|| Ok(Sound::tune()), |file| Sound::load(file))?);
        self.known.insert(key, Arc::clone(&sound));
        Ok(sound)
    }
}

/// A file that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// It is no WAV file we can read.
    #[error("{path}: {error}; convert it to WAV, 16 bit")]
    Wav {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: hound::Error,
    },
    /// It is empty, or far too long.
    #[error("{path} has {samples} samples; music lasts from half a second to half an hour")]
    Length {
        /// The file.
        path: PathBuf,
        /// In all channels.
        samples: u32,
    },
    /// Its rate cannot be converted to 8 kHz.
    #[error("{path}: {rate} Hz cannot be converted: {error}; save it with 8000 Hz")]
    Rate {
        /// The file.
        path: PathBuf,
        /// Samples a second.
        rate: u32,
        /// Why.
        error: String,
    },
}

impl Sound {
    /// The built-in tune.
    #[must_use]
    pub fn tune() -> Self {
        Self::of(&tune::synthesise())
    }

    /// The built-in sign that something was understood.
    #[must_use]
    pub fn chime() -> Self {
        Self::of(&tune::chime())
    }

    /// Reads a WAV file of any rate and number of channels.
    ///
    /// # Errors
    /// [`SoundError`].
    pub fn load(path: &Path) -> Result<Self, SoundError> {
        let wav = |error| SoundError::Wav { path: path.to_owned(), error };
        let mut reader = hound::WavReader::open(path).map_err(wav)?;
        let (spec, samples) = (reader.spec(), reader.len());
        if !(u32::from(spec.channels).max(1)..=MOST_SAMPLES).contains(&samples) {
            return Err(SoundError::Length { path: path.to_owned(), samples });
        }
        let mono = mixed(&mut reader).map_err(wav)?;
        let rate = spec.sample_rate;
        let narrow =
            resampled(mono, rate).map_err(|error| SoundError::Rate { path: path.to_owned(), rate, error })?;
        let linear: Vec<i16> =
            narrow.iter().map(|level| (level.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16).collect();
        Ok(Self::of(&linear))
    }

    /// Codes samples at 8 kHz; the last packet is filled up with silence.
    fn of(samples: &[i16]) -> Self {
        let length = samples.len().next_multiple_of(SAMPLES).max(SAMPLES);
        let padded = || samples.iter().copied().chain(std::iter::repeat(0)).take(length);
        Self { pcmu: padded().map(g711::ulaw).collect(), pcma: padded().map(g711::alaw).collect() }
    }

    /// How many packets it lasts.
    #[must_use]
    pub fn packets(&self) -> u32 {
        u32::try_from(self.pcmu.len() / SAMPLES).unwrap_or(u32::MAX)
    }

    /// The 20 ms that begin with packet `packet`; the sound repeats.
    #[must_use]
    pub fn packet(&self, codec: Codec, packet: u32) -> &[u8] {
        let coded = match codec {
            Codec::Pcmu => &self.pcmu,
            Codec::Pcma => &self.pcma,
        };
        let packets = coded.len() / SAMPLES;
        let start = (packet as usize % packets.max(1)) * SAMPLES;
        &coded[start..start + SAMPLES]
    }
}

/// All channels in one, from -1 to 1.
fn mixed<R: std::io::Read>(reader: &mut hound::WavReader<R>) -> Result<Vec<f32>, hound::Error> {
    let spec = reader.spec();
    let levels: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let full = (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| Ok(sample? as f32 / full))
                .collect::<Result<_, hound::Error>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    Ok(levels.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect())
}

/// At 8 kHz, with what lies above 4 kHz filtered out.
fn resampled(samples: Vec<f32>, rate: u32) -> Result<Vec<f32>, String> {
    if rate == RATE_HZ {
        return Ok(samples);
    }
    let parameters = SincInterpolationParameters {
        sinc_len: 256,
        f_cutoff: Some(0.95),
        interpolation: SincInterpolationType::Linear,
        oversampling_factor: 128,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(RATE_HZ) / f64::from(rate);
    let mut converter = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
        .map_err(|error| error.to_string())?;
    let length = samples.len();
    let input = InterleavedSlice::new(&samples, 1, length).map_err(|error| error.to_string())?;
    let output = converter.process_all(&input, length, None).map_err(|error| error.to_string())?;
    Ok(output.take_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a sine, written as a WAV file.
    fn sine(spec: hound::WavSpec, frequency: f64) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = hound::WavWriter::create(file.path(), spec).unwrap();
        for n in 0..spec.sample_rate {
            let level =
                (std::f64::consts::TAU * frequency * f64::from(n) / f64::from(spec.sample_rate)).sin() * 0.5;
            for _ in 0..spec.channels {
                match spec.sample_format {
                    hound::SampleFormat::Float => writer.write_sample(level as f32).unwrap(),
                    hound::SampleFormat::Int => {
                        let full = (1_i64 << (spec.bits_per_sample - 1)) as f64 - 1.0;
                        writer.write_sample((level * full) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
        file
    }

    fn linear(code: u8) -> i32 {
        let code = i32::from(!code);
        let value = (((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7);
        if code & 0x80 == 0 { value - 0x84 } else { 0x84 - value }
    }

    /// Sign changes in the middle of the sound, and its loudest sample.
    fn heard(sound: &Sound) -> (usize, i32) {
        let samples: Vec<i32> = sound.pcmu.iter().copied().map(linear).collect();
        let middle = &samples[800..7_200];
        let crossings = middle.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        (crossings, middle.iter().map(|sample| sample.abs()).max().unwrap())
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_from_every_kind_of_file() {
        let int = |sample_rate, channels, bits_per_sample| hound::WavSpec {
            channels,
            sample_rate,
            bits_per_sample,
            sample_format: hound::SampleFormat::Int,
        };
        let float = hound::WavSpec { sample_format: hound::SampleFormat::Float, ..int(48_000, 2, 32) };
        for spec in [int(8_000, 1, 16), int(44_100, 2, 16), int(48_000, 1, 24), int(16_000, 1, 8), float] {
            let sound = Sound::load(sine(spec, 400.0).path()).unwrap();
            assert!((8_000..=8_000 + SAMPLES).contains(&sound.pcmu.len()), "{spec:?}: {}", sound.pcmu.len());
            let (crossings, loudest) = heard(&sound);
            assert!(crossings.abs_diff(640) <= 2, "{spec:?}: {crossings} crossings in 0.8 s of 400 Hz");
            assert!((14_500..=17_500).contains(&loudest), "{spec:?}: {loudest}");
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_is_not_folded_into_what_it_can() {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let (_, loudest) = heard(&Sound::load(sine(spec, 6_000.0).path()).unwrap());
        assert!(loudest < 200, "{loudest}");
    }

    #[test]
    fn a_file_that_is_none_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"RIFF of nothing").unwrap();
        let error = Sound::load(file.path()).unwrap_err().to_string();
        assert!(error.contains(file.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn the_tune_repeats_in_whole_packets() {
        let tune = Sound::tune();
        let packets = u32::try_from(tune.pcmu.len() / SAMPLES).unwrap();
        assert_eq!(tune.pcmu.len() % SAMPLES, 0);
        assert_eq!(tune.packet(Codec::Pcma, 3), tune.packet(Codec::Pcma, packets + 3));
    }
}
