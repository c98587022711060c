//! HTTP, on a machine of one's own or in Function Compute's custom runtime (Function Compute,
//! "Custom runtime").

use super::body::Room;
use super::connection::{self, Shared};
use super::exchange::Front;
use super::signals::Signals;
use crate::config::Host;
use crate::relay::Relay;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::sleep;

/// The most connections at the same time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How many connections wait to be accepted. With the standard library's 128, some of 600 that come at once are made
/// seconds later, when their clients try again; the system's own limit may be lower (listen(2)).
const BACKLOG: u32 = 1_024;
/// Pause after a failed accept: there are no file descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on an address.
///
/// # Errors
/// What the system reports.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the first signal. Then it takes no new connections and finishes the requests that it has
/// received, for at most `stop_within` or until a second signal; what has not been sent by then is
/// logged.
pub(super) async fn serve(
    listener: TcpListener,
    relay: Arc<Relay>,
    host: Host,
    signals: &mut Signals,
    stop_within: Duration,
) {
    let front = Front { relay: Arc::clone(&relay), host, room: Room::new(host) };
    let (stop, stopping) = watch::channel(false);
    let (working, mut all_done) = mpsc::channel(1);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let shared = Shared { front: Arc::new(front), places, stopping, working };
    tokio::select! {
        () = accept(&listener, &shared) => {}
        () = signals.next() => {}
    }
    accept_waiting(&listener, &shared).await;
    drop(listener);
    drop(shared);
    // It fails only if there are no connections.
    let _ = stop.send(true);
    tokio::select! {
        // No one ever sends anything; this is the end of the last one that could.
        _ = all_done.recv() => return,
        () = sleep(stop_within) => {}
        () = signals.next() => {}
    }
    relay.abandon();
}

/// Accepts connections for ever.
async fn accept(listener: &TcpListener, shared: &Shared) {
    loop {
        // It fails only when the semaphore is closed, and no code closes it.
        let Ok(place) = Arc::clone(&shared.places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => spawn(stream, place, shared),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Accepts the connections that have been made already: they may have brought a whole request.
async fn accept_waiting(listener: &TcpListener, shared: &Shared) {
    // After this, the runtime has seen all that have arrived.
    yield_now().await;
    while let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() {
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            () = ready(()) => return,
        };
        let Ok((stream, _)) = accepted else { return };
        spawn(stream, place, shared);
    }
}

fn spawn(stream: TcpStream, place: OwnedSemaphorePermit, shared: &Shared) {
    let shared = shared.clone();
    tokio::spawn(async move {
        connection::serve(stream, shared).await;
        drop(place);
    });
}
