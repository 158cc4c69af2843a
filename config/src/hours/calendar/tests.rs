//! Hours against the calendar and the clocks of zones, as jiff knows them.

use super::*;
use jiff::{Zoned, civil::date};

fn hours(zone: &str, week: [&[(u16, u16)]; 7], holidays: &[(Date, &[(u16, u16)])]) -> Hours {
    let windows = |of: &[(u16, u16)]| of.iter().map(|&(from, to)| Window { from, to }).collect::<Vec<_>>();
    Hours {
        name: "office".to_owned(),
        zone_name: zone.to_owned(),
        zone: TimeZone::get(zone).unwrap(),
        week: week.map(windows),
        holidays: holidays.iter().map(|&(day, of)| (day, windows(of))).collect(),
    }
}

/// Every day alike.
fn daily(zone: &str, of: &[(u16, u16)]) -> Hours {
    hours(zone, [of; 7], &[])
}

fn at(text: &str) -> Timestamp {
    text.parse::<Zoned>().unwrap().timestamp()
}

/// Every turn from one moment to another, as `open 2026-…` in the zone of the hours.
fn turns(hours: &Hours, from: &str, to: &str) -> Vec<String> {
    let (mut now, end, mut turns) = (at(from), at(to), Vec::new());
    while let Some(next) = hours.next_turn(now).filter(|next| *next < end) {
        assert!(next > now && hours.is_open(next) != hours.is_open(now));
        let word = if hours.is_open(next) { "open" } else { "shut" };
        turns.push(format!("{word} {}", next.to_zoned(hours.zone.clone()).strftime("%d. %H:%M%:z")));
        now = next;
    }
    turns
}

const NINE_TO_FIVE: &[(u16, u16)] = &[(9 * 60, 17 * 60)];
const NIGHT: &[(u16, u16)] = &[(22 * 60, 30 * 60)];
const WHOLE: &[(u16, u16)] = &[(0, DAY)];

#[test]
fn an_office_week_opens_on_its_days_alone() {
    let office = hours("Asia/Jakarta", [NINE_TO_FIVE, NINE_TO_FIVE, &[], &[], &[], &[], &[]], &[]);
    let week = turns(&office, "2026-11-22T12:00[Asia/Jakarta]", "2026-11-29T12:00[Asia/Jakarta]");
    assert_eq!(
        week,
        ["open 23. 09:00+07:00", "shut 23. 17:00+07:00", "open 24. 09:00+07:00", "shut 24. 17:00+07:00"]
    );
    assert!(office.is_open(at("2026-11-23T09:00[Asia/Jakarta]")), "the first minute is in it");
    assert!(office.is_open(at("2026-11-23T16:59:59[Asia/Jakarta]")));
    assert!(!office.is_open(at("2026-11-23T17:00[Asia/Jakarta]")), "the last is not");
}

#[test]
fn another_zone_has_other_hours() {
    let office = daily("Asia/Jayapura", NINE_TO_FIVE);
    assert!(office.is_open(at("2026-11-23T07:00[Asia/Jakarta]")));
    assert!(!office.is_open(at("2026-11-23T15:00[Asia/Jakarta]")));
}

#[test]
fn a_night_over_midnight_belongs_to_the_day_it_begins_on() {
    let sunday = hours("UTC", [&[], &[], &[], &[], &[], &[], NIGHT], &[]);
    let nights = turns(&sunday, "2026-11-22T00:00[UTC]", "2026-11-29T12:00[UTC]");
    assert_eq!(nights, ["open 22. 22:00+00:00", "shut 23. 06:00+00:00"]);
    let holiday = hours("UTC", [NIGHT; 7], &[(date(2026, 12, 25), &[])]);
    assert!(holiday.is_open(at("2026-12-25T05:00[UTC]")), "the night of the 24th goes on");
    assert!(!holiday.is_open(at("2026-12-25T23:00[UTC]")) && !holiday.is_open(at("2026-12-26T05:00[UTC]")));
    assert!(holiday.is_open(at("2026-12-26T22:00[UTC]")));
}

