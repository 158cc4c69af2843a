//! Damages messages at random, the same way on every run.

/// SplitMix64: small, seeded, and good enough to break things with.
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What parsers trip over.
const SPICE: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n ",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"@",
    b"?",
    b"=",
    b"%",
    b"%00",
    b"[",
    b"]",
    b"::",
    b"/",
    b"\0",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"-1",
    b"99999999999999999999",
    b"SIP/2.0",
    b"sip:",
    b"tel:",
    b"Via: ",
    b"v:",
    b"l: 5\r\n",
    b"Content-Length: 0\r\n",
    b"CSeq: 1 INVITE\r\n",
    b";tag=",
    b";branch=",
    b";rport",
    b";received=",
    b"m=audio 1 RTP/AVP 0\r\n",
    b"a=rtpmap:0 PCMU/8000\r\n",
    b"c=IN IP4 ",
];

/// A damaged copy of `message`: one to four changes, now and then a piece of `other`.
pub fn mutate(random: &mut Random, message: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(24)).min(bytes.len());
        match random.below(20) {
            0 => bytes.truncate(at),
            1..=3 => drop(bytes.drain(at..end)),
            4..=7 => drop(bytes.splice(at..at, random.pick(SPICE).iter().copied())),
            8..=11 => drop(bytes.splice(at..end, random.pick(SPICE).iter().copied())),
            12..=14 => repeat(random, &mut bytes, at, end),
            15 => splice_from(random, &mut bytes, at, other),
            _ if at < bytes.len() => bytes[at] = random.next() as u8,
            _ => {}
        }
    }
    bytes.truncate(65_535);
    bytes
}

/// Doubles a piece again and again: what grows with the square of anything shows here.
fn repeat(random: &mut Random, bytes: &mut Vec<u8>, at: usize, end: usize) {
    let piece = bytes[at..end].repeat(1 << random.below(8));
    bytes.splice(at..at, piece);
}

fn splice_from(random: &mut Random, bytes: &mut Vec<u8>, at: usize, other: &[u8]) {
    let from = random.below(other.len() + 1);
    let to = (from + random.below(200)).min(other.len());
    bytes.splice(at..at, other[from..to].iter().copied());
}
