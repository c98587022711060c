//! The built binary in an environment that a test names in full, and a plain client that sees each
//! byte of an answer.

use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

/// Far longer than anything takes: what lasts longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// What a stream has brought so far.
type Text = Arc<Mutex<Vec<u8>>>;

/// The binary, running; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: Text,
    stderr: Text,
    address: SocketAddr,
}

impl Process {
    /// Starts it with these settings and no others, and waits for nothing.
    pub(crate) fn spawn(settings: &[(&str, &str)]) -> Self {
        Self::spawn_with(&[], settings)
    }

    /// The same with arguments.
    pub(crate) fn spawn_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let (mut process, stdout) = Self::spawn_unread(arguments, settings);
        process.stdout = gather(stdout);
        process
    }

    /// The same, but nobody reads its standard output.
    fn spawn_unread(arguments: &[&str], settings: &[(&str, &str)]) -> (Self, ChildStdout) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_arms-pagerduty"))
            .args(arguments)
            .env_clear()
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let stdout = child.stdout.take().expect("a pipe");
        let stderr = gather(child.stderr.take().expect("a pipe"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (Self { child, stdout: Text::default(), stderr, address }, stdout)
    }

    /// Starts it as a plain host, or as Function Compute if the settings name its port, and waits
    /// until it listens.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let mut settings = settings.to_vec();
        if !settings.iter().any(|(name, _)| *name == "LISTEN" || name.starts_with("FC_")) {
            settings.push(("LISTEN", "127.0.0.1:0"));
        }
        let mut process = Self::spawn(&settings);
        let listening = process.wait_for(|process| process.line("listening").is_some()).await;
        assert!(listening, "it does not listen: {}{}", process.stdout(), process.stderr());
        let line = process.line("listening").expect("waited for");
        let address: SocketAddr = line["address"].as_str().expect("an address").parse().expect("an address");
        process.address.set_port(address.port());
        process
    }

    /// The same at a level that lets no `listening` line pass: waits until `port` takes connections.
    pub(crate) async fn start_silent(settings: &[(&str, &str)]) -> Self {
        let (mut process, stdout) = Self::start_unread(settings).await;
        process.stdout = gather(stdout);
        process
    }

    /// A plain host whose log nobody reads.
    pub(crate) async fn start_unread(settings: &[(&str, &str)]) -> (Self, ChildStdout) {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let text = listen.to_string();
        let (mut process, stdout) =
            Self::spawn_unread(&[], &[settings, &[("LISTEN", text.as_str())]].concat());
        process.address = listen;
        while TcpStream::connect(listen).await.is_err() {
            let end = process.child.try_wait().expect("a child");
            assert!(end.is_none(), "it has ended: {}", process.stderr());
            sleep(POLL).await;
        }
        (process, stdout)
    }

    /// Begins to read a log that nobody has read so far.
    pub(crate) fn read_from_now(&mut self, stdout: ChildStdout) {
        self.stdout = gather(stdout);
    }

    /// The most memory that it has used at one time, in bytes; `None` where the system does not tell.
    pub(crate) fn memory_peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// The log's lines with this message.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let text = self.stdout();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let lines = whole.map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
        lines.filter(|line| line["message"] == message).collect()
    }

    fn line(&self, message: &str) -> Option<Value> {
        self.lines(message).pop()
    }

    /// Waits until something is so; `false` if it is not within [`PATIENCE`].
    pub(crate) async fn wait_for(&self, is_so: impl Fn(&Self) -> bool) -> bool {
        let waiting = async {
            while !is_so(self) {
                sleep(POLL).await;
            }
        };
        timeout(PATIENCE, waiting).await.is_ok()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("a running process");
        let sent = std::process::Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {id}");
    }

    /// Waits for its end, then gives its exit status with all that it has written.
    pub(crate) async fn ended(mut self) -> (ExitStatus, Self) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("a child");
        // The pipes are at their ends when nobody but this holds the texts.
        let read = |process: &Self| {
            Arc::strong_count(&process.stdout) == 1 && Arc::strong_count(&process.stderr) == 1
        };
        assert!(self.wait_for(read).await, "its pipes stay open");
        (status, self)
    }

    /// One POST on a connection of its own.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        Client::connect(self.address).await.send("POST", path, headers, body.as_bytes()).await
    }
}

fn gather(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Text {
    let text = Text::default();
    let gathered = Arc::clone(&text);
    tokio::spawn(async move {
        let mut chunk = [0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            gathered.lock().expect("a lock").extend_from_slice(&chunk[..read]);
        }
    });
    text
}

fn read(text: &Text) -> String {
    String::from_utf8_lossy(&text.lock().expect("a lock")).into_owned()
}

/// A port that is free and that no system hands out by itself, so that it stays free.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 1_000).expect("a remainder") * 10 + 15_000;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return port;
        }
    }
}

/// One connection, and what it has brought that nobody has read yet.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        Self { stream, received: Vec::new() }
    }

    /// One that takes little before it reads.
    pub(crate) async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("an option");
        Self { stream: socket.connect(address).await.expect("a connection"), received: Vec::new() }
    }

    /// Whether the other side ends the connection; it must within [`PATIENCE`].
    pub(crate) async fn is_ended(&mut self) -> bool {
        let read = async { while let Ok(1..) = self.stream.read(&mut [0; 4096]).await {} };
        timeout(PATIENCE, read).await.is_ok()
    }

    /// Sends a whole request and reads its answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.write(&[head(method, path, headers, body.len()).as_bytes(), body].concat()).await;
        let answer = self.answer(method).await;
        answer.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Sends bytes; a connection that is closed by now is seen when the answer is read. `false` if it is.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that no more is to come.
    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Ends the connection at once, as a machine that goes away does.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().expect("an option");
    }

    /// The answer to a request with this method; `None` if the connection ends before.
    pub(crate) async fn answer(&mut self, method: &str) -> Option<Answer> {
        loop {
            if let Some(answer) = whole(&self.received, method) {
                self.received.clear();
                return Some(answer);
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await;
            match read.expect("an answer or an end") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

/// A request's head for a body of this length.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: function\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    head + "\r\n"
}

fn whole(received: &[u8], method: &str) -> Option<Answer> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let body = String::from_utf8_lossy(&received[end + 4..]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let answer = Answer { status, head, body };
    let length: usize = answer.header("content-length")?.parse().ok()?;
    (method == "HEAD" || received.len() == end + 4 + length).then_some(answer)
}
