//! The sample on its way from ARMS to the on-call's screen.

use crate::bench::Bench;
use crate::masking;
use crate::options::{Options, Secrets};
use crate::sample::{self, Sample};
use crate::screen::{Screen, Tone, printable};
use crate::{client, json};
use arms_pagerduty::host::Fault;
use arms_pagerduty::secret::{IntegrationKey, Mask, Token};
use pagerduty_standin::{Api, Received};

/// Sends the sample through the function and shows each step, then what to try next.
///
/// # Errors
/// When it did not become an open alert; then the steps have been shown all the same.
pub(crate) async fn give(
    options: &Options,
    secrets: &Secrets,
    sample: &Sample,
    bench: &Bench,
    screen: &mut Screen,
) -> Result<(), Fault> {
    let url = format!("http://{}{}", bench.address, sample.path);
    let mask = mask(sample, secrets);

    let mut headers = sample.headers.clone();
    headers.extend(secrets.first_token().map(|token| (sample::TOKEN_HEADER.to_owned(), token.to_owned())));
    heading(screen, &format!("1. What ARMS sends ({})", sample::FILE))?;
    screen.line(&format!("  POST {url}"))?;
    for (name, value) in &headers {
        let name_shown = screen.paint(Tone::Name, &format!("{name}:"));
        screen.line(&format!("  {name_shown} {}", masking::text(value, &mask)))?;
    }
    screen.line("")?;
    body(screen, &masking::text(&sample.body, &mask))?;

    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let answer = client::post(bench.address, &sample.path, headers, sample.body.clone()).await?;

    heading(screen, "2. What PagerDuty gets")?;
    let is_ours = |request: &Received| {
        let event = request.json.as_ref();
        event.and_then(|event| Api::V2.dedup_key(event)) == Some(sample.fingerprint.as_str())
    };
    let sent = bench.standin.requests().into_iter().find(is_ours);
    match &sent {
        Some(sent) => {
            screen.line(&format!("  {} {}{}", sent.method, bench.events_url, sent.path))?;
            body(screen, &masking::text(&String::from_utf8_lossy(&sent.body), &mask))?;
        }
        None => screen.line("  nothing")?,
    }

    heading(screen, "3. What ARMS is answered")?;
    let status = answer.status();
    let tone = if status.is_success() { Tone::Good } else { Tone::Bad };
    screen.line(&format!("  {}", screen.paint(tone, &status.to_string())))?;
    body(screen, &masking::text(&String::from_utf8_lossy(answer.body()), &mask))?;

    heading(screen, "4. What PagerDuty shows")?;
    let Some(alert) = bench.standin.alert(&sample.key, &sample.fingerprint) else {
        screen.line("  no alert")?;
        return Err("the sample did not become an alert".into());
    };
    let severity = alert.severity.as_deref().unwrap_or("none");
    for (name, value) in [
        ("state", screen.paint_state(alert.state)),
        ("severity", screen.paint_severity(severity, 0)),
        ("summary", printable(&alert.summary)),
        ("source", printable(alert.source.as_deref().unwrap_or_default())),
    ] {
        screen.line(&format!("  {} {value}", screen.paint(Tone::Name, &format!("{name:<9}"))))?;
    }

    heading(screen, "Try next")?;
    screen.line("  The same alert fires again: PagerDuty adds it to the open one and pages nobody twice.")?;
    let command = |status| sample.command(&url, options.token, status);
    screen.made_up(&format!("\n{}\n", command("firing")?))?;
    screen.line("  It recovers: PagerDuty resolves it.")?;
    screen.made_up(&format!("\n{}", command("resolved")?))?;

    heading(screen, "Go live")?;
    screen.line(&format!(
        "  One setting keeps this on your machine: PAGERDUTY_EVENTS_URL={}",
        bench.events_url
    ))?;
    screen
        .line("  Without it the function sends to the real PagerDuty, and a real integration key pages:")?;
    screen.line(
        "  here with `cargo run -p arms-pagerduty`, deployed with `sam build && sam deploy --guided`.",
    )?;
    Ok(())
}

/// The addresses, and what is unusual about them.
pub(crate) fn greet(bench: &Bench, options: &Options, path: &str, screen: &mut Screen) -> Result<(), Fault> {
    for (taken, what) in [(bench.taken, "the function"), (bench.page_taken, "the page")] {
        if let Some(taken) = taken {
            let note = format!("{taken} is taken: {what} listens on a free port instead.\n");
            screen.line(&screen.paint(Tone::Warn, &note))?;
        }
    }
    let limit = if options.rate_limit { ", 120 events a minute for a key" } else { "" };
    let page = bench.page.map(|page| format!("http://{page}/"));
    for (name, value) in [
        ("Webhook", Some(format!("http://{}{path}", bench.address))),
        ("Page", page),
        ("PagerDuty", Some(format!("{} (a stand-in{limit})", bench.events_url))),
    ] {
        if let Some(value) = value {
            screen.line(&format!("{} {value}", screen.paint(Tone::Heading, &format!("{name:<9}"))))?;
        }
    }
    if let Some((url, key)) = &bench.forwarding {
        let note = format!(
            "\n*** EVERY EVENT GOES TO THE REAL PAGERDUTY AS WELL, AND PAGES ***\n    {url} under the key {key}"
        );
        screen.line(&screen.paint(Tone::Bad, &note))?;
    }
    Ok(())
}

pub(crate) fn heading(screen: &mut Screen, text: &str) -> Result<(), Fault> {
    Ok(screen.line(&format!("\n{}", screen.paint(Tone::Heading, text)))?)
}

/// JSON is laid out, all else stays as it is.
fn body(screen: &mut Screen, text: &str) -> Result<(), Fault> {
    let text = printable(text);
    let shown = json::lay_out(&text, |name| screen.paint(Tone::Name, name)).unwrap_or(text);
    for line in shown.lines() {
        screen.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn mask(sample: &Sample, secrets: &Secrets) -> Mask {
    let key = IntegrationKey::parse(&sample.key).ok();
    let tokens: Vec<Token> =
        secrets.first_token().into_iter().map(|token| Token::new(token.to_owned())).collect();
    Mask::new(&key, &tokens)
}
