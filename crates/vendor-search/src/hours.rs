//! When a shop is open, in its own time: `mo-fr 08:00-18:00;sa 09:00-13:00`.

use std::{fmt, str::FromStr};

use jiff::{
    ToSpan as _,
    civil::DateTime,
    tz::{TimeZone, TimeZoneDatabase},
};
use marketplace::Timestamp;

const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
/// Minutes of a day.
const DAY: u16 = 24 * 60;
const WEEK: u16 = 7 * DAY;
/// The most times a week that a shop opens.
const SPANS_MAX: usize = 28;

/// The hours of a week in which a shop is open, by the clock on its wall.
///
/// Written as parts separated by `;`, each days and times: `mo-fr 08:00-12:00,14:00-18:00;sa 09:00-13:00`. Times that
/// end before they begin go over midnight, and `24:00` ends a day. `24/7` is always open. Days that are not named are
/// closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Minutes of the week from Monday 00:00: begin and end, in order, none touching the next. An end may be beyond
    /// the week.
    spans: Vec<(u16, u16)>,
}

/// Why a text says no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// A part is not days and times.
    #[error("expected days and times such as mo-fr 08:00-18:00, found {0:?}")]
    Part(String),
    /// Not a day, or days from a later one to an earlier one.
    #[error("expected days such as mo, mo-fr or sa,su of mo tu we th fr sa su, found {0:?}")]
    Days(String),
    /// Not two times of a day.
    #[error("expected times such as 08:00-18:00, found {0:?}")]
    Times(String),
    /// Two spans share a minute.
    #[error("expected times that do not overlap")]
    Overlap,
    /// Nothing, or more than 28 spans.
    #[error("expected 1 to {SPANS_MAX} spans of a week")]
    Count,
}

impl FromStr for Hours {
    type Err = HoursError;
    fn from_str(text: &str) -> Result<Self, HoursError> {
        let text = text.trim().to_ascii_lowercase();
        if text == "24/7" {
            return Ok(Self { spans: vec![(0, WEEK)] });
        }
        let mut spans = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (days, times) = part.split_once(' ').ok_or_else(|| HoursError::Part(part.to_owned()))?;
            let times: Vec<(u16, u16)> = times.split(',').map(read_times).collect::<Result<_, _>>()?;
            for day in read_days(days)? {
                spans.extend(times.iter().map(|(from, until)| (day * DAY + from, day * DAY + until)));
            }
        }
        spans.sort_unstable();
        let counted = (1..=SPANS_MAX).contains(&spans.len());
        if !counted {
            return Err(HoursError::Count);
        }
        if overlap(&spans) { Err(HoursError::Overlap) } else { Ok(Self { spans }) }
    }
}

/// The end of the week's last span may reach into its first.
fn overlap(spans: &[(u16, u16)]) -> bool {
    let over_the_end =
        spans.last().zip(spans.first()).is_some_and(|((_, end), (begin, _))| *end > begin + WEEK);
    over_the_end || spans.windows(2).any(|pair| matches!(pair, [(_, end), (begin, _)] if end > begin))
}

fn read_days(text: &str) -> Result<Vec<u16>, HoursError> {
    let wrong = || HoursError::Days(text.to_owned());
    let day = |name: &str| {
        let found = DAYS.iter().position(|day| *day == name.trim());
        found.and_then(|day| u16::try_from(day).ok()).ok_or_else(wrong)
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(day(part)?),
            Some((from, until)) => {
                let (from, until) = (day(from)?, day(until)?);
                if from > until {
                    return Err(wrong());
                }
                days.extend(from..=until);
            }
        }
    }
    Ok(days)
}

fn read_times(text: &str) -> Result<(u16, u16), HoursError> {
    let read = || {
        let (from, until) = text.trim().split_once('-')?;
        let (from, until) = (minute(from)?, minute(until)?);
        (from < DAY && from != until).then_some((from, if until > from { until } else { until + DAY }))
    };
    read().ok_or_else(|| HoursError::Times(text.trim().to_owned()))
}

/// `08:30` as minutes of the day; `24:00` is the end of one.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| -> Option<u16> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 60 + minute)
}

/// One span a part, Monday first; reads back as the same hours.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spans == [(0, WEEK)] {
            return f.write_str("24/7");
        }
        for (at, (from, until)) in self.spans.iter().enumerate() {
            let day = DAYS.get(usize::from(from / DAY)).copied().unwrap_or_default();
            let length = until - from;
            let (from, until) = (from % DAY, (from % DAY) + length);
            let until = if until > DAY { until - DAY } else { until };
            let separator = if at == 0 { "" } else { ";" };
            write!(
                f,
                "{separator}{day} {:02}:{:02}-{:02}:{:02}",
                from / 60,
                from % 60,
                until / 60,
                until % 60
            )?;
        }
        Ok(())
    }
}

/// Whether a shop can be expected to answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// It is open.
    Open,
    /// It is closed, and opens at this moment.
    ClosedUntil(Timestamp),
    /// Nobody said when it is open, or in which zone. It counts as open.
    Unknown,
}

