//! Name resolution: one look-up of a name at a time, for all who wait for it.
//!
//! A look-up may take longer than the attempt that needs it. So it is shared by all attempts, goes on
//! without them, and serves the later ones.

use super::name_servers;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long addresses are kept, so that a look-up that ends between two attempts is not lost.
const KEPT_FOR: Duration = Duration::from_secs(10);

type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
type LookUp = dyn Fn(String) -> LookingUp + Send + Sync;
/// Brings what a look-up has found; `None` while it is under way.
type Shared = watch::Receiver<Option<Found>>;

/// Resolves names through `look_up`.
pub(super) struct Resolver {
    look_up: Box<LookUp>,
    names: Mutex<HashMap<String, Shared>>,
    /// How many times a name was resolved.
    resolved: AtomicUsize,
}

/// What a look-up has found.
#[derive(Clone)]
struct Found {
    /// `None` if the name could not be resolved.
    addresses: Option<Vec<SocketAddr>>,
    at: Instant,
}

impl Resolver {
    /// Asks the system.
    pub(super) fn of_the_system() -> Self {
        Self::new(|name| Box::pin(name_servers::look_up(name)))
    }

    pub(super) fn new(look_up: impl Fn(String) -> LookingUp + Send + Sync + 'static) -> Self {
        Self { look_up: Box::new(look_up), names: Mutex::default(), resolved: AtomicUsize::new(0) }
    }

    /// Whether a look-up is under way.
    pub(super) fn is_looking_up(&self) -> bool {
        self.names().values().any(|shared| shared.borrow().is_none())
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Shared>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The look-up of a name that is under way or has just ended, else a new one.
    fn shared(&self, name: &str) -> Shared {
        let mut names = self.names();
        if let Some(shared) = names.get(name)
            && is_usable(shared)
        {
            return shared.clone();
        }
        let (sender, shared) = watch::channel(None);
        names.insert(name.to_owned(), shared.clone());
        let looking_up = (self.look_up)(name.to_owned());
        tokio::spawn(async move {
            let addresses = looking_up.await.ok().filter(|addresses| !addresses.is_empty());
            sender.send_replace(Some(Found { addresses, at: Instant::now() }));
        });
        shared
    }
}

fn is_usable(shared: &Shared) -> bool {
    match &*shared.borrow() {
        Some(found) => found.addresses.is_some() && found.at.elapsed() < KEPT_FOR,
        // A look-up that was broken off never ends.
        None => shared.has_changed().is_ok(),
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let mut shared = self.shared(name.as_str());
        let turn = self.resolved.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let found = shared.wait_for(Option::is_some).await?.clone();
            let Some(mut addresses) = found.and_then(|found| found.addresses) else {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            };
            // Each time another one goes first, for the first one may be dead.
            let first = turn.checked_rem(addresses.len()).unwrap_or_default();
            addresses.rotate_left(first);
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const LOOKS_UP_FOR: Duration = Duration::from_secs(3);

    /// A system that takes three seconds, and how often it was asked; the name `none` does not exist.
    fn slow() -> (Arc<Resolver>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let resolver = Resolver::new(move |name| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                sleep(LOOKS_UP_FOR).await;
                let addresses = ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"];
                let addresses = addresses.map(|address| address.parse().unwrap());
                if name == "none" { Err(io::ErrorKind::NotFound.into()) } else { Ok(addresses.to_vec()) }
            })
        });
        (Arc::new(resolver), asked)
    }

    async fn resolve(resolver: &Resolver, name: &str) -> Option<Vec<SocketAddr>> {
        resolver.resolve(name.parse().ok()?).await.ok().map(Iterator::collect)
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_look_up_to_those_who_come_later() {
        let (resolver, asked) = slow();
        for _ in 0..2 {
            let gave_up = timeout(Duration::from_secs(1), resolve(&resolver, "a")).await.is_err();
            assert!(gave_up && resolver.is_looking_up());
        }
        let begun = Instant::now();
        assert!(resolve(&resolver, "a").await.is_some());
        assert_eq!((begun.elapsed(), asked.load(Ordering::Relaxed)), (Duration::from_secs(1), 1));
        assert!(!resolver.is_looking_up());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_are_kept_for_seconds_and_failures_not_at_all() {
        let (resolver, asked) = slow();
        let counted = |asked: &AtomicUsize| asked.load(Ordering::Relaxed);
        // Nobody waits for the end of the look-up.
        let _ = timeout(Duration::from_secs(1), resolve(&resolver, "a")).await;
        sleep(LOOKS_UP_FOR).await;
        let begun = Instant::now();
        assert!(resolve(&resolver, "a").await.is_some() && begun.elapsed().is_zero());
        assert_eq!(counted(&asked), 1);
        sleep(KEPT_FOR).await;
        assert!(resolve(&resolver, "a").await.is_some());
        assert_eq!(counted(&asked), 2);
        assert!(resolve(&resolver, "none").await.is_none() && resolve(&resolver, "none").await.is_none());
        assert_eq!(counted(&asked), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn each_time_another_address_goes_first() {
        let (resolver, _) = slow();
        let mut first = Vec::new();
        for _ in 0..4 {
            let addresses = resolve(&resolver, "a").await.unwrap();
            assert_eq!(addresses.len(), 3);
            first.push(addresses.first().unwrap().to_string());
        }
        assert_eq!(first, ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0", "127.0.0.1:0"]);
    }
}
