//! Bodies of requests: how much of them is held at one time, and for how long one may take.

use crate::config::Host;
use crate::webhook::BODY_MAX_BYTES;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a body may take.
pub(super) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// A body up to this size waits for no other one, so that large ones cannot hold up an ordinary alert.
/// With 256 connections, these are 16 MiB at most.
const SMALL_MAX_BYTES: usize = 64 * 1024;
/// Of larger bodies on a plain host: 64 MiB together with the small ones.
const LARGE_PLAIN_BYTES: usize = 48 * 1024 * 1024;
/// The same on Function Compute, whose smallest instance has 128 MB for everything.
const LARGE_FUNCTION_COMPUTE_BYTES: usize = 24 * 1024 * 1024;

/// What larger bodies may hold at one time. A body that finds no room waits for its turn, first come,
/// first served. It reserves its whole size before its first byte is read: if each held a part and
/// waited for the rest, none could go on.
#[derive(Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// What became of reading a body.
pub(super) enum Read {
    Whole(Bytes),
    /// It is larger than [`BODY_MAX_BYTES`]; its end has not been read.
    TooLarge,
    /// It broke off, or took too long.
    Incomplete,
}

/// The bytes of a body and its place, which is free again once nobody holds the bytes any more.
struct Held {
    bytes: BytesMut,
    _place: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Room {
    pub(super) fn new(host: Host) -> Self {
        let bytes = if host.is_plain() { LARGE_PLAIN_BYTES } else { LARGE_FUNCTION_COMPUTE_BYTES };
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Reads a body; its time runs from the moment at which there is room for it.
    pub(super) async fn read(&self, body: Incoming) -> Read {
        if is_too_large(&body) {
            return Read::TooLarge;
        }
        let size = declared_bytes(&body).unwrap_or(BODY_MAX_BYTES.saturating_add(1));
        let place = self.reserve(size).await;
        // A client that only claims to send a large body costs no memory: what is not written to is
        // not taken from the system.
        let held = Held { bytes: BytesMut::with_capacity(size), _place: place };
        timeout(BODY_WITHIN, collect(body, held)).await.unwrap_or(Read::Incomplete)
    }

    async fn reserve(&self, size: usize) -> Option<OwnedSemaphorePermit> {
        if size <= SMALL_MAX_BYTES {
            return None;
        }
        let bytes = u32::try_from(size).ok()?;
        // It fails only when the semaphore is closed, and no code closes it.
        Arc::clone(&self.0).acquire_many_owned(bytes).await.ok()
    }
}

/// Whether the head says that the body is larger than [`BODY_MAX_BYTES`].
pub(super) fn is_too_large(body: &Incoming) -> bool {
    declared_bytes(body).is_some_and(|size| size > BODY_MAX_BYTES)
}

/// Reads to the end of a body that nobody wants: a client that is still sending may not read an answer.
/// `false` if there is no end in time.
pub(super) async fn discard(mut body: Incoming) -> bool {
    let reading = async {
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    timeout(BODY_WITHIN, reading).await.unwrap_or(false)
}

/// `Content-Length`; `None` for a body in chunks.
fn declared_bytes(body: &Incoming) -> Option<usize> {
    let size = body.size_hint().exact()?;
    Some(usize::try_from(size).unwrap_or(usize::MAX))
}

async fn collect(mut body: Incoming, mut held: Held) -> Read {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Read::Incomplete };
        let Ok(data) = frame.into_data() else { continue };
        if held.bytes.len().saturating_add(data.len()) > BODY_MAX_BYTES {
            return Read::TooLarge;
        }
        held.bytes.extend_from_slice(&data);
    }
    Read::Whole(Bytes::from_owner(held))
}
