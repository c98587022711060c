//! Random lives of alert groups, notified as Alertmanager notifies them: when all is over nothing is open at
//! PagerDuty, and while something fires something is open.
//!
//! What the function can promise rests on how Alertmanager reports a group, and these lives keep to it. A
//! notification lists every firing alert and those that recovered since the last one, in no special order. A
//! recovered alert is listed once. An alert that fires again has a later start. Where a notification leaves
//! alerts out, it leaves out firing ones that started last. A group whose name depends on the alert name has
//! one alert name, and a group without any name lists at most 100 alerts while one of them fires.
//!
//! `LIVES=100000 cargo test --release --test it lives` runs more of them, `SEED=…` only one.

use crate::bridge::{Bridge, KEY, REQUEST_ID, request};
use crate::random::Random;
use arms_pagerduty::config::Config;
use arms_pagerduty::event::{Action, Api};
use arms_pagerduty::prepare::{self, Arrival};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::SystemTime;

/// How many lives a test run has if `LIVES` does not say.
const LIVES: u64 = 1_000;
/// How many go the whole way, over HTTP.
const LIVES_OVER_HTTP: u64 = 25;
/// The most alerts of a group.
const ALERTS_MAX: usize = 150;
/// The most alerts of a notification that are events of their own (docs/mapping.md).
const SINGLE_MAX: usize = 100;
/// PagerDuty takes about 120 events a minute; the group's own and 100 more are what one notification may make.
const EVENTS_MAX: usize = SINGLE_MAX + 1;

/// What of a notification names its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// Prometheus's own webhook.
    GroupKey,
    /// ARMS's webhook as public bridges have seen it.
    AlarmId,
    /// ARMS's webhook as it is documented.
    ReceiverAndGroupLabels,
    GroupLabels,
    Receiver,
    ReceiverAndAlertName,
    AlertName,
    Nothing,
}

const NAMINGS: [Naming; 8] = [
    Naming::GroupKey,
    Naming::AlarmId,
    Naming::ReceiverAndGroupLabels,
    Naming::GroupLabels,
    Naming::Receiver,
    Naming::ReceiverAndAlertName,
    Naming::AlertName,
    Naming::Nothing,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Firing,
    /// Over, and the next notification will say so.
    Recovered,
    /// Over, and notified.
    Quiet,
}

#[derive(Debug)]
struct Alert {
    number: usize,
    name: &'static str,
    /// When it started, in seconds of the life.
    started: usize,
    state: State,
}

/// One group from its first alert to its last recovery.
#[derive(Debug)]
struct Life {
    naming: Naming,
    by_group: bool,
    has_two_names: bool,
    has_fingerprints: bool,
    /// The most alerts that it grows to.
    peak: usize,
    alerts: Vec<Alert>,
    now: usize,
}

impl Life {
    fn begin(random: &mut Random) -> Self {
        let naming = random.pick(&NAMINGS);
        let is_named_by_alert = matches!(naming, Naming::AlertName | Naming::ReceiverAndAlertName);
        let most = if naming == Naming::Nothing { SINGLE_MAX } else { ALERTS_MAX };
        let peak = match random.below(8) {
            0 => random.between(1, 3),
            1..=5 => random.between(3, 30),
            6 => random.between(60, most),
            _ => random.between(most - 45, most),
        };
        Self {
            naming,
            by_group: random.percent(30),
            has_two_names: !is_named_by_alert && random.percent(50),
            has_fingerprints: random.percent(50),
            peak,
            alerts: Vec::new(),
            now: 0,
        }
    }

    fn count(&self, state: State) -> usize {
        self.alerts.iter().filter(|alert| alert.state == state).count()
    }

    fn listed(&self) -> usize {
        self.count(State::Firing) + self.count(State::Recovered)
    }

