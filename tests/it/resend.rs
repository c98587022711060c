//! `arms-pagerduty resend`: what the binary has logged in an outage, sent again by the binary.

use crate::bridge::KEY;
use crate::delivery::notification;
use crate::hosts::{is_open, plain, standin};
use crate::process::Process;
use pagerduty_standin::memory::AlertState;
use pagerduty_standin::{Fault, Standin};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A file that is removed when this is dropped.
struct LogFile(PathBuf);

impl LogFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("resend-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What one run has said.
struct Run {
    code: Option<i32>,
    said: String,
    complaint: String,
}

async fn resend(standin: &Standin, arguments: &[&str], settings: &[(&str, &str)]) -> Run {
    let url = standin.url();
    let fixed = [("PAGERDUTY_EVENTS_URL", url.as_str()), ("PAGERDUTY_INTEGRATION_KEY", KEY)];
    let settings = [&fixed, settings].concat();
    let (status, process) = Process::spawn_with(&[&["resend"], arguments].concat(), &settings).ended().await;
    Run { code: status.code(), said: process.stdout(), complaint: process.stderr() }
}

/// The log of a function that receives these alerts while PagerDuty is at fault.
async fn log_of_an_outage(standin: &Standin, posts: &[(&str, &str)]) -> String {
    standin.set_standing_fault(Some(Fault::status(500)));
    let process = plain(standin, &[("DELIVER_WITHIN_MS", "50")]).await;
    for (alert, status) in posts {
        let answer = process.post("/", &[], &notification([(*alert, "error", *status)])).await;
        assert_eq!(answer.status, 500, "{}", answer.body);
    }
    let logged = |process: &Process| process.lines("undelivered").len() == posts.len();
    assert!(process.wait_for(logged).await, "{}", process.stdout());
    standin.clear();
    standin.clear_faults();
    process.stdout()
}

fn dedup_keys(standin: &Standin) -> Vec<(String, String)> {
    let requests = standin.requests();
    let events =
        requests.iter().map(|request| -> Value { serde_json::from_slice(&request.body).expect("JSON") });
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    events.map(|event| (text(&event, "event_action"), text(&event, "dedup_key"))).collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(action, key)| ((*action).to_owned(), (*key).to_owned())).collect()
}

#[tokio::test]
async fn after_an_outage_pagerduty_has_what_it_would_have_had() {
    let standin = standin().await;
    let posts = [
        ("fires", "firing"),
        ("over", "firing"),
        ("over", "resolved"),
        ("again", "firing"),
        ("again", "resolved"),
        ("again", "firing"),
        ("fires", "firing"),
    ];
    let log = LogFile::new("outage", &log_of_an_outage(&standin, &posts).await);

    let shown = resend(&standin, &["--dry-run", log.path()], &[]).await;
    assert_eq!((shown.code, shown.complaint.as_str()), (Some(0), ""), "{}", shown.said);
    assert!(shown.said.contains("4 would be sent, 3 not needed; nothing was sent"), "{}", shown.said);
    assert!(standin.requests().is_empty());

    let run = resend(&standin, &[log.path()], &[]).await;
    assert_eq!((run.code, run.complaint.as_str()), (Some(0), ""), "{}", run.said);
    assert!(run.said.contains("4 accepted, 0 not accepted, 3 not needed"), "{}", run.said);
    assert_eq!(run.said.matches(": accepted").count(), 4, "{}", run.said);
    let wanted = [("resolve", "over"), ("resolve", "again"), ("trigger", "again"), ("trigger", "fires")];
    assert_eq!(dedup_keys(&standin), pairs(&wanted));
    assert!(is_open(&standin, "fires") && is_open(&standin, "again"));
    assert!(standin.alert(KEY, "over").is_none(), "it was over before PagerDuty heard of it");
    assert!(!run.said.contains(KEY));
}

#[tokio::test]
async fn what_pagerduty_has_learnt_meanwhile_is_not_undone() {
    let standin = standin().await;
    let before = log_of_an_outage(&standin, &[("a", "firing"), ("b", "firing")]).await;
    let process = plain(&standin, &[]).await;
    process.post("/", &[], &notification([("a", "error", "firing")])).await;
    process.post("/", &[], &notification([("a", "error", "resolved")])).await;
    assert!(process.wait_for(|process| process.lines("event").len() == 2).await);
    let [before, after] =
        [("before", before), ("after", process.stdout())].map(|(name, text)| LogFile::new(name, &text));

    let run = resend(&standin, &[after.path(), before.path()], &[]).await;
    assert_eq!(run.code, Some(0), "{}", run.said);
    assert!(run.said.contains("newer event") && run.said.contains("1 accepted"), "{}", run.said);
    assert!(standin.alert(KEY, "a").is_some_and(|alert| alert.state == AlertState::Resolved));
    assert!(is_open(&standin, "b"));
}

