//! When something happened: the many notations in which senders write a time, and the one that PagerDuty
//! never refuses.

use std::time::{Duration, SystemTime};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// ARMS's console writes Beijing's time without a zone (inferred from its samples).
const BEIJING_HOURS: i8 = 8;
/// 2000-01-01T00:00:00Z: what is earlier is a zero value, not a time.
const EARLIEST_UNIX_SECONDS: i64 = 946_684_800;
/// What is later than this is a clock gone wrong, and PagerDuty would sort by it.
const AHEAD_MAX: Duration = Duration::from_hours(24);
/// How far the sender's clock may be ahead of this machine's.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_hours(1);
/// Up to this a bare number is seconds, from it on milliseconds (in seconds: the year 5138).
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The zone of a time that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Beijing's, in Alibaba Cloud's formats.
    Beijing,
    /// UTC, in PagerDuty's own events.
    Utc,
}

/// The time as `YYYY-MM-DDTHH:MM:SS.mmmZ`; `None` if the text is not a time, or one before 2000 or more
/// than a day after `now`.
#[must_use]
pub fn read(text: &str, now: SystemTime, zone: Zone) -> Option<String> {
    let at = parse(text.trim(), zone)?;
    let latest = OffsetDateTime::from(now.checked_add(AHEAD_MAX)?);
    (at.unix_timestamp() >= EARLIEST_UNIX_SECONDS && at <= latest).then(|| write(at))
}

/// Whether the text is a time in the notation of RFC 3339, which PagerDuty takes as it is.
#[must_use]
pub fn is_rfc3339(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let is_date = date.len() == "2025-02-22".len() && parse(text, Zone::Utc).is_some();
    let zone = time.strip_suffix('Z').map(|_| "").or_else(|| time.get("07:18:15".len()..));
    let has_colon = zone.is_some_and(|zone| {
        zone.is_empty() || zone.rsplit_once(':').is_some_and(|(hours, _)| hours.contains(['+', '-']))
    });
    is_date && time.len() > "07:18:15".len() && has_colon
}

/// Whether the text is a time from 2000 on that has come. Clocks differ, so it may be up to an hour after
/// `now`.
#[must_use]
pub fn is_past(text: &str, now: SystemTime) -> bool {
    let Some(at) = parse(text.trim(), Zone::Beijing) else { return false };
    let Some(latest) = now.checked_add(CLOCKS_DIFFER_MAX) else { return false };
    at.unix_timestamp() >= EARLIEST_UNIX_SECONDS && at <= OffsetDateTime::from(latest)
}

/// A time of this machine's clock, in the same notation.
#[must_use]
pub fn of(time: SystemTime) -> String {
    write(OffsetDateTime::from(time))
}

/// The time that [`of`] has written.
#[must_use]
pub fn time_of(text: &str) -> Option<SystemTime> {
    parse(text, Zone::Utc).map(SystemTime::from)
}

/// Milliseconds since 1970; `None` if the text is not a time. A time without a zone is UTC.
#[must_use]
pub fn unix_ms(text: &str) -> Option<i64> {
    let at = parse(text.trim(), Zone::Utc)?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

fn write(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second, milli) = at.to_hms_milli();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", u8::from(month))
}

fn parse(text: &str, zone: Zone) -> Option<OffsetDateTime> {
    if let Ok(number) = text.parse::<i64>() {
        let milliseconds = if number < MILLISECONDS_FROM { number.checked_mul(1000)? } else { number };
        return OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok();
    }
    let mut scan = Scan(text);
    let year = scan.number(4, 4)?;
    // `20260410T080101` has no separators at all.
    let separator = scan.one_of(&['-', '/']);
    let least = if separator.is_some() { 1 } else { 2 };
    let month = scan.number(least, 2)?;
    scan.expect(separator)?;
    let day = scan.number(least, 2)?;
    scan.one_of(&['T', 't', ' '])?;
    let hour = scan.number(least, 2)?;
    let colon = separator.map(|_| ':');
    scan.expect(colon)?;
    let minute = scan.number(2, 2)?;
    let has_second = colon.is_none() || scan.one_of(&[':']).is_some();
    let second = if has_second { scan.number(2, 2)? } else { 0 };
    let millisecond = if scan.one_of(&['.', ',']).is_some() { scan.milliseconds()? } else { 0 };
    let offset = scan.offset(zone)?;
    let date = Date::from_calendar_date(
        i32::from(year),
        Month::try_from(u8::try_from(month).ok()?).ok()?,
        u8::try_from(day).ok()?,
    );
    let time = Time::from_hms_milli(
        u8::try_from(hour).ok()?,
        u8::try_from(minute).ok()?,
        u8::try_from(second).ok()?,
        millisecond,
    );
    Some(PrimitiveDateTime::new(date.ok()?, time.ok()?).assume_offset(offset))
}

