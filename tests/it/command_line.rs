//! The command line of the built binary.

use crate::bridge::KEY;
use crate::docs::settings_of;
use crate::hosts::TOKEN;
use crate::process::{PATIENCE, Process};

async fn run(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let (status, process) = Process::spawn_with(arguments, settings).ended().await;
    (status.code(), process.stdout(), process.stderr())
}

#[tokio::test]
async fn help_and_version_are_told() {
    let version = concat!("arms-pagerduty ", env!("CARGO_PKG_VERSION"), "\n");
    for (argument, wanted) in [("--version", version), ("--help", "--check"), ("--help", "WEBHOOK_TOKEN")] {
        let (code, reported, complaint) = run(&[argument], &[("LISTEN", "wrong")]).await;
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "{argument}");
        assert!(reported.contains(wanted), "{argument}: {reported}");
    }
}

#[tokio::test]
async fn an_unknown_argument_is_an_error() {
    for arguments in [&["--chek"][..], &["check"], &["--check", "--help"], &["--check", "x"], &[""]] {
        let (code, reported, complaint) = run(arguments, &[]).await;
        assert_eq!((code, reported.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(complaint.contains("--help") && complaint.lines().count() == 1, "{complaint}");
    }
}

#[tokio::test]
async fn a_check_shows_every_documented_setting_and_no_secret() {
    let settings = [
        ("PAGERDUTY_INTEGRATION_KEY", KEY),
        ("WEBHOOK_TOKEN", "the-token,another-token"),
        ("PAGERDUTY_REGION", "eu"),
        ("DELIVER_WITHIN_MS", "1234"),
        ("LISTEN", "0.0.0.0:8080"),
    ];
    let (code, reported, complaint) = run(&["--check"], &settings).await;
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    let shown = reported.lines().filter_map(|line| line.split_whitespace().next());
    let shown = shown.filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    assert_eq!(shown.collect::<Vec<_>>(), settings_of("docs/settings.md"), "{reported}");
    for value in ["****cdef", "eu", "1234", "0.0.0.0:8080", "plain HTTP"] {
        assert!(reported.contains(value), "{value} in {reported}");
    }
    for secret in [KEY, TOKEN.1, "another-token"] {
        assert!(!reported.contains(secret), "{reported}");
    }
    let (_, reported, _) = run(&["--check"], &[("FC_SERVER_PORT", "9000")]).await;
    assert!(reported.contains("Function Compute") && reported.contains("not set"), "{reported}");
}

#[tokio::test]
async fn a_check_of_wrong_settings_tells_all_and_fails() {
    let (code, reported, complaint) = run(&["--check"], &[("EVENT_PER", "page"), ("LISTEN", "nine")]).await;
    assert_eq!((code, reported.as_str()), (Some(1), ""));
    assert!(complaint.contains("EVENT_PER") && complaint.contains("LISTEN"), "{complaint}");
}

/// Lambda's emulators and images may pass the name of a handler.
#[tokio::test]
async fn on_lambda_an_argument_loses_no_alert() {
    let api = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = api.local_addr().expect("an address").to_string();
    let lambda = [
        ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "arms-pagerduty"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ];
    let process = Process::spawn_with(&["bootstrap"], &lambda);
    let asked = tokio::time::timeout(PATIENCE, api.accept()).await;
    assert!(asked.is_ok_and(|asked| asked.is_ok()), "{}", process.stderr());
}