    /// Up to `count` alerts begin to fire, new ones or such as have fired before.
    fn join(&mut self, count: usize, random: &mut Random) {
        for _ in 0..count {
            if self.listed() >= self.peak {
                return;
            }
            self.now += random.between(1, 20);
            let again = self.alerts.iter().position(|alert| alert.state == State::Quiet);
            match again.filter(|_| random.percent(30)) {
                Some(place) => {
                    self.alerts[place].state = State::Firing;
                    self.alerts[place].started = self.now;
                }
                None => self.alerts.push(Alert {
                    number: self.alerts.len(),
                    name: if self.has_two_names && random.percent(40) { "PodSlow" } else { "PodDown" },
                    started: self.now,
                    state: State::Firing,
                }),
            }
        }
    }

    /// Each firing alert recovers with this chance.
    fn recover(&mut self, chance: u64, random: &mut Random) {
        for alert in &mut self.alerts {
            if alert.state == State::Firing && random.percent(chance) {
                alert.state = State::Recovered;
            }
        }
    }

    /// What happens between two notifications.
    fn go_on(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.join(random.between(1, 3), random),
            1 | 2 => self.join(self.peak, random),
            3 => self.recover(random.pick(&[5, 30, 60, 95]), random),
            4 => {
                self.recover(random.pick(&[10, 50, 90]), random);
                self.join(random.between(1, self.peak), random);
            }
            // Nothing: the notification is repeated.
            _ => {}
        }
    }

    /// The next notification; `None` while there is nothing to tell.
    fn notify(&mut self, random: &mut Random) -> Option<Value> {
        if self.listed() == 0 {
            return None;
        }
        let mut listed: Vec<&Alert> =
            self.alerts.iter().filter(|alert| alert.state != State::Quiet).collect();
        listed.sort_by_key(|alert| (alert.state == State::Firing, alert.started));
        let firing = self.count(State::Firing);
        let mut truncated = 0;
        if firing > 1 && random.percent(8) {
            truncated = random.between(1, firing - 1);
            listed.truncate(listed.len() - truncated);
        }
        random.shuffle(&mut listed);
        let notification = self.notification(&listed, truncated, firing > 0);
        for alert in &mut self.alerts {
            if alert.state == State::Recovered {
                alert.state = State::Quiet;
            }
        }
        Some(notification)
    }

    fn notification(&self, listed: &[&Alert], truncated: usize, fires: bool) -> Value {
        let first = listed.first().expect("an alert").name;
        let mut common = json!({"job": "kubelet"});
        if listed.iter().all(|alert| alert.name == first) {
            common["alertname"] = json!(first);
        }
        let group_labels = json!({"cluster": "c1"});
        let parts: &[(&str, Value)] = match self.naming {
            Naming::GroupKey => &[
                ("groupKey", json!("{}:{cluster=\"c1\"}")),
                ("receiver", json!("pd")),
                ("groupLabels", group_labels),
                ("commonLabels", common),
            ],
            Naming::AlarmId => {
                &[("alarmId", json!(2848)), ("receiver", json!("pd")), ("commonLabels", common)]
            }
            Naming::ReceiverAndGroupLabels => {
                &[("receiver", json!("pd")), ("groupLabels", group_labels), ("commonLabels", common)]
            }
            Naming::GroupLabels => &[("groupLabels", group_labels), ("commonLabels", common)],
            Naming::Receiver => &[("receiver", json!("pd"))],
            Naming::ReceiverAndAlertName => &[("receiver", json!("pd")), ("commonLabels", common)],
            Naming::AlertName => &[("commonLabels", common)],
            Naming::Nothing => &[],
        };
        let mut notification: Map<String, Value> =
            parts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        notification.insert("integration_key".to_owned(), json!(KEY));
        notification.insert("status".to_owned(), json!(if fires { "firing" } else { "resolved" }));
        if truncated > 0 {
            notification.insert("truncatedAlerts".to_owned(), json!(truncated));
        }
        let alerts = listed.iter().map(|alert| self.alert(alert));
        notification.insert("alerts".to_owned(), alerts.collect());
        Value::Object(notification)
    }

    fn alert(&self, alert: &Alert) -> Value {
        let (hour, minute, second) = (alert.started / 3_600, alert.started / 60 % 60, alert.started % 60);
        let mut reported = json!({
            "status": if alert.state == State::Firing { "firing" } else { "resolved" },
            "startsAt": format!("2025-03-01T{hour:02}:{minute:02}:{second:02}.123456789Z"),
            "labels": {"alertname": alert.name, "job": "kubelet", "pod": format!("pod-{}", alert.number)},
        });
        if self.has_fingerprints {
            reported["fingerprint"] = json!(format!("f{:04}", alert.number));
        }
        reported
    }
}

