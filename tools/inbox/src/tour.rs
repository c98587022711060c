//! The sample on its way from ARMS to the on-call's screen.

use crate::inbox::{Inbox, LISTEN};
use crate::options::Options;
use crate::samples::{Sample, TOKEN_HEADER};
use crate::screen::{Screen, printable, severity, state};
use arms_pagerduty::host::Fault;
use bytes::Bytes;
use http::{Request, StatusCode};
use owo_colors::OwoColorize;
use std::sync::Arc;

/// Sends a body as the sample's sender does, and gives the webhook's id.
///
/// # Errors
/// When it is none that HTTP can carry.
pub(crate) async fn send(inbox: &Arc<Inbox>, sample: &Sample, body: String) -> Result<String, Fault> {
    let mut request = Request::post(&sample.path);
    for (name, value) in &sample.headers {
        request = request.header(name, value);
    }
    if let Some(token) = &inbox.token {
        request = request.header(TOKEN_HEADER, token);
    }
    let (head, body) = request.body(Bytes::from(body))?.into_parts();
    Ok(Arc::clone(inbox).take(head, Ok(body)).await.0)
}

/// The addresses, and what is unusual about them.
pub(crate) fn greet(inbox: &Inbox, options: &Options, path: &str, screen: &mut Screen) -> Result<(), Fault> {
    for (taken, what) in &inbox.taken {
        let note = format!("{taken} is taken: {what} listens on a free port instead.\n");
        screen.line(note.yellow())?;
    }
    let limit = if options.rate_limit { ", 120 events a minute for a key" } else { "" };
    screen.line(format!("{:<9} http://{}{path}", "Webhook".bold(), inbox.address))?;
    if let Some(page) = inbox.page {
        screen.line(format!("{:<9} http://{page}/", "Page".bold()))?;
    }
    screen.line(format!("{:<9} {} (a stand-in{limit})", "PagerDuty".bold(), inbox.events_url))?;
    if let Some(to) = &inbox.forward {
        let note = "\n*** EVERY EVENT GOES TO THE REAL PAGERDUTY AS WELL, AND PAGES ***";
        screen.line(format!("{note}\n    {} under the key {}", to.url, to.shown_key).red())?;
    }
    Ok(())
}

/// Sends the sample through the function and shows each step, then what to try next.
///
/// # Errors
/// When it did not become an open alert; then the steps have been shown all the same.
pub(crate) async fn give(
    inbox: &Arc<Inbox>,
    options: &Options,
    sample: &Sample,
    screen: &mut Screen,
) -> Result<(), Fault> {
    let id = send(inbox, sample, sample.body.clone()).await?;
    let webhook = inbox.memory.get(&id).ok_or("the sample is gone")?;
    screen.heading("1. What ARMS sends (events/alertmanager-firing.json)")?;
    screen.line(format!("  POST http://{}{}", inbox.address, webhook.target))?;
    for (name, value) in &webhook.headers {
        screen.line(format!("  {} {value}", format!("{name}:").cyan()))?;
    }
    screen.line("")?;
    screen.body(&webhook.body)?;

    screen.heading("2. What PagerDuty gets")?;
    for sent in webhook.events.iter().filter(|sent| !sent.attempts.is_empty()) {
        screen.line(format!("  POST {}/v2/enqueue", inbox.events_url))?;
        screen.body(&String::from_utf8_lossy(&sent.wire))?;
    }

    screen.heading("3. What ARMS is answered")?;
    if let Some(answer) = &webhook.answer {
        screen.line(format!("  {}", StatusCode::from_u16(answer.status)?))?;
        screen.body(&answer.body)?;
    }

    screen.heading("4. What PagerDuty shows")?;
    let alert = webhook.events.first().and_then(|sent| inbox.alert(sent.alert.as_ref()?));
    let alert = alert.ok_or("the sample did not become an alert")?;
    for (name, value) in [
        ("state", state(alert.state)),
        ("severity", severity(alert.severity.as_deref().unwrap_or("none"), 0)),
        ("summary", printable(&alert.summary)),
        ("source", printable(alert.source.as_deref().unwrap_or_default())),
    ] {
        screen.line(format!("  {} {value}", format!("{name:<9}").cyan()))?;
    }

    screen.heading("Try next")?;
    // This function ends with `--once`: the commands are for the next one.
    let next = options.listen.filter(|address| address.port() != 0).unwrap_or(LISTEN);
    let address = if options.once { next } else { inbox.address };
    let url = format!("http://{address}{}", sample.path);
    if options.once {
        screen.line(
            "  Start it without `--once`, so that it goes on listening, and paste in another terminal.\n",
        )?;
    }
    for (what, status) in [
        ("The same alert fires again: PagerDuty adds it to the open one and pages nobody twice.", "firing"),
        ("It recovers: PagerDuty resolves it.", "resolved"),
    ] {
        screen.line(format!("  {what}"))?;
        screen.made_up(&format!("\n{}\n", sample.command(&url, options.token, status)?))?;
    }

    screen.heading("Go live")?;
    screen.line(format!(
        "  One setting keeps this on your machine: PAGERDUTY_EVENTS_URL={}",
        inbox.events_url
    ))?;
    screen
        .line("  Without it the function sends to the real PagerDuty, and a real integration key pages:")?;
    screen.line(
        "  here with `cargo run -p arms-pagerduty`, deployed with `sam build && sam deploy --guided`.",
    )?;
    Ok(())
}