/// Whether a shop with these hours, in the zone with this IANA name, is open at `now`.
pub fn openness(hours: Option<&Hours>, zone: &str, now: Timestamp) -> Openness {
    let zone = TimeZoneDatabase::bundled().get(zone).ok();
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).ok();
    let (Some(hours), Some(zone), Some(moment)) = (hours, zone, moment) else { return Openness::Unknown };
    if hours.are_open(zone.to_datetime(moment)) {
        return Openness::Open;
    }
    hours.next_opening(&zone, moment).map_or(Openness::Unknown, Openness::ClosedUntil)
}

impl Hours {
    /// By the clock on the wall.
    fn are_open(&self, wall: DateTime) -> bool {
        let day = u16::try_from(wall.weekday().to_monday_zero_offset()).unwrap_or(0);
        let minute = u16::try_from(i32::from(wall.hour()) * 60 + i32::from(wall.minute())).unwrap_or(0);
        let now = day * DAY + minute;
        let within = |now: u16| self.spans.iter().any(|(from, until)| (*from..*until).contains(&now));
        within(now) || within(now + WEEK)
    }

    /// The first moment after `now` at which it is open: when the clock shows the beginning of a span, once or twice,
    /// or jumps into one.
    fn next_opening(&self, zone: &TimeZone, now: jiff::Timestamp) -> Option<Timestamp> {
        let today = zone.to_datetime(now).date();
        // A zone that crossed the date line has skipped a whole day; nine days hold every day of a week.
        let beginnings = (0..=8_i64).flat_map(|days| {
            let date = today.checked_add(days.days()).ok();
            let day = date.and_then(|date| u16::try_from(date.weekday().to_monday_zero_offset()).ok());
            let of_day = self.spans.iter().filter(move |(from, _)| Some(from / DAY) == day);
            of_day.filter_map(move |(from, _)| {
                let minute = from % DAY;
                let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
                Some(date?.at(hour, minute, 0, 0))
            })
        });
        let shown = beginnings.flat_map(|wall| {
            let both = zone.clone().into_ambiguous_zoned(wall);
            [both.clone().earlier(), both.later()]
        });
        let shown = shown.filter_map(Result::ok).map(|zoned| zoned.timestamp());
        let jumps = zone.following(now).map(|jump| jump.timestamp()).take(2);
        let first = shown
            .chain(jumps)
            .filter(|moment| *moment > now && self.are_open(zone.to_datetime(*moment)))
            .min()?;
        Some(Timestamp::from_millis(first.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(text: &str) -> Hours {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(moment.as_millisecond())
    }

    fn opens(text: &str, zone: &str, now: &str) -> String {
        match openness(Some(&hours(text)), zone, at(now)) {
            Openness::Open => "open".to_owned(),
            Openness::Unknown => "unknown".to_owned(),
            Openness::ClosedUntil(then) => {
                jiff::Timestamp::from_millisecond(then.as_millis()).unwrap().to_string()
            }
        }
    }

    #[test]
    fn a_week_in_nairobi() {
        const WEEKLY: &str = "mo-fr 08:00-12:30,14:00-18:00;sa 09:00-13:00;fr 22:00-02:00";
        // Nairobi is three hours before UTC; 26 November 2026 is a Thursday.
        for (now, expected) in [
            ("2026-11-26T05:00:00Z", "open"),
            ("2026-11-26T04:59:59Z", "2026-11-26T05:00:00Z"),
            ("2026-11-26T09:30:00Z", "2026-11-26T11:00:00Z"),
            ("2026-11-26T15:00:00Z", "2026-11-27T05:00:00Z"),
            ("2026-11-27T20:00:00Z", "open"),                 // Friday night
            ("2026-11-27T22:59:59Z", "open"),                 // Saturday, before two
            ("2026-11-27T23:00:00Z", "2026-11-28T06:00:00Z"), // then Saturday's own hours
            ("2026-11-28T10:00:00Z", "2026-11-30T05:00:00Z"), // over Sunday
        ] {
            assert_eq!(opens(WEEKLY, "Africa/Nairobi", now), expected, "{now}");
        }
        assert_eq!(opens("24/7", "Africa/Nairobi", "2026-11-29T01:00:00Z"), "open");
        assert_eq!(opens("su 20:00-04:00", "UTC", "2026-11-30T03:59:00Z"), "open", "over the week's end");
        assert_eq!(opens("mo 00:00-24:00", "UTC", "2026-11-30T23:59:59Z"), "open");
        assert_eq!(opens(WEEKLY, "Mars/Olympus", "2026-11-26T05:00:00Z"), "unknown");
        assert_eq!(openness(None, "Africa/Nairobi", at("2026-11-26T05:00:00Z")), Openness::Unknown);
    }

    /// The wall's clock counts: an hour that does not exist begins when the clock jumps over it, one that comes twice
    /// opens twice.
    #[test]
    fn clocks_that_change() {
        for (zone, text, now, expected) in [
            // Berlin, 28 March 2027: 02:00 becomes 03:00 at 01:00 UTC.
            ("Europe/Berlin", "mo-su 08:00-18:00", "2027-03-27T17:00:00Z", "2027-03-28T06:00:00Z"),
            ("Europe/Berlin", "mo-su 02:30-18:00", "2027-03-28T00:59:00Z", "2027-03-28T01:00:00Z"),
            // New York, 1 November 2026: 02:00 becomes 01:00 at 06:00 UTC.
            ("America/New_York", "mo-su 01:30-02:00", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"),
            ("America/New_York", "mo-su 01:30-02:00", "2026-11-01T06:10:00Z", "2026-11-01T06:30:00Z"),
            ("America/New_York", "mo-su 08:00-18:00", "2026-10-31T23:00:00Z", "2026-11-01T13:00:00Z"),
            // Samoa had no 30 December 2011, a Friday.
            ("Pacific/Apia", "fr 08:00-09:00", "2011-12-30T08:00:00Z", "2012-01-05T18:00:00Z"),
            ("Pacific/Apia", "sa 08:00-09:00", "2011-12-30T08:00:00Z", "2011-12-30T18:00:00Z"),
        ] {
            assert_eq!(opens(text, zone, now), expected, "{zone} {text} {now}");
        }
    }

    #[test]
    fn what_is_no_hours_is_refused_with_what_was_expected() {
        use HoursError::{Count, Days, Overlap, Part, Times};
        let part = |text: &str| Part(text.to_owned());
        let days = |text: &str| Days(text.to_owned());
        let times = |text: &str| Times(text.to_owned());
        for (text, error) in [
            ("", Count),
            (" ; ", Count),
            ("08:00-18:00", part("08:00-18:00")),
            ("mo", part("mo")),
            ("xx 08:00-18:00", days("xx")),
            ("fr-mo 08:00-18:00", days("fr-mo")),
            ("mo- 08:00-18:00", days("mo-")),
            ("mo 8:00-18:00", times("8:00-18:00")),
            ("mo 08:00", times("08:00")),
            ("mo 08:00-08:00", times("08:00-08:00")),
            ("mo 24:00-25:00", times("24:00-25:00")),
            ("mo 08:60-09:00", times("08:60-09:00")),
            ("mo 08:00-24:01", times("08:00-24:01")),
            ("mo +8:00-18:00", times("+8:00-18:00")),
            ("mo 08:00-12:00,11:59-18:00", Overlap),
            ("mo-fr 08:00-18:00;we 10:00-11:00", Overlap),
            ("su 20:00-04:00;mo 03:00-05:00", Overlap),
            ("mo 20:00-04:00;tu 03:00-05:00", Overlap),
        ] {
            assert_eq!(text.parse::<Hours>(), Err(error), "{text}");
        }
        assert_eq!(hours("Mo-Fr 08:00-18:00").to_string(), hours("mo-fr 08:00-18:00").to_string());
        assert_eq!(hours("sa,su 09:00-13:00").to_string(), "sa 09:00-13:00;su 09:00-13:00");
        assert_eq!(hours("mo 00:00-24:00;su 22:00-24:00").spans.len(), 2, "touching the week's begin");
    }

    fn any_hours() -> impl Strategy<Value = Hours> {
        let span = (0..7_u16, 0..DAY, 1..DAY);
        proptest::collection::vec(span, 1..6).prop_filter_map("overlap", |spans| {
            let mut spans: Vec<(u16, u16)> =
                spans.iter().map(|(day, from, long)| (day * DAY + from, day * DAY + from + long)).collect();
            spans.sort_unstable();
            (!overlap(&spans)).then_some(Hours { spans })
        })
    }

    proptest! {
        #[test]
        fn hours_read_back_as_they_are_written(hours in any_hours()) {
            prop_assert_eq!(hours.to_string().parse::<Hours>(), Ok(hours));
        }

        /// The next opening is open, later, and nothing before it is: whatever zone, whatever night.
        #[test]
        fn the_next_opening_is_the_first(
            hours in any_hours(), seconds in 1_767_225_600_i64..1_830_297_600,
            zone in prop::sample::select(&["Africa/Nairobi", "Europe/Berlin", "America/New_York", "Asia/Kathmandu",
                "Australia/Lord_Howe", "America/Sao_Paulo"]),
        ) {
            let now = Timestamp::from_millis(seconds * 1_000);
            match openness(Some(&hours), zone, now) {
                Openness::Open => {}
                Openness::Unknown => prop_assert!(false, "it opens some time"),
                Openness::ClosedUntil(then) => {
                    prop_assert!(then > now && then.since(now) <= std::time::Duration::from_hours(9 * 24));
                    prop_assert_eq!(openness(Some(&hours), zone, then), Openness::Open);
                    let minutes = then.since(now).as_secs() / 60;
                    for minute in (0..=minutes).step_by(7).chain([minutes]) {
                        let between = now + std::time::Duration::from_secs(minute * 60);
                        if between < then {
                            prop_assert_eq!(openness(Some(&hours), zone, between), Openness::ClosedUntil(then));
                        }
                    }
                }
            }
        }
    }
}