/// The way from a notification to the events, without the sending.
struct Core {
    by_alert: Config,
    by_group: Config,
}

impl Core {
    fn new() -> Self {
        let config = |event_per: &str| {
            let read = Config::read(|name| (name == "EVENT_PER").then(|| event_per.to_owned()));
            read.unwrap_or_else(|faults| panic!("{faults:?}"))
        };
        Self { by_alert: config("alert"), by_group: config("group") }
    }

    /// The events in PagerDuty's words: action and dedup key of each; else why there are none.
    fn reported(&self, by_group: bool, body: &Value) -> Result<Vec<(&'static str, String)>, String> {
        let config = if by_group { &self.by_group } else { &self.by_alert };
        let request = request("POST", "/", &[("content-type", "application/json")], body.to_string().into());
        let (head, body) = request.into_parts();
        let arrival = Arrival::new(Api::V2, &head, REQUEST_ID, SystemTime::now());
        let prepared = prepare::prepare(config, &arrival, &head, body);
        let events = prepared.map_err(|error| format!("refused: {error}"))?.parcels;
        let action = |action: &Action| match action {
            Action::Trigger => "trigger",
            Action::Acknowledge => "acknowledge",
            Action::Resolve => "resolve",
        };
        Ok(events.into_iter().map(|event| (action(&event.action), event.dedup_key)).collect())
    }
}

/// PagerDuty, as far as it matters here: the dedup keys of the open alerts.
#[derive(Default)]
struct Open(BTreeSet<String>);

