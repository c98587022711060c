//! The times PagerDuty takes.

use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{PrimitiveDateTime, UtcOffset};

const TIME: StaticFormatDescription = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][optional [Z]]"
);
const OFFSETS: [StaticFormatDescription; 3] = [
    format_description!(version = 2, "[offset_hour sign:mandatory]"),
    format_description!(version = 2, "[offset_hour sign:mandatory][offset_minute]"),
    format_description!(version = 2, "[offset_hour sign:mandatory]:[offset_minute]"),
];

/// `YYYY-MM-DDTHH:MM:SS`, a fraction or none, then `Z`, `+HH:MM`, `+HHMM`, `+HH` or nothing.
///
/// Source: docs, "ISO 8601"; the OpenAPI file's examples (`+0000`); reports of a blank for the `T` and of an hour with
/// one digit, which are refused. Whether ISO's rarer forms (weeks, no seconds, a date alone) pass is unknown: not here.
pub(super) fn is_taken(text: &str) -> bool {
    // A sign behind the T begins the offset.
    let clock = text.find('T').unwrap_or_default();
    let at = text.get(clock..).and_then(|clock| clock.find(['+', '-'])).map_or(text.len(), |at| clock + at);
    let (time, offset) = text.split_at(at);
    let is_offset = |format| UtcOffset::parse(offset, format).is_ok();
    PrimitiveDateTime::parse(time, TIME).is_ok()
        && (offset.is_empty() || !time.ends_with('Z') && OFFSETS.into_iter().any(is_offset))
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
