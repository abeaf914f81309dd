//! Quiet hours in the callee's own time, and which zone a phone number is in.
//!
//! The zones are compiled in: the answer does not depend on what a machine has installed.

use jiff::{
    ToSpan as _, Zoned,
    tz::{TimeZone, TimeZoneDatabase},
};
use marketplace::{E164, Timestamp};

use crate::limits::{QUIET_FROM_HOUR, QUIET_UNTIL_HOUR};

/// The hours of a day in which nobody is called: from the first, inclusive, to the second, exclusive, over midnight
/// or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuietHours {
    from: u8,
    until: u8,
}

/// Not two different hours of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours go from one hour of the day to another, 0 to 23")]
pub struct NotQuietHours;

impl QuietHours {
    /// 21:00 to 08:00.
    pub const DEFAULT: Self = Self { from: QUIET_FROM_HOUR, until: QUIET_UNTIL_HOUR };

    /// Checks the hours.
    ///
    /// # Errors
    /// [`NotQuietHours`] for hours above 23, and for two equal ones: there is no "never quiet".
    pub fn new(from: u8, until: u8) -> Result<Self, NotQuietHours> {
        if from > 23 || until > 23 || from == until { Err(NotQuietHours) } else { Ok(Self { from, until }) }
    }

    const fn contain(self, hour: u8) -> bool {
        if self.from < self.until {
            self.from <= hour && hour < self.until
        } else {
            self.from <= hour || hour < self.until
        }
    }
}

impl Default for QuietHours {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What the clock says where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalTime {
    /// People may be called.
    Day,
    /// Nobody is called before this moment.
    QuietUntil(Timestamp),
    /// There is no zone, no such zone, or the moment is out of any calendar.
    Unknown,
}

/// What the clock says at `now` in the zone with this IANA name (case does not matter).
pub fn local_time(zone: Option<&str>, quiet: QuietHours, now: Timestamp) -> LocalTime {
    let Some(zone) = zone.and_then(zone_by_name) else { return LocalTime::Unknown };
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.as_millis()) else { return LocalTime::Unknown };
    if !is_quiet(moment, quiet, &zone) {
        return LocalTime::Day;
    }
    next_allowed(&moment.to_zoned(zone), quiet).map_or(LocalTime::Unknown, LocalTime::QuietUntil)
}

/// Whether there is such a zone. `UTC` and the like are none: nobody lives there.
pub fn is_zone(name: &str) -> bool {
    zone_by_name(name).is_some()
}

fn zone_by_name(name: &str) -> Option<TimeZone> {
    // A place has a region before it; abbreviations such as `EST` and `Etc/…` are somebody's guess.
    if !name.contains('/') || name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("Etc/")) {
        return None;
    }
    TimeZoneDatabase::bundled().get(name).ok()
}

fn is_quiet(moment: jiff::Timestamp, quiet: QuietHours, zone: &TimeZone) -> bool {
    u8::try_from(zone.to_datetime(moment).hour()).is_ok_and(|hour| quiet.contain(hour))
}

/// The first moment after `now` that is not quiet. The quiet hours end when the clock shows their end, or when it
/// jumps over it: both kinds of moments are looked at, whatever the zone does that night.
fn next_allowed(now: &Zoned, quiet: QuietHours) -> Option<Timestamp> {
    let (moment, zone) = (now.timestamp(), now.time_zone());
    let end = i8::try_from(quiet.until).ok()?;
    // A zone that crossed the date line has skipped a whole day; three days hold at least one morning.
    let mornings = (0..=3_i64).filter_map(|days| {
        let morning = now.date().checked_add(days.days()).ok()?.at(end, 0, 0, 0);
        let both = zone.clone().into_ambiguous_zoned(morning);
        Some([both.clone().earlier(), both.later()])
    });
    let mornings = mornings.flatten().filter_map(Result::ok).map(|morning| morning.timestamp());
    let horizon = moment.checked_add(96.hours()).ok()?;
    let jumps =
        zone.following(moment).map(|transition| transition.timestamp()).take_while(|jump| *jump <= horizon);
    mornings
        .chain(jumps)
        .filter(|candidate| *candidate > moment && !is_quiet(*candidate, quiet, zone))
        .min()
        .map(|first| Timestamp::from_millis(first.as_millisecond()))
}