impl Open {
    fn take(&mut self, events: Vec<(&'static str, String)>) {
        for (action, dedup_key) in events {
            match action {
                "trigger" => drop(self.0.insert(dedup_key)),
                "resolve" => drop(self.0.remove(&dedup_key)),
                _ => {}
            }
        }
    }
}

/// The notifications of one life: each with whether something fires.
fn tell(random: &mut Random, life: &mut Life) -> Vec<(Value, bool)> {
    let mut reported = Vec::new();
    let start = random.between(1, life.peak);
    life.join(start, random);
    for _ in 0..random.between(1, 7) {
        if let Some(notification) = life.notify(random) {
            reported.push((notification, life.count(State::Firing) > 0));
        }
        life.go_on(random);
    }
    // The end: all at once, or some earlier than others.
    if life.naming == Naming::Nothing && random.percent(30) {
        // More than 100 that are all over by the time they are notified.
        life.recover(100, random);
        life.peak = ALERTS_MAX;
        life.join(random.between(1, ALERTS_MAX), random);
        life.recover(100, random);
    }
    while life.listed() > 0 {
        life.recover(random.pick(&[40, 90, 100]), random);
        let notification = life.notify(random).expect("something to tell");
        reported.push((notification, life.count(State::Firing) > 0));
    }
    reported
}

/// What is wrong after a notification; `None` if both promises hold.
fn broken(open: &Open, fires: bool, is_last: bool) -> Option<String> {
    if fires && open.0.is_empty() {
        Some("something fires and nothing is open".to_owned())
    } else if is_last && !open.0.is_empty() {
        let some: Vec<&String> = open.0.iter().take(3).collect();
        Some(format!("all is over and {} are open: {some:?} …", open.0.len()))
    } else {
        None
    }
}

fn number_in(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

fn summary(reported: &[(Value, bool)]) -> String {
    let lines = reported.iter().map(|(notification, _)| {
        let alerts = notification["alerts"].as_array().expect("a list");
        let firing = alerts.iter().filter(|alert| alert["status"] == "firing").count();
        let truncated = notification.get("truncatedAlerts").unwrap_or(&Value::Null);
        format!("{firing} firing, {} resolved, left out: {truncated}", alerts.len() - firing)
    });
    lines.collect::<Vec<_>>().join("\n  ")
}

#[test]
fn after_each_life_of_a_group_nothing_is_open_and_while_it_fires_something_is() {
    let core = Core::new();
    let seeds = match number_in("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_in("LIVES").unwrap_or(LIVES),
    };
    let lives = seeds.end - seeds.start;
    let mut problems = Vec::new();
    for seed in seeds {
        let mut random = Random(seed);
        let mut life = Life::begin(&mut random);
        let reported = tell(&mut random, &mut life);
        let mut open = Open::default();
        for (place, (notification, fires)) in reported.iter().enumerate() {
            // A sender that saw no answer sends the same again.
            let times = if random.percent(10) { 2 } else { 1 };
            let mut wrong = None;
            for _ in 0..times {
                match core.reported(life.by_group, notification) {
                    Ok(events) if (1..=EVENTS_MAX).contains(&events.len()) => open.take(events),
                    Ok(events) => wrong = Some(format!("{} events", events.len())),
                    Err(refusal) => wrong = Some(refusal),
                }
            }
            let wrong = wrong.or_else(|| broken(&open, *fires, place + 1 == reported.len()));
            if let Some(wrong) = wrong {
                let Life { naming, by_group, has_two_names, has_fingerprints, .. } = &life;
                problems.push(format!(
                    "SEED={seed}: {wrong}\n  after notification {} of {}, named by {naming:?}, by group: {by_group}, \
                     two names: {has_two_names}, fingerprints: {has_fingerprints}\n  {}",
                    place + 1,
                    reported.len(),
                    summary(&reported)
                ));
                break;
            }
        }
    }
    let shown = &problems[..problems.len().min(5)];
    assert!(problems.is_empty(), "{} of {lives} lives:\n{}", problems.len(), shown.join("\n"));
}

/// The same with delivery, for a few lives: what is sent is what was made.
#[tokio::test]
async fn the_same_holds_of_what_pagerduty_receives() {
    let by_alert = Bridge::start().await;
    let by_group = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut problems = Vec::new();
    for seed in 0..LIVES_OVER_HTTP {
        let mut random = Random(seed);
        let mut life = Life::begin(&mut random);
        let reported = tell(&mut random, &mut life);
        let bridge = if life.by_group { &by_group } else { &by_alert };
        let mut open = Open::default();
        for (place, (notification, fires)) in reported.iter().enumerate() {
            let answer = bridge.post("/", "application/json", &notification.to_string()).await;
            if answer.status() != 202 {
                problems.push(format!("SEED={seed}: {answer:?}\n  {}", summary(&reported)));
                break;
            }
            let events = bridge.take_events();
            let of = |event: &Value, name: &str| event[name].as_str().expect("a text").to_owned();
            for event in &events {
                let action = if event["event_action"] == "trigger" { "trigger" } else { "resolve" };
                open.take(vec![(action, of(event, "dedup_key"))]);
            }
            if let Some(wrong) = broken(&open, *fires, place + 1 == reported.len()) {
                problems.push(format!("SEED={seed}: {wrong}\n  {}", summary(&reported)));
                break;
            }
        }
    }
    assert!(problems.is_empty(), "{} lives:\n{}", problems.len(), problems.join("\n"));
}
