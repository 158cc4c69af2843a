//! Numbers of telephones and papers, and addresses of e-mail.

/// Telephone numbers of one cell that are read.
const MAX_PHONES: usize = 3;

/// The telephone numbers in a text, without the country's and the trunk prefix: `+62 812-3456`, `0812 3456` and
/// `62812…` are the same. Numbers of fewer than six digits, and those of one digit repeated, are nobody's.
#[must_use]
pub fn phones(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(['/', ',', ';', '|', '&']) {
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        let number = national(&digits, part.contains('+'));
        let one_digit = number.bytes().all(|b| Some(b) == number.bytes().next());
        if (6..=14).contains(&number.len())
            && !one_digit
            && !found.contains(&number)
            && found.len() < MAX_PHONES
        {
            found.push(number);
        }
    }
    found
}

fn national(digits: &str, plus: bool) -> String {
    let international = digits.strip_prefix("00").or(plus.then_some(digits));
    let rest = match international {
        Some(number) => number.strip_prefix("62").unwrap_or(number),
        // A national number never begins with the country's, once its zero is there: 0622 is a town.
        None if digits.starts_with('0') => digits,
        None if digits.len() >= 10 => digits.strip_prefix("62").unwrap_or(digits),
        None => digits,
    };
    rest.trim_start_matches('0').to_owned()
}

/// The letters and digits of a paper's number, if there are five or more that differ.
#[must_use]
pub fn identity(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let one_sign = plain.bytes().all(|b| Some(b) == plain.bytes().next());
    (plain.len() >= 5 && plain.len() <= 32 && !one_sign).then_some(plain)
}

/// An address in lower case; `None` without an `@` between two parts.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let plain: String = text.trim().to_lowercase();
    let (local, domain) = plain.split_once('@')?;
    let sound =
        !local.is_empty() && domain.len() >= 3 && plain.len() <= 254 && !plain.contains(char::is_whitespace);
    sound.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_number_are_one() {
        for spelt in [
            "+62 812-3456-789",
            "0812 3456 789",
            "62812 3456789",
            "0062812.3456789",
            "HP: 08123456789 (WA)",
            "8123456789",
            "+62 (0)812 3456789",
        ] {
            assert_eq!(phones(spelt), ["8123456789"], "{spelt}");
        }
        assert_eq!(phones("0622 431234"), ["622431234"]);
        assert_eq!(phones("081234567 / 021-555123"), ["81234567", "21555123"]);
        assert!(phones("000000000 -").is_empty());
    }

    #[test]
    fn papers_and_mail() {
        assert_eq!(identity("3273-0101 0180.0001"), Some("3273010101800001".to_owned()));
        assert_eq!(identity("0000000"), None);
        assert_eq!(email(" Budi@Example.ID "), Some("budi@example.id".to_owned()));
        assert_eq!(email("none"), None);
    }
}
