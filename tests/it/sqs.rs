//! A double of SQS's JSON protocol: it notes each call, and answers as it is told to. What SQS does with
//! messages afterwards is not here; `.ci/tests/test_durable.py` has a queue that hands them out.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// This status and name of an error; the message repeats the request's secrets, as SQS's may.
    Refuse(u16, &'static str),
    /// The messages with these ids are not stored.
    Fail(&'static [&'static str]),
    /// A web page.
    Page,
    /// No answer ever.
    Hang,
}

#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    next: Mutex<VecDeque<Trouble>>,
    standing: Mutex<Option<Trouble>>,
}

/// A running double; it ends with the runtime.
#[derive(Clone)]
pub(crate) struct Sqs {
    state: Arc<State>,
    url: String,
}

impl Sqs {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { state, url }
    }

    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/000000000000/{name}.fifo", self.url)
    }

    /// What goes wrong with the next calls, one after the other.
    pub(crate) fn push(&self, trouble: Trouble) {
        self.state.next.lock().expect("a lock").push_back(trouble);
    }

    /// What goes wrong with all other calls.
    pub(crate) fn stand(&self, trouble: Option<Trouble>) {
        *self.state.standing.lock().expect("a lock") = trouble;
    }

    /// The calls since the last time.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.calls.lock().expect("a lock"))
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(&state, request));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(state: &State, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let headers: BTreeMap<String, String> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned()))
        .collect();
    assert_eq!((head.method.as_str(), head.uri.path()), ("POST", "/"));
    let action = headers["x-amz-target"].strip_prefix("AmazonSQS.").expect("an action").to_owned();
    let said = serde_json::to_string(&headers).expect("JSON");
    state.calls.lock().expect("a lock").push(Call { action: action.clone(), headers, body: body.clone() });
    let next = state.next.lock().expect("a lock").pop_front();
    let standing = state.standing.lock().expect("a lock").clone();
    let (status, answer) = match next.or(standing).unwrap_or(Trouble::None) {
        Trouble::None => (200, success(&action, &body, &[])),
        Trouble::Fail(ids) => (200, success(&action, &body, ids)),
        Trouble::Refuse(status, code) => {
            (status, json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": said}).to_string())
        }
        Trouble::Page => (200, "<html>log in</html>".to_owned()),
        Trouble::Hang => std::future::pending().await,
    };
    let mut response = Response::new(Full::from(answer));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    Ok(response)
}

fn success(action: &str, body: &Value, failing: &[&str]) -> String {
    match action {
        "SendMessageBatch" => {
            let ids = body["Entries"].as_array().expect("entries").iter();
            let ids: Vec<&str> = ids.map(|entry| entry["Id"].as_str().expect("an id")).collect();
            let (failed, taken): (Vec<&str>, Vec<&str>) =
                ids.into_iter().partition(|id| failing.contains(id));
            let taken: Vec<Value> = taken.iter().map(|id| json!({"Id": id, "MessageId": "m"})).collect();
            let failed: Vec<Value> = failed
                .iter()
                .map(|id| json!({"Id": id, "Code": "InternalError", "SenderFault": false}))
                .collect();
            json!({"Successful": taken, "Failed": failed}).to_string()
        }
        "SendMessage" => json!({"MessageId": "m", "MD5OfMessageBody": "x"}).to_string(),
        _ => "{}".to_owned(),
    }
}
