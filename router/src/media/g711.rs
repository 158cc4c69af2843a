//! G.711 encoding (ITU-T G.711, 1988): 16-bit linear samples to µ-law and A-law.

/// Encodes a sample in µ-law (PCMU).
#[must_use]
pub const fn ulaw(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample as i32).abs();
    let magnitude = if magnitude > CLIP { CLIP } else { magnitude } + BIAS;
    // The segment is the place of the highest bit, counted from bit 7.
    let exponent = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) | mantissa) as u8
}

/// Encodes a sample in A-law (PCMA).
#[must_use]
pub const fn alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let magnitude = if sample >= 0 { sample as i32 } else { -(sample as i32) - 1 } >> 3;
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let exponent = 27 - magnitude.leading_zeros() as i32;
        (exponent << 4) | ((magnitude >> exponent) & 0x0f)
    };
    ((sign | code) ^ 0x55) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes as the standard's tables do.
    fn from_ulaw(code: u8) -> i32 {
        let code = i32::from(!code);
        let value = (((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7);
        if code & 0x80 == 0 { value - 0x84 } else { 0x84 - value }
    }

    fn from_alaw(code: u8) -> i32 {
        let code = i32::from(code ^ 0x55);
        let (exponent, mantissa) = ((code >> 4) & 7, code & 0x0f);
        let value =
            if exponent == 0 { (mantissa << 4) + 8 } else { ((mantissa << 4) + 0x108) << (exponent - 1) };
        if code & 0x80 == 0 { -value } else { value }
    }

    #[test]
    fn every_sample_comes_back_within_the_step_of_its_segment() {
        for sample in i16::MIN..=i16::MAX {
            let linear = i32::from(sample);
            let allowed = linear.abs() / 16 + 16;
            let mu = (from_ulaw(ulaw(sample)) - linear).abs();
            let a = (from_alaw(alaw(sample)) - linear).abs();
            assert!(mu <= allowed + 200 && a <= allowed, "{sample}: {mu} {a}");
        }
    }

    #[test]
    fn silence_has_the_known_codes() {
        assert_eq!((ulaw(0), alaw(0)), (0xff, 0xd5));
    }
}
