//! Instants as text: RFC 3339 with the offset of a zone.

use acd::Timestamp;
use jiff::{
    fmt::strtime,
    tz::{Offset, TimeZone},
};

/// With milliseconds.
pub fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    text(at, zone, "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

/// To the second, at a fixed offset.
pub fn stamp_at_offset(at: Timestamp, offset_s: i32) -> String {
    let offset = Offset::from_seconds(offset_s).unwrap_or(Offset::UTC);
    text(at, &offset.to_time_zone(), "%Y-%m-%dT%H:%M:%S%:z")
}

fn text(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    let micros = i64::try_from(at.micros()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
    // The format is fixed and names only what every zoned instant has.
    strtime::format(format, &instant.to_zoned(zone.clone())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_carries_the_offset_in_force() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let at = Timestamp::from_millis(1_792_888_200_123);
        assert_eq!(stamp(at, &berlin), "2026-10-25T02:30:00.123+02:00");
        assert_eq!(stamp(Timestamp(at.micros() + 3_600_000_000), &berlin), "2026-10-25T02:30:00.123+01:00");
        assert_eq!(stamp_at_offset(at, 20_700), "2026-10-25T06:15:00+05:45");
        assert_eq!(stamp(at, &TimeZone::UTC), "2026-10-25T00:30:00.123+00:00");
    }
}
