//! Our reason phrases against those of another SIP library.

/// Where we differ on purpose: 201 is no SIP status (202 is *Accepted*), 409 and 411 left with RFC 2543, RFC 8224 has
/// renamed 437, and 606 is plainly *Not Acceptable* (RFC 3261 §21.6.4).
const EXPLAINED: [u16; 5] = [201, 409, 411, 437, 606];

/// Letters alone: the library writes the names of its variants.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[test]
fn reason_phrases_agree_with_those_of_rsip() {
    let (mut compared, mut differ) = (0, Vec::new());
    for status in 100..700_u16 {
        let theirs = rsip::StatusCode::from(status);
        if matches!(theirs, rsip::StatusCode::Other(..)) || EXPLAINED.contains(&status) {
            continue;
        }
        let theirs = theirs.to_string();
        let theirs = letters(theirs.trim_start_matches(|c: char| c.is_ascii_digit()));
        let ours = letters(sip::wire::reason_phrase(status));
        compared += 1;
        if ours != theirs {
            differ.push((status, ours, theirs));
        }
    }
    assert_eq!(differ, []);
    assert!(compared > 40, "{compared}");
}
