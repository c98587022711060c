//! A read time-out: how long a client may take to send the head of a request.
//!
//! hyper's own time-out also runs while a kept connection is idle, and Function Compute requires idle
//! connections to be kept (Function Compute, "Custom runtime: keep-alive"). Here the time runs from
//! the start of a connection, and then from the first byte of each head.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a head may take, from its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// What a connection is doing; the service sets it and the reader follows it.
#[derive(Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;

impl Phase {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(HEAD)))
    }

    /// A head has arrived and the client waits for the answer.
    pub(super) fn busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// The answer is being written; the next request may take its time.
    pub(super) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }
}

/// A connection whose reads fail if the client takes too long.
pub(super) struct ReadTimeout<T> {
    inner: T,
    phase: Phase,
    /// The phase that `timer` was set for.
    timed: u8,
    timer: Pin<Box<Sleep>>,
    idle_max: Option<Duration>,
}

impl<T> ReadTimeout<T> {
    /// `idle_max` is how long the connection may be idle; `None` for ever.
    pub(super) fn new(inner: T, phase: Phase, idle_max: Option<Duration>) -> Self {
        Self { inner, phase, timed: HEAD, timer: Box::pin(sleep(HEAD_WITHIN)), idle_max }
    }

    fn limit(&self, phase: u8) -> Option<Duration> {
        match phase {
            HEAD => Some(HEAD_WITHIN),
            IDLE => self.idle_max,
            _ => None,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ReadTimeout<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let mut phase = self.phase.0.load(Ordering::Relaxed);
        if read.is_ready() {
            if phase == IDLE && buffer.filled().len() > before {
                self.phase.0.store(HEAD, Ordering::Relaxed);
            }
            return read;
        }
        if phase != self.timed {
            self.timed = phase;
            if let Some(limit) = self.limit(phase) {
                self.timer.as_mut().reset(Instant::now() + limit);
            }
        }
        if self.limit(phase).is_none() {
            return Poll::Pending;
        }
        ready!(self.timer.as_mut().poll(context));
        phase = BUSY;
        self.timed = phase;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for ReadTimeout<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
