//! Sends again the events that the log says PagerDuty does not have.
//!
//! [`input`] finds the function's log lines in what log services make of them, [`plan`] decides which
//! events go, and this file sends them one after the other and says what became of each.

mod input;
mod options;
mod plan;
mod report;

pub use input::Found;
pub use options::Options;
pub use plan::Plan;
pub use report::Tally;

use crate::config::{Config, ConfigError};
use crate::deliver::{Delivery, Sender};
use crate::event::Parcel;
use crate::secret::{IntegrationKey, Mask};
use flate2::read::MultiGzDecoder;
use plan::Fate;
use report::Report;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use tokio::time::Instant;

/// The settings that count here. Those of the function's host do not: `WEBHOOK_TOKEN` is not needed.
const SETTINGS: [&str; 4] =
    ["PAGERDUTY_INTEGRATION_KEY", "PAGERDUTY_REGION", "PAGERDUTY_EVENTS_URL", "DELIVER_WITHIN_MS"];
/// The first bytes of a gzip file (RFC 1952, section 2.3.1). CloudWatch exports to S3 are such files.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads the settings that count here through `lookup`.
///
/// # Errors
/// All of them that are wrong.
pub fn settings(
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<(Config, IntegrationKey), Vec<ConfigError>> {
    let lookup = |name: &str| if SETTINGS.contains(&name) { lookup(name) } else { None };
    let lookup: &dyn Fn(&str) -> Option<String> = &lookup;
    let config = Config::read(lookup)?;
    let missing = || {
        let expected = "must be set: it is the key under which the events are sent again";
        vec![ConfigError { name: "PAGERDUTY_INTEGRATION_KEY", value: None, expected: expected.to_owned() }]
    };
    let key = config.integration_key.clone().ok_or_else(missing)?;
    Ok((config, key))
}

/// Reads all inputs.
///
/// # Errors
/// The first file that cannot be read, with its name. Nothing has been sent by then.
pub fn read(options: &Options) -> Result<Found, String> {
    let mut found = Found::default();
    for file in &options.files {
        let name = file.to_string_lossy();
        let bytes = bytes_of(file).map_err(|error| format!("cannot read {name}: {error}"))?;
        found.add(&name, &String::from_utf8_lossy(&bytes));
    }
    Ok(found)
}

fn bytes_of(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new(options::STDIN) {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.read_to_end(&mut bytes)?;
    }
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
    Ok(text)
}

/// Shows on `out` what would be sent.
pub fn show(plan: &Plan, out: &mut dyn Write) -> Tally {
    let mut report = Report::new(out, plan);
    for item in &plan.items {
        report.planned(item);
    }
    report.end(true)
}

/// Sends what is to be sent, in its order, and says on `out` what became of each event.
///
/// # Errors
/// What `reqwest` reports if a client cannot be built.
pub async fn send(plan: &Plan, config: &Config, out: &mut dyn Write) -> Result<Tally, reqwest::Error> {
    let sender = Sender::new(config)?;
    let mask = Mask::new(&config.integration_key, []);
    let mut report = Report::new(out, plan);
    for item in &plan.items {
        if item.fate == Fate::Send {
            // One after the other: the events of an alert must arrive in their order.
            let delivery = deliver(&sender, &item.parcel, config).await;
            report.sent(item, delivery.as_ref(), &mask);
        } else {
            report.planned(item);
        }
    }
    Ok(report.end(false))
}

async fn deliver(sender: &Sender, parcel: &Parcel, config: &Config) -> Option<Delivery> {
    let deadline = Instant::now() + config.deliver_within;
    let mut deliveries = sender.deliver(vec![parcel.clone()], deadline, |_| {}).await;
    deliveries.pop()
}
