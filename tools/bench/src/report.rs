//! What was measured, next to the limits.

use std::fmt;

/// The rows of the last table.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

struct Row {
    what: &'static str,
    value: f64,
    unit: &'static str,
    limit: f64,
}

impl Report {
    /// Adds a value that must not be above `limit`, both in `unit`.
    pub(crate) fn limited(&mut self, what: &'static str, value: f64, limit: f64, unit: &'static str) {
        self.0.push(Row { what, value, unit, limit });
    }

    pub(crate) fn is_within(&self) -> bool {
        self.0.iter().all(Row::is_within)
    }
}

impl Row {
    fn is_within(&self) -> bool {
        self.value <= self.limit
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        writeln!(formatter, "{:<46} {:>13} {:>10}", "against the limits", "measured", "at most")?;
        for row in &self.0 {
            let verdict = if row.is_within() { "within" } else { "OVER" };
            writeln!(
                formatter,
                "{:<46} {:>8.2} {:<4} {:>5.2} {:<4} {verdict}",
                row.what, row.value, row.unit, row.limit, row.unit
            )?;
        }
        Ok(())
    }
}
