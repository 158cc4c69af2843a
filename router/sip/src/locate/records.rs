//! What DNS says about a service, and the order in which it is to be used.

use crate::Transport;

/// Most records of one answer that are used.
pub(super) const MOST: usize = 16;

/// A NAPTR record (RFC 3403 §4), as far as SIP uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naptr {
    /// Lower ones first, and others only when these cannot be used.
    pub order: u16,
    /// Among those of one order, lower ones first.
    pub preference: u16,
    /// `s` for those that lead to SRV.
    pub flags: String,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// The name to ask next.
    pub replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones first.
    pub priority: u16,
    /// How often it comes first among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; empty or `.`: the service is decidedly not there.
    pub target: String,
}

impl Naptr {
    /// The transport of its service, if it leads to one we speak (RFC 3263 §4.1).
    pub(super) fn transport(&self) -> Option<Transport> {
        if !self.flags.eq_ignore_ascii_case("s") {
            return None;
        }
        let services =
            [("SIP+D2U", Transport::Udp), ("SIP+D2T", Transport::Tcp), ("SIPS+D2T", Transport::Tls)];
        services.into_iter().find(|(name, _)| self.service.eq_ignore_ascii_case(name)).map(|(_, over)| over)
    }
}

/// Those that can be used, in their order, each with its transport.
pub(super) fn usable(mut records: Vec<Naptr>) -> Vec<(Transport, String)> {
    records.sort_by_key(|record| (record.order, record.preference));
    let usable = records.into_iter().filter_map(|record| Some((record.transport()?, record.replacement)));
    usable.take(MOST).collect()
}

/// In their order: by priority, and within one by chance, so that the heavier come first more often.
///
/// Source: RFC 2782, "The format of the SRV RR".
pub(super) fn ordered(mut records: Vec<Srv>, mut bits: u128) -> Vec<Srv> {
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::new();
    while let Some(first) = records.first().filter(|_| ordered.len() < MOST) {
        let alike = records.iter().take_while(|other| other.priority == first.priority);
        let weights: Vec<u64> = alike.map(|record| u64::from(record.weight)).collect();
        let all: u64 = weights.iter().sum();
        // A new number each time, without randomness of our own.
        bits = bits.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
        let drawn = ((bits >> 64) % u128::from(all + 1)) as u64;
        let mut sum = 0;
        let chosen = weights.iter().position(|weight| {
            sum += weight;
            sum >= drawn
        });
        ordered.push(records.remove(chosen.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5_060, target: target.to_owned() }
    }

    #[test]
    fn priorities_come_in_order_and_weights_by_chance() {
        let records = vec![srv(20, 1, "c"), srv(10, 75, "a"), srv(10, 25, "b"), srv(10, 0, "z")];
        let mut first_a = 0;
        for seed in 0..4_000_u128 {
            let bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            let order = ordered(records.clone(), bits);
            assert_eq!((order.len(), order[3].target.as_str()), (4, "c"));
            first_a += usize::from(order[0].target == "a");
        }
        assert!((2_700..3_300).contains(&first_a), "{first_a} of 4000, and 3000 would be right");
    }

    #[test]
    fn hostile_answers_are_cut() {
        assert_eq!(ordered(vec![srv(0, u16::MAX, "x"); 10_000], 7).len(), MOST);
        let naptr = Naptr { flags: "s".to_owned(), service: "SIP+D2U".to_owned(), ..Naptr::default() };
        assert_eq!(usable(vec![naptr; 10_000]).len(), MOST);
    }

    #[test]
    fn only_services_of_sip_that_lead_to_srv_are_used() {
        let of = |flags: &str, service: &str| {
            Naptr { flags: flags.to_owned(), service: service.to_owned(), ..Naptr::default() }.transport()
        };
        assert_eq!(of("S", "sip+d2u"), Some(Transport::Udp));
        assert_eq!(of("s", "SIPS+D2T"), Some(Transport::Tls));
        assert_eq!([of("u", "SIP+D2T"), of("s", "SIP+D2S"), of("s", "E2U+sip"), of("", "")], [None; 4]);
    }
}
