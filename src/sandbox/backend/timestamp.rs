//! Instants as `PostgreSQL` reads and prints them, for `DateStyle` `ISO, MDY`
//! and the time zone UTC. Of what it reads, Julian days, days of a year, years
//! before 1 or after 9999 and a year behind the time are left out.

use std::sync::LazyLock;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};
use regex::{Captures, Regex};

use super::answer::{ErrorCode, RequestError};

const INSTANT: &str = r"(?xi) ^ \s*
    (?: (?:mon|tue|wed|thu|fri|sat|sun)[a-z]* ,? \s+ )?
    (?: (?<y1>\d{3,4}) [-/.] (?<m1>\d{1,2}|[a-z]{3,9}) [-/.] (?<d1>\d{1,2})
      | (?<m2>\d{1,2}) [-/] (?<d2>\d{1,2}) [-/] (?<y2>\d{2,4})
      | (?<y3>\d{4}) (?<m3>\d\d) (?<d3>\d\d)
      | (?<d4>\d{1,2}) [\ -] (?<m4>[a-z]{3,9}) [\ -] (?<y4>\d{3,4})
      | (?<m5>[a-z]{3,9}) \s+ (?<d5>\d{1,2}) (?:,\s*|\s+) (?<y5>\d{3,4})
      | (?<day>today|tomorrow|yesterday) )
    (?: (?:t|\s+)
        (?: (?<hour>\d{1,2}) : (?<minute>\d{1,2}) (?: : (?<second>\d{1,2}) (?<fraction>\.\d*)? )?
          | (?<hour2>\d\d) (?<minute2>\d\d) (?: (?<second2>\d\d) (?<fraction2>\.\d*)? )? )
        (?: \s* (?<half>am|pm) )? )?
    (?: \s* (?<sign>[+-]) (?: (?<east>\d\d) (?<east_m>\d\d) (?<east_s>\d\d)?
          | (?<east2>\d{1,2}) (?: : (?<east_m2>\d\d) (?: : (?<east_s2>\d\d) )? )? )
      | \s* (?<zulu>z|zulu|ut|utc|gmt)
      | \s+ (?<zone>[a-z][a-z_/+-]*\d*) )?
    \s* $";

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(INSTANT).ok());

const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970.
pub(super) fn read(text: &str) -> Result<i64, RequestError> {
    let refuse =
        |what: &str| RequestError::new(ErrorCode::DataException, format!("{what}: \"{text}\""));
    if let Some(at) = named(text) {
        return Ok(at);
    }
    let syntax = || refuse("invalid input syntax for type timestamp with time zone");
    let found = PATTERN.as_ref().and_then(|pattern| pattern.captures(text));
    let found = found.ok_or_else(syntax)?;
    let out_of_range = || refuse("date/time field value out of range");
    let local = local(&found).ok_or_else(out_of_range)?;
    let zone = match found.name("zone").map(|name| name.as_str()) {
        None => east(&found).ok_or_else(|| refuse("time zone displacement out of range"))?,
        Some(name) => TimeZone::get(name).map_err(|_| unknown_zone(name).unwrap_or_else(syntax))?,
    };
    let at = zone.to_timestamp(local).map_err(|_| out_of_range())?;
    Ok(at.as_microsecond())
}

/// Returns whether the text looks like a time zone.
fn unknown_zone(name: &str) -> Option<RequestError> {
    let message = format!("time zone \"{}\" not recognized", name.to_lowercase());
    let is_zone = name.contains('/');
    is_zone.then(|| RequestError::new(ErrorCode::DataException, message))
}

/// The named instants.
fn named(text: &str) -> Option<i64> {
    Some(match text.trim_ascii().to_ascii_lowercase().as_str() {
        "epoch" => 0,
        "-infinity" => i64::MIN,
        "infinity" => i64::MAX,
        "now" => Timestamp::now().as_microsecond(),
        _ => return None,
    })
}

/// The text of whichever of these groups took part.
fn any<'a, const N: usize>(found: &'a Captures<'_>, names: [&str; N]) -> Option<&'a str> {
    let mut groups = names.into_iter().filter_map(|name| found.name(name));
    groups.next().map(|group| group.as_str())
}

fn number<T: std::str::FromStr, const N: usize>(
    found: &Captures<'_>,
    names: [&str; N],
) -> Option<T> {
    any(found, names)?.parse().ok()
}

/// Date and time as they stand there; 24 o'clock and a 60th second are the
/// next day's and the next minute's first.
fn local(found: &Captures<'_>) -> Option<DateTime> {
    let midnight = DateTime::from_parts(date(found)?, Time::midnight());
    let hour: i64 = number(found, ["hour", "hour2"]).unwrap_or(0);
    let minute: i64 = number(found, ["minute", "minute2"]).unwrap_or(0);
    let second: i64 = number(found, ["second", "second2"]).unwrap_or(0);
    let half = any(found, ["half"]).map(str::to_ascii_lowercase);
    let hour = match half.as_deref() {
        Some(_) if !(0..=12).contains(&hour) => return None,
        Some("am") => hour % 12,
        Some(_) => hour % 12 + 12,
        None => hour,
    };
    let second = second * 1_000_000 + fraction(found)?;
    let micros = (hour * 60 + minute) * 60_000_000 + second;
    if minute > 59 || second > 60_000_000 || micros > DAY {
        return None;
    }
    midnight
        .checked_add(SignedDuration::from_micros(micros))
        .ok()
}

/// The decimals of a second, in whole microseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a rounded part of one second is at most a million"
)]
fn fraction(found: &Captures<'_>) -> Option<i64> {
    let Some(decimals) = any(found, ["fraction", "fraction2"]) else {
        return Some(0);
    };
    let part: f64 = format!("0{decimals}0").parse().ok()?;
    Some((part * 1e6).round_ties_even() as i64)
}

