//! The times PagerDuty takes.

/// `YYYY-MM-DDTHH:MM:SS`, a fraction or none, then `Z`, `+HH:MM`, `+HHMM`, `+HH` or nothing.
///
/// Source: docs, "ISO 8601"; the OpenAPI file's examples (`+0000`); reports of a blank for the `T` and of an hour with
/// one digit, which are refused. Whether ISO's rarer forms (weeks, no seconds, a date alone) pass is unknown: not here.
pub(super) fn is_taken(text: &str) -> bool {
    let Some((date, rest)) = text.split_once('T') else {
        return false;
    };
    let clock_ends = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(clock_ends);
    is_date(date) && is_clock(clock) && is_zone(zone)
}

fn is_date(date: &str) -> bool {
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next(), 4), number(parts.next(), 2), number(parts.next(), 2));
    let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_clock(clock: &str) -> bool {
    let (clock, fraction) =
        clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let (hour, minute, second) = (number(parts.next(), 2), number(parts.next(), 2), number(parts.next(), 2));
    let (Some(hour), Some(minute), Some(second), None) = (hour, minute, second, parts.next()) else {
        return false;
    };
    let fraction =
        fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    hour <= 23 && minute <= 59 && second <= 60 && fraction
}

fn is_zone(zone: &str) -> bool {
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return matches!(zone, "" | "Z");
    };
    let (hours, minutes) =
        offset.split_once(':').or_else(|| offset.split_at_checked(2)).unwrap_or((offset, ""));
    let minutes_taken =
        minutes.is_empty() && !offset.contains(':') || number(Some(minutes), 2).is_some_and(|n| n <= 59);
    number(Some(hours), 2).is_some_and(|n| n <= 23) && minutes_taken
}

/// A number of exactly so many digits.
fn number(text: Option<&str>, digits: usize) -> Option<u32> {
    text.filter(|text| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::is_taken;

    #[test]
    fn the_times_that_pass_and_those_that_do_not() {
        for taken in [
            "2026-11-22T08:42:58.315Z",
            "2026-11-22T08:42:58Z",
            "2015-07-17T08:42:58.315+0000",
            "2026-11-22T16:42:58+08:00",
            "2026-11-22T16:42:58-08",
            "2026-11-22T16:42:58",
            "2024-02-29T00:00:00.123456789Z",
        ] {
            assert!(is_taken(taken), "{taken}");
        }
        for refused in [
            "2026-11-22 08:42:58Z",
            "2026-11-22T8:42:58Z",
            "2026-11-22",
            "2026-11-22T08:42Z",
            "2026-02-29T08:42:58Z",
            "2026-13-01T08:42:58Z",
            "2026-11-22T24:42:58Z",
            "2026-11-22T08:42:58.Z",
            "2026-11-22T08:42:58+8",
            "2026-11-22T08:42:58+08:",
            "2026-11-22T08:42:58ZZ",
            "1700000000",
            "",
            "T",
        ] {
            assert!(!is_taken(refused), "{refused}");
        }
    }
}
