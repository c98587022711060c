//! A Lambda function as a process: started, invoked, looked at, ended.

use crate::Fault;
use crate::program::Program;
use crate::runtime_api::{Answer, RuntimeApi, TIME_OUT_MS};
use bytes::Bytes;
use serde_json::Value;
use std::fs::{read_dir, read_to_string};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// One running function and the Runtime API that it talks to.
pub(crate) struct Function {
    api: RuntimeApi,
    child: Child,
    started: Instant,
}

/// An answered invocation; the process waits until it is dropped.
pub(crate) struct Invoked {
    /// From the start, or the giving of the event, to the answer.
    pub(crate) wall: Duration,
    _answer: Answer,
}

impl Function {
    /// Starts `program`, which sends its events to this URL; `event` is there when it first asks.
    pub(crate) async fn start(
        program: &Program,
        events_url: &str,
        event: Option<&Bytes>,
    ) -> Result<Self, Fault> {
        let api = RuntimeApi::start().await?;
        if let Some(event) = event {
            api.give(event);
        }
        let started = Instant::now();
        let (file, arguments) = program.command.split_first().ok_or("no command")?;
        let child = Command::new(file)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
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
        Ok(Self { api, child, started })
    }

    /// The answer to the event that was there at the start.
    pub(crate) async fn first_answer(&mut self) -> Result<Invoked, Fault> {
        self.answered_since(self.started).await
    }

    /// Waits until the process asks for an event and has nothing else to do.
    pub(crate) async fn idle(&mut self) -> Result<(), Fault> {
        let asked = timeout(Duration::from_secs(10), self.api.asked()).await;
        asked.map_err(|_| "the function does not ask for an event")?;
        self.cpu().await?;
        Ok(())
    }

    /// Gives the idle process an event.
    pub(crate) async fn invoke(&mut self, event: &Bytes) -> Result<Invoked, Fault> {
        let given = Instant::now();
        self.give(event);
        self.answered_since(given).await
    }

    async fn answered_since(&mut self, begin: Instant) -> Result<Invoked, Fault> {
        let answer = timeout(Duration::from_millis(TIME_OUT_MS), self.api.answer()).await;
        let answer = answer.map_err(|_| "no answer in time")?.ok_or("the Runtime API has ended")?;
        let document: Value = serde_json::from_slice(&answer.body)?;
        match document.get("statusCode").and_then(Value::as_i64) {
            Some(202) => Ok(Invoked { wall: answer.at - begin, _answer: answer }),
            _ => Err(format!("not the answer of a delivery: {document}").into()),
        }
    }

    /// The CPU time of all threads, in user space and kernel, once they have come to rest: a running
    /// one is not up to date.
    pub(crate) async fn cpu(&self) -> Result<Duration, Fault> {
        let mut last = self.cpu_now()?;
        loop {
            sleep(Duration::from_millis(2)).await;
            let now = self.cpu_now()?;
            if now == last {
                return Ok(now);
            }
            last = now;
        }
    }

    fn cpu_now(&self) -> Result<Duration, Fault> {
        let mut nanoseconds = 0;
        for thread in read_dir(self.proc("task"))? {
            let schedstat = read_to_string(thread?.path().join("schedstat"))?;
            let run: u64 = schedstat.split(' ').next().unwrap_or_default().parse()?;
            nanoseconds += run;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory it ever had, files mapped included, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Fault> {
        let status = read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no such line")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024)
    }

    /// How many pages it has touched for the first time.
    pub(crate) fn page_faults(&self) -> Result<f64, Fault> {
        let stat = read_to_string(self.proc("stat"))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no name")?;
        // The tenth of all (proc_pid_stat(5)), and the name was the second.
        Ok(fields.split(' ').nth(7).ok_or("no such field")?.parse()?)
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives the idle process an event, and waits for nothing.
    pub(crate) fn give(&mut self, event: &Bytes) {
        self.api.give(event);
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // One that has ended of itself needs no more than the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