#[test]
fn whole_days_join_without_a_gap() {
    let always = daily("Europe/Berlin", WHOLE);
    assert_eq!(always.next_turn(at("2026-01-01T00:00[UTC]")), None);
    assert!(always.is_open(at("2026-03-29T00:59:59[UTC]")) && always.is_open(at("2026-10-25T00:30[UTC]")));
    let weekdays = hours("UTC", [WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, &[], &[]], &[]);
    let week = turns(&weekdays, "2026-11-22T12:00[UTC]", "2026-11-29T12:00[UTC]");
    assert_eq!(week, ["open 23. 00:00+00:00", "shut 28. 00:00+00:00"]);
}

#[test]
fn holidays_stand_instead_of_their_day() {
    let half: &[(u16, u16)] = &[(8 * 60, 12 * 60)];
    let office = hours("UTC", [NINE_TO_FIVE; 7], &[(date(2026, 12, 24), half), (date(2026, 12, 25), &[])]);
    let days = turns(&office, "2026-12-23T18:00[UTC]", "2026-12-26T12:00[UTC]");
    assert_eq!(days, ["open 24. 08:00+00:00", "shut 24. 12:00+00:00", "open 26. 09:00+00:00"]);
    let once = hours("UTC", [&[]; 7], &[(date(2027, 1, 2), half)]);
    let only = turns(&once, "2026-12-23T18:00[UTC]", "2028-12-26T12:00[UTC]");
    assert_eq!(only, ["open 02. 08:00+00:00", "shut 02. 12:00+00:00"]);
}

#[test]
fn leap_days_are_days() {
    let leap = hours("UTC", [&[]; 7], &[(date(2028, 2, 29), WHOLE)]);
    let turned = turns(&leap, "2028-02-01T00:00[UTC]", "2028-12-01T00:00[UTC]");
    assert_eq!(turned, ["open 29. 00:00+00:00", "shut 01. 00:00+00:00"]);
}

#[test]
fn the_hour_that_is_left_out_is_skipped_and_the_one_that_comes_twice_comes_twice() {
    // Clocks go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October.
    let berlin = |of: &[(u16, u16)]| daily("Europe/Berlin", of);
    let spring = ("2026-03-29T00:00[Europe/Berlin]", "2026-03-30T00:00[Europe/Berlin]");
    let autumn = ("2026-10-25T00:00[Europe/Berlin]", "2026-10-26T00:00[Europe/Berlin]");
    let within: &[(u16, u16)] = &[(2 * 60 + 15, 2 * 60 + 45)];
    assert_eq!(turns(&berlin(within), spring.0, spring.1), [""; 0]);
    let twice =
        ["open 25. 02:15+02:00", "shut 25. 02:45+02:00", "open 25. 02:15+01:00", "shut 25. 02:45+01:00"];
    assert_eq!(turns(&berlin(within), autumn.0, autumn.1), twice);
    let begins: &[(u16, u16)] = &[(2 * 60 + 30, 5 * 60)];
    let late = ["open 29. 03:00+02:00", "shut 29. 05:00+02:00"];
    assert_eq!(turns(&berlin(begins), spring.0, spring.1), late);
    let ends: &[(u16, u16)] = &[(60, 2 * 60 + 30)];
    assert_eq!(turns(&berlin(ends), spring.0, spring.1), ["open 29. 01:00+01:00", "shut 29. 03:00+02:00"]);
    let again =
        ["open 25. 01:00+02:00", "shut 25. 02:30+02:00", "open 25. 02:00+01:00", "shut 25. 02:30+01:00"];
    assert_eq!(turns(&berlin(ends), autumn.0, autumn.1), again, "what the clock shows counts");
}

/// Minute by minute, the slow way: what the clock and the calendar of the zone show.
#[test]
fn every_minute_of_a_year_is_as_the_clock_shows_it() {
    for zone in ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Jakarta"] {
        let odd: &[(u16, u16)] = &[(95, 125), (1_380, 1_530)];
        let hours = hours(zone, [odd, &[], NIGHT, NINE_TO_FIVE, WHOLE, odd, &[]], &[]);
        let (mut now, end) = (at("2026-01-01T00:00[UTC]"), at("2027-01-01T00:00[UTC]"));
        let mut next = hours.next_turn(now);
        while now < end {
            let minute = now + 1.minute();
            let turns = hours.is_open(minute) != hours.is_open(now);
            assert_eq!(turns, next == Some(minute), "{zone}: {minute}, {next:?}");
            if turns {
                next = hours.next_turn(minute);
            }
            now = minute;
        }
    }
}
