//! Nights, in the callee's own time: borders, daylight saving, zones nobody knows, and the zones of phone numbers.

use marketplace::{E164, Timestamp};
use proptest::prelude::*;

use crate::*;

const DEFAULT: QuietHours = QuietHours::DEFAULT;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn look(zone: &str, now: &str) -> String {
    look_with(zone, DEFAULT, now)
}

fn look_with(zone: &str, quiet: QuietHours, now: &str) -> String {
    match local_time(Some(zone), quiet, at(now)) {
        LocalTime::Day => "day".to_owned(),
        LocalTime::QuietUntil(until) => until.to_string(),
        LocalTime::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn the_night_is_from_21_to_8_to_the_millisecond() {
    // Nairobi is three hours ahead all year.
    for (now, says) in [
        ("2026-09-21T17:59:59.999Z", "day"),
        ("2026-09-21T18:00:00Z", "2026-09-22T05:00:00.000Z"),
        ("2026-09-21T18:00:00.001Z", "2026-09-22T05:00:00.000Z"),
        ("2026-09-21T21:00:00Z", "2026-09-22T05:00:00.000Z"),
        ("2026-09-22T04:59:59.999Z", "2026-09-22T05:00:00.000Z"),
        ("2026-09-22T05:00:00Z", "day"),
        ("2026-09-22T05:00:00.001Z", "day"),
    ] {
        assert_eq!(look("Africa/Nairobi", now), says, "{now}");
    }
}

#[test]
fn a_zone_of_quarter_hours_and_one_behind_utc() {
    // Kathmandu: UTC+5:45.
    assert_eq!(look("Asia/Kathmandu", "2026-09-21T15:14:59Z"), "day");
    assert_eq!(look("Asia/Kathmandu", "2026-09-21T15:15:00Z"), "2026-09-22T02:15:00.000Z");
    // Los Angeles in summer: UTC-7.
    assert_eq!(look("America/Los_Angeles", "2026-07-01T04:00:00Z"), "2026-07-01T15:00:00.000Z");
}

#[test]
fn nights_in_which_the_clock_moves_end_by_the_clock() {
    // Berlin, 2026-03-29: 02:00 becomes 03:00; 08:00 is 06:00 UTC instead of 07:00.
    assert_eq!(look("Europe/Berlin", "2026-03-28T20:30:00Z"), "2026-03-29T06:00:00.000Z");
    assert_eq!(look("Europe/Berlin", "2026-03-29T05:59:59Z"), "2026-03-29T06:00:00.000Z");
    // Berlin, 2026-10-25: 03:00 becomes 02:00; 08:00 is 07:00 UTC instead of 06:00.
    assert_eq!(look("Europe/Berlin", "2026-10-24T19:00:00Z"), "2026-10-25T07:00:00.000Z");
    assert_eq!(look("Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-25T07:00:00.000Z");
    assert_eq!(look("Europe/Berlin", "2026-10-25T01:30:00Z"), "2026-10-25T07:00:00.000Z");
    // Cairo moves at midnight: 2026-04-24 has no hour 0.
    assert_eq!(look("Africa/Cairo", "2026-04-23T21:59:59Z"), "2026-04-24T05:00:00.000Z");
}

#[test]
fn an_end_that_the_clock_jumps_over_is_the_jump() {
    // Berlin, 2026-03-29: there is no 02:00; the first moment that is not quiet is 03:00, 01:00 UTC.
    let until_two = QuietHours::new(21, 2).unwrap();
    assert_eq!(look_with("Europe/Berlin", until_two, "2026-03-28T23:30:00Z"), "2026-03-29T01:00:00.000Z");
    // 2026-10-25: the hour from 02:00 to 03:00 comes twice. Quiet until 03:00 lasts through both.
    let until_three = QuietHours::new(21, 3).unwrap();
    assert_eq!(look_with("Europe/Berlin", until_three, "2026-10-24T23:30:00Z"), "2026-10-25T02:00:00.000Z");
    // Quiet until 02:00 ends at the first 02:00, and the second one is no night either.
    assert_eq!(look_with("Europe/Berlin", until_two, "2026-10-24T23:30:00Z"), "2026-10-25T00:00:00.000Z");
    assert_eq!(look_with("Europe/Berlin", until_two, "2026-10-25T01:10:00Z"), "day");
    // Quiet from 02:00: the clock goes back into the day's last hour? No: 01:59 comes once, 02:xx twice, both quiet.
    let from_two = QuietHours::new(2, 8).unwrap();
    assert_eq!(look_with("Europe/Berlin", from_two, "2026-10-25T00:10:00Z"), "2026-10-25T07:00:00.000Z");
    assert_eq!(look_with("Europe/Berlin", from_two, "2026-10-25T01:10:00Z"), "2026-10-25T07:00:00.000Z");
}

#[test]
fn a_day_that_was_skipped_has_no_morning() {
    // Apia had no 2011-12-30: after the evening of the 29th comes the morning of the 31st.
    assert_eq!(look("Pacific/Apia", "2011-12-30T08:00:00Z"), "2011-12-30T18:00:00.000Z");
}

#[test]
fn quiet_hours_may_lie_within_a_day() {
    let siesta = QuietHours::new(13, 15).unwrap();
    for (now, says) in [
        ("2026-09-21T09:59:59.999Z", "day"),
        ("2026-09-21T10:00:00Z", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21T11:59:59.999Z", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21T12:00:00Z", "day"),
        ("2026-09-21T20:00:00Z", "day"),
    ] {
        assert_eq!(look_with("Africa/Nairobi", siesta, now), says, "{now}");
    }
    for (from, until) in [(24, 8), (21, 24), (8, 8), (0, 0)] {
        assert_eq!(QuietHours::new(from, until), Err(NotQuietHours), "{from} {until}");
    }
    assert!(QuietHours::new(23, 0).is_ok() && QuietHours::new(0, 23).is_ok());
    assert_eq!(QuietHours::default(), QuietHours::new(21, 8).unwrap());
}

#[test]
fn nobody_is_called_where_nobody_knows_the_time() {
    for name in ["", " ", "Nairobi", "Africa/Nowhere", "UTC", "EST", "Etc/UTC", "etc/gmt+3", "+03:00", "é/é"]
    {
        assert_eq!(look(name, "2026-09-21T10:00:00Z"), "unknown", "{name}");
        assert!(!is_zone(name), "{name}");
    }
    assert_eq!(local_time(None, DEFAULT, at("2026-09-21T10:00:00Z")), LocalTime::Unknown);
    for ms in [i64::MIN, i64::MAX] {
        let moment = Timestamp::from_millis(ms);
        assert_eq!(local_time(Some("Africa/Nairobi"), DEFAULT, moment), LocalTime::Unknown);
    }
    assert!(
        is_zone("Africa/Nairobi") && is_zone("africa/nairobi") && is_zone("America/Argentina/Buenos_Aires")
    );
}

#[test]
fn a_phone_number_has_a_zone_where_its_country_keeps_one_time() {
    for (phone, zone) in [
        ("+254700000101", Some("Africa/Nairobi")),
        ("+255700000101", Some("Africa/Dar_es_Salaam")),
        ("+491511234567", Some("Europe/Berlin")),
        ("+201001234567", Some("Africa/Cairo")),
        ("+358401234567", Some("Europe/Helsinki")),
        ("+998901234567", Some("Asia/Tashkent")),
        // Several zones, or a shared code: the person is asked.
        ("+16315551234", None),
        ("+79161234567", None),
        ("+551199999999", None),
        ("+34600000000", None),
        ("+351900000000", None),
        ("+8613800000000", None),
        ("+243900000000", None),
        ("+593900000000", None),
        ("+5992000000", None),
        // No country at all.
        ("+8881234567", None),
        ("+2101234567", None),
    ] {
        assert_eq!(zone_of_phone(&phone.parse::<E164>().unwrap()), zone, "{phone}");
    }
}

proptest! {
    /// What `retry_at` promises, against a search minute by minute: quiet up to it, not quiet at it.
    #[test]
    fn the_night_ends_when_it_is_said_to(
        zone in prop::sample::select(vec![
            "Africa/Nairobi", "Africa/Cairo", "Africa/Casablanca", "America/Sao_Paulo", "America/St_Johns",
            "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin",
            "Pacific/Apia", "Pacific/Chatham",
        ]),
        // 2005 to 2031, in minutes.
        minute in 18_408_960_i64..32_083_200,
        from in 0_u8..24,
        length in 1_u8..24,
    ) {
        let quiet = QuietHours::new(from, (from + length) % 24).unwrap();
        let moment = |minute: i64| Timestamp::from_seconds(minute * 60);
        if let LocalTime::QuietUntil(until) = local_time(Some(zone), quiet, moment(minute)) {
            prop_assert_eq!(local_time(Some(zone), quiet, until), LocalTime::Day);
            prop_assert_eq!(until.as_seconds() % 60, 0);
            let last = until.as_seconds() / 60;
            prop_assert!(last > minute && last - minute <= 48 * 60);
            for earlier in minute..last {
                let seen = local_time(Some(zone), quiet, moment(earlier));
                prop_assert_eq!(seen, LocalTime::QuietUntil(until));
            }
        }
    }
}
