//! When an event is sent again, and how long an attempt may take.

use super::outcome::Outcome;
use crate::error::Error;
use crate::event::Api;
use http::HeaderValue;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

/// How long the first attempt may take; each later one may take twice as long as the one before.
const FIRST_ATTEMPT_WITHIN: Duration = Duration::from_secs(2);
/// The shortest pause between two attempts; each later one is twice as long, up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_millis(3_200);

/// How long attempt number `attempt` (from 1) may take.
#[must_use]
pub fn attempt_within(attempt: u32) -> Duration {
    FIRST_ATTEMPT_WITHIN.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
}

/// How long to wait before the next attempt; `None` if there is none. `random` is from 0 to 1 and
/// spreads the pauses of functions that failed at the same time.
#[must_use]
pub fn pause(
    api: Api,
    outcome: &Outcome,
    attempts: u32,
    left: Duration,
    random: f64,
    now: SystemTime,
) -> Option<Duration> {
    // A proxy's page is answered at once: it is not among the answers after which PagerDuty wants to be
    // asked again.
    let is_proxy_page = matches!(outcome, Outcome::Failed(Error::NotPagerDuty { .. }));
    if outcome.is_accepted(api) || is_proxy_page || !outcome.may_be_retried(api) {
        return None;
    }
    let least = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(PAUSE_MAX);
    let asked = match outcome {
        Outcome::Answered(reply) => reply.retry_after.as_ref().and_then(|value| retry_after(value, now)),
        Outcome::Superseded | Outcome::Stored | Outcome::Failed(_) => None,
    };
    let jittered = least + least.mul_f64(random);
    // A pause that PagerDuty asks for is honoured if it fits; otherwise trying again is better than
    // giving up.
    let pause = match asked {
        Some(asked) if asked < left => asked.max(least),
        _ => jittered,
    };
    (pause < left).then_some(pause)
}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// A number from 0 to 1, random enough to spread pauses.
pub(super) fn random() -> f64 {
    let number = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(number >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Reply;
    use super::*;
    use crate::error::Unreached;
    use bytes::Bytes;

    const LONG: Duration = Duration::from_mins(1);

    fn answered(status: u16, retry_after: Option<&'static str>) -> Outcome {
        let retry_after = retry_after.map(HeaderValue::from_static);
        Outcome::Answered(Reply { status, body: Bytes::new(), retry_after })
    }

    fn pause_after(api: Api, outcome: &Outcome, attempts: u32, left: Duration) -> Option<u128> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        pause(api, outcome, attempts, left, 0.5, now).map(|pause| pause.as_millis())
    }

    #[test]
    fn what_pagerduty_says_may_be_retried_is_and_nothing_else() {
        for status in 100..=999 {
            let v2 = status == 429 || (500..=599).contains(&status);
            let v1 = status == 403 || (500..=599).contains(&status);
            for (api, again) in [(Api::V2, v2), (Api::Change, v2), (Api::V1, v1)] {
                let pause = pause_after(api, &answered(status, None), 1, LONG);
                assert_eq!(pause.is_some(), again, "{api:?} {status}");
            }
        }
        for (error, again) in [
            (Error::NotReached(Unreached::Dns), true),
            (Error::NotPagerDuty { status: 200 }, false),
            (Error::NoAnswerInTime, true),
            (Error::Redirected, false),
        ] {
            let pause = pause_after(Api::V2, &Outcome::Failed(error), 1, LONG);
            assert_eq!(pause.is_some(), again, "{error:?}");
        }
    }

    #[test]
    fn pauses_grow_from_100_ms_and_end_with_the_time() {
        let fault = answered(500, None);
        let pauses: Vec<_> = (1..=8).map(|attempts| pause_after(Api::V2, &fault, attempts, LONG)).collect();
        assert_eq!(pauses, [150, 300, 600, 1_200, 2_400, 4_800, 4_800, 4_800].map(Some));
        assert_eq!(pause_after(Api::V2, &fault, 1, Duration::from_millis(150)), None);
        assert_eq!(pause_after(Api::V2, &fault, u32::MAX, LONG), Some(4_800));
    }

    #[test]
    fn retry_after_is_honoured_where_it_fits() {
        for (value, left, pause) in [
            ("7", LONG, 7_000),
            ("0", LONG, 100),
            ("61", LONG, 150),
            ("Sun, 09 Sep 2001 01:46:45 GMT", LONG, 5_000),
            ("Sun, 09 Sep 2001 01:46:30 GMT", LONG, 100),
            ("soon", LONG, 150),
            ("-1", LONG, 150),
            ("99999999999999999999", LONG, 150),
        ] {
            assert_eq!(pause_after(Api::V2, &answered(429, Some(value)), 1, left), Some(pause), "{value}");
        }
    }

    #[test]
    fn the_first_attempt_has_two_seconds_and_later_ones_more() {
        let seconds: Vec<u64> = (1..=4).map(|attempt| attempt_within(attempt).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16]);
        assert!(attempt_within(u32::MAX) > LONG);
    }
}
