//! The local time zone.
//!
//! jiff lists every file of the system's time zone database before it reads the one
//! that it needs. That is most of what a short command costs, so the usual cases are
//! read here: a name in `TZ`, and without `TZ` the file that `/etc/localtime` names.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

const DATABASE: &str = "/usr/share/zoneinfo";
const SYSTEM: &str = "/etc/localtime";

/// How long a time zone is used before it is looked up again.
const MAX_AGE: Duration = Duration::from_mins(5);

static CACHED: Mutex<Option<(Instant, TimeZone)>> = Mutex::new(None);

/// Returns the local time zone: that of `TZ`, or the system's. UTC if it is unknown.
#[must_use]
pub fn local() -> TimeZone {
    let Ok(mut cached) = CACHED.lock() else {
        return TimeZone::system();
    };
    match &*cached {
        Some((at, zone)) if at.elapsed() < MAX_AGE => zone.clone(),
        _ => {
            let zone = read().unwrap_or_else(TimeZone::system);
            *cached = Some((Instant::now(), zone.clone()));
            zone
        }
    }
}

/// Reads the local time zone; `None` in an unusual case.
fn read() -> Option<TimeZone> {
    if std::env::var_os("TZDIR").is_some() {
        return None;
    }
    match std::env::var_os("TZ") {
        Some(name) => named(name.to_str()?, DATABASE.as_ref()),
        None => linked(SYSTEM.as_ref()),
    }
}

/// Reads the file of a time zone with this name, spelled as in the database.
fn named(name: &str, database: &Path) -> Option<TimeZone> {
    let is_plain = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
    };
    // `EST5EDT` is a rule, and a name.
    let is_rule = name.contains(|it: char| it.is_ascii_digit()) && !name.contains('/');
    if is_rule || !name.split('/').all(is_plain) {
        return None;
    }
    let data = fs::read(database.join(name)).ok()?;
    TimeZone::tzif(name, &data).ok()
}

/// Reads the time zone file that the link points to.
fn linked(link: &Path) -> Option<TimeZone> {
    let target = fs::read_link(link).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    let data = fs::read(link).ok()?;
    TimeZone::tzif(name, &data).ok()
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use jiff::tz::TimeZone;

    use super::{DATABASE, named};

    #[test]
    fn a_name_finds_the_zone_that_jiff_finds() -> Result<(), Box<dyn Error>> {
        for name in [
            "Europe/Berlin",
            "UTC",
            "America/Argentina/Ushuaia",
            "Etc/GMT+5",
        ] {
            let Some(zone) = named(name, DATABASE.as_ref()) else {
                // This machine has no such file.
                assert!(
                    !std::path::Path::new(DATABASE).join(name).exists(),
                    "{name}"
                );
                continue;
            };
            let known = TimeZone::get(name)?;
            assert_eq!(zone.iana_name(), known.iana_name());
            for at in [
                "1970-01-01T00:00:00Z",
                "2026-07-01T12:00:00Z",
                "2050-01-01T12:00:00Z",
            ] {
                let at = at.parse()?;
                assert_eq!(zone.to_datetime(at), known.to_datetime(at), "{name}");
            }
        }
        Ok(())
    }

    #[test]
    fn rules_paths_and_other_spellings_are_left_to_jiff() {
        for name in [
            "",
            "EST5EDT,M3.2.0,M11.1.0",
            "UTC0",
            ":Europe/Berlin",
            "europe/berlin",
            "/etc/localtime",
            "../zoneinfo/UTC",
            "Europe/../UTC",
            "Europe//Berlin",
            "No/Such",
        ] {
            assert!(named(name, DATABASE.as_ref()).is_none(), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_link_names_the_zone() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let zones = folder.path().join("zoneinfo/Europe");
        std::fs::create_dir_all(&zones)?;
        let zone = TimeZone::get("Europe/Berlin")?;
        let Ok(data) = std::fs::read(std::path::Path::new(DATABASE).join("Europe/Berlin")) else {
            return Ok(());
        };
        std::fs::write(zones.join("Berlin"), data)?;
        let link = folder.path().join("localtime");
        std::os::unix::fs::symlink("zoneinfo/Europe/Berlin", &link)?;
        assert_eq!(super::linked(&link), Some(zone));
        // A copy has no name.
        std::fs::remove_file(&link)?;
        std::fs::copy(zones.join("Berlin"), &link)?;
        assert_eq!(super::linked(&link), None);
        Ok(())
    }
}