fn date(found: &Captures<'_>) -> Option<Date> {
    if let Some(day) = any(found, ["day"]) {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        return match day.to_ascii_lowercase().as_str() {
            "yesterday" => today.yesterday().ok(),
            "tomorrow" => today.tomorrow().ok(),
            _ => Some(today),
        };
    }
    let written = any(found, ["y1", "y2", "y3", "y4", "y5"])?;
    let year: i16 = written.parse().ok()?;
    let year = match (written.len(), year) {
        (2, ..70) => year + 2000,
        (2, _) => year + 1900,
        (_, _) => year,
    };
    let month = month(any(found, ["m1", "m2", "m3", "m4", "m5"])?)?;
    let day = number(found, ["d1", "d2", "d3", "d4", "d5"])?;
    Date::new(year, month, day).ok().filter(|_| year > 0)
}

/// Parses a month: a number, its name or its first letters.
fn month(text: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let text = match text.to_ascii_lowercase().as_str() {
        "sept" => "sep".to_owned(),
        other => other.to_owned(),
    };
    let mut names = NAMES.iter();
    let at = names.position(|name| *name == text || name.get(..3) == Some(&text))?;
    i8::try_from(at + 1).ok()
}

/// The offset east of UTC, none being UTC itself. It ends below 16 hours.
fn east(found: &Captures<'_>) -> Option<TimeZone> {
    let hours: i32 = number(found, ["east", "east2"]).unwrap_or(0);
    let minutes: i32 = number(found, ["east_m", "east_m2"]).unwrap_or(0);
    let seconds: i32 = number(found, ["east_s", "east_s2"]).unwrap_or(0);
    let east = hours * 3600 + minutes * 60 + seconds;
    if hours > 15 || minutes > 59 || seconds > 59 {
        return None;
    }
    let west = any(found, ["sign"]) == Some("-");
    let offset = Offset::from_seconds(if west { -east } else { east });
    offset.ok().map(TimeZone::fixed)
}

/// ISO 8601 with offset, as many decimals as needed.
pub(super) fn printed(microseconds: i64) -> String {
    Timestamp::from_microsecond(microseconds)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.f+00:00")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_as_postgres_reads_it_and_printed_without_zeros()
    -> Result<(), RequestError> {
        for (text, shown) in [
            (
                "2026-11-23T06:30:14.120000Z",
                "2026-11-23T06:30:14.12+00:00",
            ),
            (
                "2026-11-23 06:30:14.123456+00",
                "2026-11-23T06:30:14.123456+00:00",
            ),
            (
                "2026-11-23 06:30:14.1234567",
                "2026-11-23T06:30:14.123457+00:00",
            ),
            ("2026-11-23 08:30:14+02:00", "2026-11-23T06:30:14+00:00"),
            ("2026-11-23 08:30:14 +0200", "2026-11-23T06:30:14+00:00"),
            ("2026-11-23 06:30:14+02:00:30", "2026-11-23T04:29:44+00:00"),
            ("2026-11-23", "2026-11-23T00:00:00+00:00"),
            ("2026-11-23+02", "2026-11-22T22:00:00+00:00"),
            ("2026-1-3  6:5", "2026-01-03T06:05:00+00:00"),
            ("2026/11/23", "2026-11-23T00:00:00+00:00"),
            ("11/23/26", "2026-11-23T00:00:00+00:00"),
            ("20261123T063014Z", "2026-11-23T06:30:14+00:00"),
            ("20261123 0630 Etc/GMT+5", "2026-11-23T11:30:00+00:00"),
            ("23-Nov-2026", "2026-11-23T00:00:00+00:00"),
            (
                "Mon, November 23, 2026 12:05 am",
                "2026-11-23T00:05:00+00:00",
            ),
            ("2026-11-23 06:30:14 PM", "2026-11-23T18:30:14+00:00"),
            ("2026-11-23 24:00:00", "2026-11-24T00:00:00+00:00"),
            ("2026-11-23 23:59:60", "2026-11-24T00:00:00+00:00"),
            ("2026-11-23 06:30:14 UTC", "2026-11-23T06:30:14+00:00"),
            (
                "2026-07-01 12:00 Europe/Berlin",
                "2026-07-01T10:00:00+00:00",
            ),
        ] {
            assert_eq!(printed(read(text)?), shown, "{text}");
        }
        assert!(read("yesterday")? < read("Today 0:01")?);
        assert!(read(" now ")? < read("infinity")?);
        Ok(())
    }

    #[test]
    fn what_postgres_can_not_read_is_refused_in_its_words() {
        let syntax = "invalid input syntax for type timestamp with time zone";
        let range = "date/time field value out of range";
        let displacement = "time zone displacement out of range";
        for (text, message) in [
            ("", syntax),
            ("yesterday evening", syntax),
            ("2026-11-23 23:59:60.5", range),
            ("2026-11", syntax),
            ("2026-11-23 06", syntax),
            ("2026-11-23T06:30:14,5Z", syntax),
            ("2026-13-01", range),
            ("2026-02-30", range),
            ("2026-11-23 25:00", range),
            ("2026-11-23 24:00:01", range),
            ("2026-11-23 13:00 pm", range),
            ("2026-11-23 06:30:14+16", displacement),
            (
                "2026-11-23 Nowhere/Land",
                "time zone \"nowhere/land\" not recognized",
            ),
        ] {
            let refused = read(text).err().map(|fault| fault.message);
            let found = refused.unwrap_or_default();
            assert!(found.starts_with(message), "{text}: {found}");
        }
    }
}
