//! What was measured, next to the limits; and medians, which a few disturbed runs do not move.

use std::fmt;
use std::time::Duration;

/// The rows of the last table: what, its value, the limit and the unit of both.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static str, f64, f64, &'static str)>);

impl Report {
    /// Adds a value that must not be above `limit`, both in `unit`.
    pub(crate) fn limited(&mut self, what: &'static str, value: f64, limit: f64, unit: &'static str) {
        self.0.push((what, value, limit, unit));
    }

    pub(crate) fn is_within(&self) -> bool {
        self.0.iter().all(|(_, value, limit, _)| value <= limit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        writeln!(formatter, "{:<46} {:>13} {:>10}", "against the limits", "measured", "at most")?;
        for (what, value, limit, unit) in &self.0 {
            let verdict = if value <= limit { "within" } else { "OVER" };
            writeln!(formatter, "{what:<46} {value:>8.2} {unit:<4} {limit:>5.2} {unit:<4} {verdict}")?;
        }
        Ok(())
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    not_exceeded_by(5, values)
}

pub(crate) fn p90(values: &[f64]) -> f64 {
    not_exceeded_by(9, values)
}

/// What so many of ten do not exceed.
fn not_exceeded_by(of_ten: usize, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) * of_ten / 10).copied().unwrap_or(f64::NAN)
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A million bytes are one.
#[expect(clippy::cast_precision_loss, reason = "exact up to nine petabytes")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
