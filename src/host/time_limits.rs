//! How long a client may take: to send the head of a request, to read an answer, and to send its next
//! request.
//!
//! hyper's own time-out also runs while a kept connection is idle, and Function Compute requires idle
//! connections to be kept (Function Compute, "Custom runtime: keep-alive"). Here the time for a head runs
//! from the start of a connection, and then from the first byte of each head.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a head may take, from its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take, from the moment at which the client's side of the network takes no more
/// of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection stays open for a client that is still sending a body that nobody wants. If it
/// were closed at once, such a client could lose the answer.
const LINGER: Duration = Duration::from_secs(2);
/// So much is read and discarded at a time meanwhile.
const DISCARD_BYTES: usize = 8 * 1024;

/// What a connection is doing; the service sets it and the connection's time limits follow it.
#[derive(Clone)]
pub(super) struct Phase(Arc<State>);

struct State {
    phase: AtomicU8,
    has_unread_body: AtomicBool,
}

/// Nothing has been received.
const NEW: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;
const IDLE: u8 = 3;

impl Phase {
    pub(super) fn new() -> Self {
        Self(Arc::new(State { phase: AtomicU8::new(NEW), has_unread_body: AtomicBool::new(false) }))
    }

    /// A head has arrived and the client waits for the answer.
    pub(super) fn busy(&self) {
        self.set(BUSY);
    }

    /// The answer is being written; the next request may take its time.
    pub(super) fn idle(&self) {
        self.set(IDLE);
    }

    /// The answer goes out although the client may still be sending the body.
    pub(super) fn leave_body_unread(&self) {
        self.0.has_unread_body.store(true, Ordering::Relaxed);
    }

    /// Whether the client has sent nothing since it connected.
    pub(super) fn is_new(&self) -> bool {
        self.get() == NEW
    }

    /// Whether a part of a head has arrived.
    pub(super) fn is_in_head(&self) -> bool {
        self.get() == HEAD
    }

    fn get(&self) -> u8 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }
}

/// A connection that fails if the client takes too long.
pub(super) struct TimeLimits<T> {
    inner: T,
    phase: Phase,
    /// The phase that `read_timer` was set for.
    timed: u8,
    read_timer: Pin<Box<Sleep>>,
    idle_max: Option<Duration>,
    /// Runs while the client does not take what has been written.
    write_timer: Option<Pin<Box<Sleep>>>,
    /// Runs once this side has sent its end.
    linger_timer: Option<Pin<Box<Sleep>>>,
}

impl<T> TimeLimits<T> {
    /// `idle_max` is how long the connection may be idle; `None` for ever.
    pub(super) fn new(inner: T, phase: Phase, idle_max: Option<Duration>) -> Self {
        Self {
            inner,
            phase,
            timed: NEW,
            read_timer: Box::pin(sleep(HEAD_WITHIN)),
            idle_max,
            write_timer: None,
            linger_timer: None,
        }
    }

    fn limit(&self, phase: u8) -> Option<Duration> {
        match phase {
            NEW | HEAD => Some(HEAD_WITHIN),
            IDLE => self.idle_max,
            _ => None,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for TimeLimits<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let phase = self.phase.get();
        if read.is_ready() {
            if matches!(phase, NEW | IDLE) && buffer.filled().len() > before {
                self.phase.set(HEAD);
            }
            return read;
        }
        let Some(limit) = self.limit(phase) else {
            self.timed = phase;
            return Poll::Pending;
        };
        if phase != self.timed {
            // The first head has its time from the start of the connection.
            if (self.timed, phase) != (NEW, HEAD) {
                self.read_timer.as_mut().reset(Instant::now() + limit);
            }
            self.timed = phase;
        }
        ready!(self.read_timer.as_mut().poll(context));
        // A timer that has fired must not be polled again.
        self.timed = BUSY;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimeLimits<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, data);
        if written.is_ready() {
            return written;
        }
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(ANSWER_WITHIN)));
        ready!(timer.as_mut().poll(context));
        self.write_timer = None;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// hyper flushes when it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(context))?;
        self.write_timer = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger_timer.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        }
        if !self.phase.0.has_unread_body.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        self.poll_linger(context).map(Ok)
    }
}

impl<T: AsyncRead + Unpin> TimeLimits<T> {
    /// Reads on until the client ends or [`LINGER`] is over.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.linger_timer.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        // Before the reads: a client that never stops sending uses up what a task may do at a time.
        if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let mut bytes = [0; DISCARD_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}
