//! baresip: a phone that is not ours, with a tone for a voice and a file for an ear.

use crate::{ports::free_ports, tools::need, wait::eventually};
use std::{
    f64::consts::TAU,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Samples a second of everything it says and hears.
const RATE: usize = 8_000;
/// A WAV header without extras.
const HEADER: usize = 44;
/// How long it speaks before it begins anew.
const TONE_S: f64 = 20.0;
const START: Duration = Duration::from_secs(10);

/// A phone at work; dropping it ends it.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    folder: PathBuf,
    control: u16,
}

/// What it heard lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// Nothing, or next to nothing.
    Silence,
    /// A tone of this frequency, and little else.
    Tone(u32),
    /// Something else: music.
    Else,
    /// First one of these, then another.
    Change,
}

impl Baresip {
    /// Starts a phone that speaks in a tone of `voice_hz`. `account` is a line of its accounts file, where `@PORT@` is
    /// the port it listens on.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(name: &str, account: &str, voice_hz: u32, folder: &Path) -> Self {
        Self::start_with(name, account, voice_hz, folder, "")
    }
    /// The same, with further lines of its configuration.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start_with(name: &str, account: &str, voice_hz: u32, folder: &Path, more: &str) -> Self {
        let program = need("baresip");
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        let [sip, control] = free_ports();
        fs::write(folder.join("voice.wav"), tone(voice_hz, TONE_S)).unwrap();
        fs::write(folder.join("config"), configuration(&folder, sip, control) + more).unwrap();
        fs::write(folder.join("accounts"), account.replace("@PORT@", &sip.to_string()) + "\n").unwrap();
        fs::write(folder.join("contacts"), "").unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let child = Command::new(program)
            .args(["-4", "-s"])
            .arg("-f")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut phone = Self { child, folder, control };
        eventually("baresip is ready", START, || {
            assert!(phone.child.try_wait().unwrap().is_none(), "baresip has ended:\n{}", phone.log());
            phone.log().contains("baresip is ready").then_some(())
        });
        phone
    }
    /// Gives it a command of its menu, such as `dial` or `hold`.
    ///
    /// # Panics
    ///
    /// When it cannot be reached, or refuses.
    pub fn command(&self, command: &str, parameters: &str) {
        let token = format!("{command}-1");
        let message = format!(r#"{{"command":"{command}","params":"{parameters}","token":"{token}"}}"#);
        let mut control = TcpStream::connect(("127.0.0.1", self.control)).unwrap();
        control.set_read_timeout(Some(START)).unwrap();
        write!(control, "{}:{message},", message.len()).unwrap();
        let (mut said, mut chunk) = (String::new(), [0; 4_096]);
        while !said.contains(&token) {
            let length = control.read(&mut chunk).unwrap();
            assert!(length > 0, "baresip hung up on {command}: {said}");
            said.push_str(&String::from_utf8_lossy(&chunk[..length]));
        }
        assert!(said.contains(r#""ok":true"#), "baresip refuses {command}: {said}");
    }
    /// What came in the last half second of its call. Where one sound ends and another begins is neither, so its
    /// quarters of a second are judged apart.
    #[must_use]
    pub fn hears(&self) -> Hears {
        let samples = self.last_samples(RATE / 2);
        let (before, after) = samples.split_at(samples.len() / 2);
        let (before, after) = (judge(before), judge(after));
        if before == after { after } else { Hears::Change }
    }
    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
    /// What the latest call brought, 16 bits a sample.
    fn recording(&self) -> Vec<u8> {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let latest = files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).max();
        let bytes = latest.and_then(|path| fs::read(path).ok()).unwrap_or_default();
        bytes.get(HEADER..).unwrap_or_default().to_vec()
    }
    fn last_samples(&self, count: usize) -> Vec<f64> {
        let recording = self.recording();
        let (pairs, _half) = recording.as_chunks::<2>();
        let from = pairs.len().saturating_sub(count);
        pairs[from..].iter().map(|pair| f64::from(i16::from_le_bytes(*pair))).collect()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.folder.display(), self.log());
        }
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}

fn configuration(folder: &Path, sip: u16, control: u16) -> String {
    let folder = folder.display();
    format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\n\
         audio_source aufile,{folder}/voice.wav\naudio_player aubridge,ear\naudio_alert aubridge,bell\n\
         ausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\nauplay_channels 1\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {folder}\n"
    )
}

/// A tone as a WAV file.
#[must_use]
pub fn tone(hz: u32, seconds: f64) -> Vec<u8> {
    let samples = (0..(RATE as f64 * seconds) as usize)
        .map(|at| (8_000.0 * (TAU * f64::from(hz) * at as f64 / RATE as f64).sin()) as i16)
        .flat_map(i16::to_le_bytes)
        .collect::<Vec<_>>();
    let length = samples.len() as u32;
    let rate = RATE as u32;
    let mut wav = Vec::with_capacity(HEADER + samples.len());
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(length + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&rate.to_le_bytes());
    wav.extend_from_slice(&(rate * 2).to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&length.to_le_bytes());
    wav.extend_from_slice(&samples);
    wav
}

/// A tone has nearly all of its power at one frequency; half a second of music has not.
fn judge(samples: &[f64]) -> Hears {
    let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64;
    if power < 10_000.0 {
        return Hears::Silence;
    }
    // Multiples of 20 Hz: whole waves in a quarter of a second.
    let pure = (200..=1_000).step_by(20).find(|hz| power_at(samples, *hz) > 0.8 * power);
    pure.map_or(Hears::Else, Hears::Tone)
}

/// Power at one frequency.
fn power_at(samples: &[f64], hz: u32) -> f64 {
    let step = TAU * f64::from(hz) / RATE as f64;
    let (sine, cosine) = samples.iter().enumerate().fold((0.0, 0.0), |(sine, cosine), (at, sample)| {
        let angle = step * at as f64;
        (sine + sample * angle.sin(), cosine + sample * angle.cos())
    });
    2.0 * (sine * sine + cosine * cosine) / (samples.len() as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(wav: &[u8]) -> Vec<f64> {
        let (pairs, _) = wav[HEADER..].as_chunks::<2>();
        pairs[..RATE / 2].iter().map(|pair| f64::from(i16::from_le_bytes(*pair))).collect()
    }

    #[test]
    fn a_tone_is_told_from_silence_and_from_two_tones() {
        let (low, high) = (samples(&tone(440, 1.0)), samples(&tone(600, 1.0)));
        assert_eq!(judge(&low), Hears::Tone(440));
        assert_eq!(judge(&high), Hears::Tone(600));
        assert_eq!(judge(&[0.0; 4_000]), Hears::Silence);
        let both: Vec<f64> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
        assert_eq!(judge(&both), Hears::Else);
    }
}
