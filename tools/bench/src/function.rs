//! A Lambda function as a process, with a Runtime API of its own: started, invoked, looked at, ended.

use crate::Fault;
use crate::program::Program;
use crate::server::Server;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use procfs::process::Process;
use serde_json::Value;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// How long an invocation may take, as the function is told.
const TIME_OUT: Duration = Duration::from_secs(30);

/// One running function and the Runtime API that it talks to.
pub(crate) struct Function {
    child: Child,
    pub(crate) started: Instant,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Bytes>,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// Dropped, it lets the process go on that has answered: until then it waits, and can be looked at.
    hold: Option<oneshot::Sender<()>>,
    _api: Server,
}

/// What the process posted, when it had arrived whole, and its hold.
type Answer = (Bytes, Instant, oneshot::Sender<()>);

struct Shared {
    asked: Notify,
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl Function {
    /// Starts `program`, which sends its events to this URL; `event` is there when it first asks.
    pub(crate) async fn start(
        program: &Program,
        events_url: &str,
        event: Option<&Bytes>,
    ) -> Result<Self, Fault> {
        let (events, given) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { asked: Notify::new(), events: Mutex::new(given), answers: answered });
        // AWS, "Using the Lambda runtime API for custom runtimes": a GET asks for an event, a POST answers it.
        let router = Router::new().fallback_service(get(next).post(answer).with_state(Arc::clone(&shared)));
        let api = Server::start(router).await?;
        if let Some(event) = event {
            events.send(event.clone())?;
        }
        let started = Instant::now();
        let (file, arguments) = program.command.split_first().ok_or("no command")?;
        let child = Command::new(file)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("PAGERDUTY_EVENTS_URL", events_url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Over TLS each complains of the certificate, as it should.
            .stderr(if events_url.starts_with("https") { Stdio::null() } else { Stdio::inherit() })
            .spawn()
            .map_err(|error| format!("{}: {error}", program.name))?;
        Ok(Self { child, started, shared, events, answers, hold: None, _api: api })
    }

    /// Waits until the process asks for an event and has nothing else to do.
    pub(crate) async fn idle(&mut self) -> Result<(), Fault> {
        let asked = timeout(Duration::from_secs(10), self.shared.asked.notified()).await;
        asked.map_err(|_| "the function does not ask for an event")?;
        self.cpu().await?;
        Ok(())
    }

    /// Gives the idle process an event, and waits for nothing.
    pub(crate) fn give(&self, event: &Bytes) -> Result<(), Fault> {
        Ok(self.events.send(event.clone())?)
    }

    /// How long it took from `begin` to the answer, which must be that of a delivery.
    pub(crate) async fn answered_since(&mut self, begin: Instant) -> Result<Duration, Fault> {
        let answer = timeout(TIME_OUT, self.answers.recv()).await.map_err(|_| "no answer in time")?;
        let (body, at, hold) = answer.ok_or("the Runtime API has ended")?;
        self.hold = Some(hold);
        let document: Value = serde_json::from_slice(&body)?;
        match document.get("statusCode").and_then(Value::as_i64) {
            Some(202) => Ok(at - begin),
            _ => Err(format!("not the answer of a delivery: {document}").into()),
        }
    }

    /// The CPU time of all threads, in user space and kernel, once they have come to rest: a running
    /// one is not up to date.
    pub(crate) async fn cpu(&self) -> Result<Duration, Fault> {
        let mut last = None;
        loop {
            let mut nanoseconds = 0;
            for thread in self.process()?.tasks()? {
                nanoseconds += thread?.schedstat()?.sum_exec_runtime;
            }
            if last == Some(nanoseconds) {
                return Ok(Duration::from_nanos(nanoseconds));
            }
            last = Some(nanoseconds);
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The most memory it ever had, files mapped included, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Fault> {
        Ok(self.process()?.status()?.vmhwm.ok_or("no VmHWM")? * 1024)
    }

    /// How many pages it has touched for the first time.
    pub(crate) fn page_faults(&self) -> Result<u64, Fault> {
        Ok(self.process()?.stat()?.minflt)
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn process(&self) -> Result<Process, Fault> {
        Ok(Process::new(self.child.id().try_into()?)?)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // One that has ended of itself needs no more than the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    shared.asked.notify_one();
    let event = shared.events.lock().await.recv().await.unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:bench";
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-invoked-function-arn", arn.to_owned()),
        ("lambda-runtime-trace-id", trace.to_owned()),
        ("lambda-runtime-deadline-ms", (now + TIME_OUT).as_millis().to_string()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event)
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let (hold, released) = oneshot::channel();
    if shared.answers.send((body, Instant::now(), hold)).is_ok() {
        // An error is how it is let go.
        let _ = released.await;
    }
    StatusCode::ACCEPTED
}