/// Reads from the front of a text.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    fn digits(&mut self, most: usize) -> &str {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u16> {
        let digits = self.digits(most);
        if digits.len() < least { None } else { digits.parse().ok() }
    }

    fn one_of(&mut self, expected: &[char]) -> Option<char> {
        let next = self.0.chars().next().filter(|next| expected.contains(next))?;
        self.0 = self.0.get(next.len_utf8()..)?;
        Some(next)
    }

    /// Reads a separator, if there is one to read.
    fn expect(&mut self, separator: Option<char>) -> Option<()> {
        match separator {
            Some(separator) => self.one_of(&[separator]).map(|_| ()),
            None => Some(()),
        }
    }

    /// A fraction of any length, cut to milliseconds.
    fn milliseconds(&mut self) -> Option<u16> {
        let digits: String = self.digits(usize::MAX).chars().chain("00".chars()).take(3).collect();
        digits.parse().ok().filter(|_| digits.len() == 3)
    }

    /// `Z`, `+08:00`, `+0800`, or nothing, which means `zone`; a zone's name behind it is ignored (Go prints
    /// `+0800 CST`).
    fn offset(&mut self, zone: Zone) -> Option<UtcOffset> {
        while self.one_of(&[' ']).is_some() {}
        if self.one_of(&['Z', 'z']).is_some() || self.0.starts_with("UTC") {
            return Some(UtcOffset::UTC);
        }
        let Some(sign) = self.one_of(&['+', '-']) else {
            let local = self.0.chars().all(|c| c.is_ascii_alphabetic());
            let hours = if zone == Zone::Beijing { BEIJING_HOURS } else { 0 };
            return UtcOffset::from_hms(hours, 0, 0).ok().filter(|_| local);
        };
        let hours = i8::try_from(self.number(2, 2)?).ok()?;
        self.one_of(&[':']);
        let minutes = if self.0.is_empty() { 0 } else { i8::try_from(self.number(2, 2)?).ok()? };
        let sign = if sign == '-' { -1 } else { 1 };
        UtcOffset::from_hms(hours.checked_mul(sign)?, minutes.checked_mul(sign)?, 0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(483_552) // 2025-03-01T00:00:00Z
    }

    #[test]
    fn every_notation_becomes_the_one_that_pagerduty_takes() {
        for (text, expected) in [
            ("2025-02-22T07:18:15.123456789Z", "2025-02-22T07:18:15.123Z"),
            ("2025-02-22T07:18:15Z", "2025-02-22T07:18:15.000Z"),
            ("2025-02-22T07:18:15.5+08:00", "2025-02-21T23:18:15.500Z"),
            ("2025-02-22T07:18:15-0330", "2025-02-22T10:48:15.000Z"),
            ("2025-02-22 07:18:15", "2025-02-21T23:18:15.000Z"),
            ("2025-02-22 7:18:15", "2025-02-21T23:18:15.000Z"),
            ("2025/02/22 07:18", "2025-02-21T23:18:00.000Z"),
            ("2025-02-22 07:18:15.12 +0800 CST", "2025-02-21T23:18:15.120Z"),
            ("2025-02-22 07:18:15 +0000 UTC", "2025-02-22T07:18:15.000Z"),
            ("2025-02-22 07:18:15 UTC", "2025-02-22T07:18:15.000Z"),
            ("20250222T071815.123+0800", "2025-02-21T23:18:15.123Z"),
            ("20250222T071815Z", "2025-02-22T07:18:15.000Z"),
            ("1740208695123", "2025-02-22T07:18:15.123Z"),
            ("1740208695", "2025-02-22T07:18:15.000Z"),
            (" 2025-03-01T23:59:59Z ", "2025-03-01T23:59:59.000Z"),
        ] {
            assert_eq!(read(text, now(), Zone::Beijing).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn pagerduty_takes_rfc_3339_as_it_is() {
        for text in ["2025-02-22T07:18:15Z", "2025-02-22T07:18:15.123456Z", "2025-02-22T07:18:15.5+08:00"] {
            assert!(is_rfc3339(text), "{text}");
        }
        for text in [
            "2025-02-22 07:18:15Z",
            "2025-02-22T7:18:15Z",
            "2025-02-22T07:18Z",
            "2025-02-22T07:18:15",
            "2025-02-22T07:18:15+0800",
            "20250222T071815Z",
            "2025-02-30T07:18:15Z",
            "1740208695",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_no_sensible_one_is_absent() {
        for text in [
            "",
            "now",
            "0001-01-01T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "0",
            "-5",
            "2025-03-02T00:00:01Z",
            "2025-02-30T00:00:00Z",
            "2025-02-22T25:00:00Z",
            "2025-02-22",
            "2025-02-22T07:18:15+99:99",
            "99999999999999999999",
            "9223372036854775807",
            "2025-02-22T07:18:15.",
            "２０２５-02-22T07:18:15Z",
        ] {
            assert_eq!(read(text, now(), Zone::Beijing), None, "{text}");
        }
    }
}
