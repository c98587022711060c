//! The function beside a PagerDuty stand-in, in this process or as the built binary.

use arms_pagerduty::config::{Config, Level};
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::{Invocation, Relay};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use pagerduty_standin::{Options, Standin};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key of every fixture.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
/// The id of every request that a test sends without a host.
pub(crate) const REQUEST_ID: &str = "REQUEST_ID";

/// The handler and the PagerDuty that it talks to.
pub(crate) struct Bridge {
    pub(crate) standin: Standin,
    pub(crate) relay: Arc<Relay>,
}

impl Bridge {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings besides PagerDuty's address.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::beside(Standin::start(Options::default()).await.expect("loopback"), settings)
    }

    /// Beside a PagerDuty with options of its own.
    pub(crate) fn beside(standin: Standin, settings: &[(&str, &str)]) -> Self {
        let url = standin.url();
        let config = Config::read(|name| match name {
            "PAGERDUTY_EVENTS_URL" => Some(url.clone()),
            _ => settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        });
        let config = config.unwrap_or_else(|faults| panic!("{faults:?}"));
        let relay = Relay::new(config, Log::new(Level::Error, |_| {})).expect("a client");
        Self { standin, relay: Arc::new(relay) }
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let invocation = Invocation { request_id: REQUEST_ID.to_owned(), deadline: None };
        self.relay.handle(request, &invocation).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &str) -> Response<Bytes> {
        let headers = [("content-type", content_type)];
        self.send(request("POST", path, &headers, body.to_owned().into())).await
    }

    /// The events that PagerDuty was sent since the last call, in their order, each checked by
    /// PagerDuty's rules.
    pub(crate) fn take_events(&self) -> Vec<Value> {
        let received = self.standin.requests();
        self.standin.clear();
        received
            .into_iter()
            .map(|request| {
                let api = request.api.expect("a path of PagerDuty's");
                pagerduty_standin::check(api, &request.body)
                    .unwrap_or_else(|refusal| panic!("PagerDuty refuses: {:?}", refusal.errors()))
            })
            .collect()
    }
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a method");
    *request.uri_mut() = path.parse().expect("a path");
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        request.headers_mut().append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    request
}

/// The request in a function URL event, as a host would unpack it.
pub(crate) fn unpack(event: &Value) -> Request<Bytes> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let headers: Vec<(&str, &str)> = event["headers"]
        .as_object()
        .expect("headers")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
        .collect();
    let path = format!("{}?{}", text("/rawPath"), text("/rawQueryString"));
    let body = match event["isBase64Encoded"].as_bool() {
        Some(true) => BASE64_STANDARD.decode(text("/body")).expect("base64"),
        _ => text("/body").as_bytes().to_vec(),
    };
    request(text("/requestContext/http/method"), path.trim_end_matches('?'), &headers, body.into())
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read_json(path: impl AsRef<Path>) -> Value {
    let path = repository().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The samples of `events/`: name and event, sorted.
pub(crate) fn samples() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(repository().join("events")).expect("events/");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), read_json(Path::new("events").join(name)))).collect()
}