#[tokio::test]
async fn lines_come_from_standard_input_as_well_as_cloudwatch_wraps_them() {
    let standin = standin().await;
    let log = log_of_an_outage(&standin, &[("a", "firing"), ("b", "firing")]).await;
    let events: Vec<Value> = log.lines().map(|line| json!({"message": format!("{line}\n")})).collect();
    let document = serde_json::to_string_pretty(&json!({"events": events})).expect("JSON");
    let mut child = Command::new(env!("CARGO_BIN_EXE_arms-pagerduty"))
        .arg("resend")
        .env_clear()
        .envs([("PAGERDUTY_EVENTS_URL", standin.url().as_str()), ("PAGERDUTY_INTEGRATION_KEY", KEY)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(document.as_bytes()).await.expect("a reader");
    drop(stdin);
    let output = child.wait_with_output().await.expect("an end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("-:1: trigger a"), "{said}");
    assert_eq!(dedup_keys(&standin), pairs(&[("trigger", "a"), ("trigger", "b")]));
}

#[tokio::test]
async fn what_is_not_accepted_is_said_and_fails() {
    let standin = standin().await;
    let log = log_of_an_outage(&standin, &[("a", "firing"), ("b", "firing"), ("c", "firing")]).await;
    let log = LogFile::new("refused", &log);
    standin.set_standing_fault_for("a", Some(Fault::status(400)));
    standin.set_standing_fault_for("b", Some(Fault::status(500)));
    let run = resend(&standin, &[log.path()], &[("DELIVER_WITHIN_MS", "100")]).await;
    assert_eq!(run.code, Some(1), "{}", run.said);
    assert!(
        run.said.contains("NOT ACCEPTED (400)") && run.said.contains("NOT ACCEPTED (500)"),
        "{}",
        run.said
    );
    assert!(run.said.contains("1 accepted, 2 not accepted") && is_open(&standin, "c"), "{}", run.said);

    standin.clear_faults();
    standin.push_fault(Fault::status(429));
    let run = resend(&standin, &[log.path()], &[]).await;
    assert_eq!(run.code, Some(0), "a rate limit is waited for: {}", run.said);
    assert!(is_open(&standin, "a") && is_open(&standin, "b"));
}

#[tokio::test]
async fn a_line_that_was_cut_or_lost_is_said_and_fails() {
    let standin = standin().await;
    let log = log_of_an_outage(&standin, &[("a", "firing"), ("b", "firing")]).await;
    let events: Vec<&str> = log.lines().filter(|line| line.contains("\"undelivered\",")).collect();
    let [first, second] = events.as_slice() else { panic!("{log}") };
    let cut = LogFile::new("cut", &log.replace(first, &first[..150]));
    let lost = LogFile::new("lost", &log.replace(first, ""));
    for (file, words) in [(&cut, "cannot be read"), (&lost, "1 counted as undelivered")] {
        standin.clear();
        let run = resend(&standin, &[file.path()], &[]).await;
        assert_eq!(run.code, Some(1), "{}", run.said);
        assert!(run.said.contains(words) && is_open(&standin, "b"), "{}", run.said);
        let shown = resend(&standin, &[file.path(), "--dry-run"], &[]).await;
        assert!(shown.code == Some(1) && shown.said.contains(words), "{}", shown.said);
    }
    let only_second = LogFile::new("only", &format!("{second}\n"));
    assert_eq!(resend(&standin, &[only_second.path()], &[]).await.code, Some(0));
}

#[tokio::test]
async fn events_of_another_key_stay_where_they_are() {
    let standin = standin().await;
    let log = log_of_an_outage(&standin, &[("a", "firing")]).await;
    let (other, both) =
        (log.replace("****cdef", "****1111"), format!("{log}{}", log.replace("****cdef", "****1111")));
    let (other, both) = (LogFile::new("other", &other), LogFile::new("both", &both));
    let run = resend(&standin, &[other.path()], &[]).await;
    assert!(run.code == Some(1) && run.said.contains("1 of the key ****1111"), "{}", run.said);
    assert!(standin.requests().is_empty());
    let run = resend(&standin, &[both.path()], &[]).await;
    assert!(run.code == Some(0) && run.said.contains("1 of the key ****1111"), "{}", run.said);
    assert!(is_open(&standin, "a"));
}

#[tokio::test]
async fn only_the_settings_that_count_must_be_right() {
    let standin = standin().await;
    let empty = LogFile::new("empty", "nothing here\n");
    let host = [("LISTEN", "0.0.0.0:80"), ("EVENT_PER", "wrong"), ("FC_SERVER_PORT", "9000")];
    let run = resend(&standin, &[empty.path()], &host).await;
    assert_eq!(
        (run.code, run.said.as_str()),
        (Some(0), "no undelivered event in 1 lines\n"),
        "{}",
        run.complaint
    );
    for (settings, named) in [
        ([("PAGERDUTY_INTEGRATION_KEY", "")], "PAGERDUTY_INTEGRATION_KEY must be set"),
        ([("PAGERDUTY_REGION", "cn")], "PAGERDUTY_REGION"),
        ([("DELIVER_WITHIN_MS", "soon")], "DELIVER_WITHIN_MS"),
    ] {
        let run = resend(&standin, &[empty.path()], &settings).await;
        assert!(run.code == Some(1) && run.said.is_empty(), "{named}: {}", run.said);
        assert!(run.complaint.replace(": must", " must").contains(named), "{}", run.complaint);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_stops_it_before_anything_is_sent() {
    let standin = standin().await;
    let log = LogFile::new("readable", &log_of_an_outage(&standin, &[("a", "firing")]).await);
    let run = resend(&standin, &[log.path(), "no-such-file"], &[]).await;
    assert!(run.code == Some(1) && run.complaint.contains("no-such-file"), "{}", run.complaint);
    assert!(standin.requests().is_empty());
    let run = resend(&standin, &["--dryrun", log.path()], &[]).await;
    assert!(run.code == Some(2) && run.complaint.contains("--dryrun"), "{}", run.complaint);
    let (status, process) = Process::spawn_with(&["--help"], &[]).ended().await;
    assert!(status.success() && process.stdout().contains("resend"));
}
