//! Medians: what a few disturbed runs do not move.

use std::time::Duration;

/// Measured values, sorted.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Durations in milliseconds.
    pub(crate) fn of_milliseconds(durations: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(durations.into_iter().map(|duration| duration.as_secs_f64() * 1e3))
    }

    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(1, 2)
    }

    /// What nine of ten do not exceed.
    pub(crate) fn p90(&self) -> f64 {
        self.at(9, 10)
    }

    fn at(&self, numerator: usize, denominator: usize) -> f64 {
        let place = self.0.len().saturating_sub(1) * numerator / denominator;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// A million bytes are one.
#[expect(clippy::cast_precision_loss, reason = "exact up to nine petabytes")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
