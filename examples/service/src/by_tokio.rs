//! The same by `spawn_blocking` of tokio, as written by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Path;
use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{AT_ONCE, Running, is_prime};

static PERMITS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Asks a body to stop when this is dropped, with the future of the handler.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The number of primes below `end`, or `None` if the client has gone.
fn primes_below(end: u64, is_to_stop: &AtomicBool) -> Option<usize> {
    let _running = Running::count();
    let mut primes = 0;
    for n in 2..end {
        if is_to_stop.load(Ordering::Relaxed) {
            return None;
        }
        primes += usize::from(is_prime(n));
    }
    Some(primes)
}

pub(crate) async fn count_primes(Path(end): Path<u64>) -> Result<String, StatusCode> {
    let permit = PERMITS.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let stop = StopOnDrop::default();
    let is_to_stop = stop.0.clone();
    let body = move || {
        let _permit = permit;
        primes_below(end, &is_to_stop)
    };
    match spawn_blocking(body).await {
        Ok(Some(primes)) => Ok(format!("{primes} primes below {end}")),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