/// The zone of a phone number whose country keeps one time; `None` where it keeps several, or where its calling code
/// is shared: then the person is asked.
pub fn zone_of_phone(phone: &E164) -> Option<&'static str> {
    let digits = phone.as_str().strip_prefix('+')?;
    // Calling codes are prefix-free: at most one of these lengths is in the table.
    (1..=3).find_map(|length| {
        let code = digits.get(..length)?;
        let at = ONE_ZONE.binary_search_by_key(&code, |(known, _)| known).ok()?;
        ONE_ZONE.get(at).map(|(_, zone)| *zone)
    })
}

/// Countries with a calling code of their own and one time, by calling code (ITU-T E.164 and `zone.tab` of the tz
/// database). Left out on purpose: countries that keep several (among them Australia, Brazil, Chile, Congo-Kinshasa,
/// Ecuador, Indonesia, Mexico, Mongolia, New Zealand, Portugal, Spain, all of +1 and +7), those whose west keeps
/// another time by custom (China), and codes that several places share.
#[rustfmt::skip]
const ONE_ZONE: &[(&str, &str)] = &[
    ("20", "Africa/Cairo"), ("211", "Africa/Juba"), ("212", "Africa/Casablanca"), ("213", "Africa/Algiers"),
    ("216", "Africa/Tunis"), ("218", "Africa/Tripoli"), ("220", "Africa/Banjul"), ("221", "Africa/Dakar"),
    ("222", "Africa/Nouakchott"), ("223", "Africa/Bamako"), ("224", "Africa/Conakry"), ("225", "Africa/Abidjan"),
    ("226", "Africa/Ouagadougou"), ("227", "Africa/Niamey"), ("228", "Africa/Lome"), ("229", "Africa/Porto-Novo"),
    ("230", "Indian/Mauritius"), ("231", "Africa/Monrovia"), ("232", "Africa/Freetown"), ("233", "Africa/Accra"),
    ("234", "Africa/Lagos"), ("235", "Africa/Ndjamena"), ("236", "Africa/Bangui"), ("237", "Africa/Douala"),
    ("238", "Atlantic/Cape_Verde"), ("239", "Africa/Sao_Tome"), ("240", "Africa/Malabo"), ("241", "Africa/Libreville"),
    ("242", "Africa/Brazzaville"), ("244", "Africa/Luanda"), ("245", "Africa/Bissau"), ("248", "Indian/Mahe"),
    ("249", "Africa/Khartoum"), ("250", "Africa/Kigali"), ("251", "Africa/Addis_Ababa"), ("252", "Africa/Mogadishu"),
    ("253", "Africa/Djibouti"), ("254", "Africa/Nairobi"), ("255", "Africa/Dar_es_Salaam"), ("256", "Africa/Kampala"),
    ("257", "Africa/Bujumbura"), ("258", "Africa/Maputo"), ("260", "Africa/Lusaka"), ("261", "Indian/Antananarivo"),
    ("263", "Africa/Harare"), ("264", "Africa/Windhoek"), ("265", "Africa/Blantyre"), ("266", "Africa/Maseru"),
    ("267", "Africa/Gaborone"), ("268", "Africa/Mbabane"), ("269", "Indian/Comoro"), ("27", "Africa/Johannesburg"),
    ("291", "Africa/Asmara"), ("30", "Europe/Athens"), ("31", "Europe/Amsterdam"), ("32", "Europe/Brussels"),
    ("33", "Europe/Paris"), ("350", "Europe/Gibraltar"), ("352", "Europe/Luxembourg"), ("353", "Europe/Dublin"),
    ("354", "Atlantic/Reykjavik"), ("355", "Europe/Tirane"), ("356", "Europe/Malta"), ("357", "Asia/Nicosia"),
    ("358", "Europe/Helsinki"), ("359", "Europe/Sofia"), ("36", "Europe/Budapest"), ("370", "Europe/Vilnius"),
    ("371", "Europe/Riga"), ("372", "Europe/Tallinn"), ("373", "Europe/Chisinau"), ("374", "Asia/Yerevan"),
    ("375", "Europe/Minsk"), ("376", "Europe/Andorra"), ("377", "Europe/Monaco"), ("378", "Europe/San_Marino"),
    ("381", "Europe/Belgrade"), ("382", "Europe/Podgorica"), ("383", "Europe/Belgrade"), ("385", "Europe/Zagreb"),
    ("386", "Europe/Ljubljana"), ("387", "Europe/Sarajevo"), ("389", "Europe/Skopje"), ("39", "Europe/Rome"),
    ("40", "Europe/Bucharest"), ("41", "Europe/Zurich"), ("420", "Europe/Prague"), ("421", "Europe/Bratislava"),
    ("423", "Europe/Vaduz"), ("43", "Europe/Vienna"), ("44", "Europe/London"), ("45", "Europe/Copenhagen"),
    ("46", "Europe/Stockholm"), ("47", "Europe/Oslo"), ("48", "Europe/Warsaw"), ("49", "Europe/Berlin"),
    ("501", "America/Belize"), ("502", "America/Guatemala"), ("503", "America/El_Salvador"),
    ("504", "America/Tegucigalpa"), ("505", "America/Managua"), ("506", "America/Costa_Rica"), ("507", "America/Panama"),
    ("509", "America/Port-au-Prince"), ("51", "America/Lima"), ("53", "America/Havana"),
    ("54", "America/Argentina/Buenos_Aires"), ("57", "America/Bogota"), ("58", "America/Caracas"),
    ("591", "America/La_Paz"), ("592", "America/Guyana"), ("595", "America/Asuncion"), ("597", "America/Paramaribo"),
    ("598", "America/Montevideo"), ("60", "Asia/Kuala_Lumpur"), ("63", "Asia/Manila"), ("65", "Asia/Singapore"),
    ("66", "Asia/Bangkok"), ("673", "Asia/Brunei"), ("679", "Pacific/Fiji"), ("81", "Asia/Tokyo"),
    ("82", "Asia/Seoul"), ("84", "Asia/Ho_Chi_Minh"), ("852", "Asia/Hong_Kong"), ("853", "Asia/Macau"),
    ("855", "Asia/Phnom_Penh"), ("856", "Asia/Vientiane"), ("880", "Asia/Dhaka"), ("886", "Asia/Taipei"),
    ("90", "Europe/Istanbul"), ("91", "Asia/Kolkata"), ("92", "Asia/Karachi"), ("93", "Asia/Kabul"),
    ("94", "Asia/Colombo"), ("95", "Asia/Yangon"), ("960", "Indian/Maldives"), ("961", "Asia/Beirut"),
    ("962", "Asia/Amman"), ("963", "Asia/Damascus"), ("964", "Asia/Baghdad"), ("965", "Asia/Kuwait"),
    ("966", "Asia/Riyadh"), ("967", "Asia/Aden"), ("968", "Asia/Muscat"), ("971", "Asia/Dubai"),
    ("972", "Asia/Jerusalem"), ("973", "Asia/Bahrain"), ("974", "Asia/Qatar"), ("975", "Asia/Thimphu"),
    ("977", "Asia/Kathmandu"), ("98", "Asia/Tehran"), ("992", "Asia/Dushanbe"), ("993", "Asia/Ashgabat"),
    ("994", "Asia/Baku"), ("995", "Asia/Tbilisi"), ("996", "Asia/Bishkek"), ("998", "Asia/Tashkent"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_prefix_free_and_names_zones() {
        assert!(ONE_ZONE.is_sorted_by(|(a, _), (b, _)| a < b));
        for (code, zone) in ONE_ZONE {
            assert!(is_zone(zone), "{code} {zone}");
            assert!(code.bytes().all(|b| b.is_ascii_digit()));
            let longer = ONE_ZONE.iter().filter(|(other, _)| other != code && other.starts_with(code));
            assert_eq!(longer.count(), 0, "{code}");
            let phone: E164 = format!("+{code}99999999").parse().unwrap();
            assert_eq!(zone_of_phone(&phone), Some(*zone));
        }
        // The shared ones stay out.
        for code in ["1", "7", "262", "590", "599"] {
            assert!(ONE_ZONE.iter().all(|(known, _)| known != &code), "{code}");
        }
    }
}
