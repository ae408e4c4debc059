//! A web service: a request computes in the background, beside the thread of the server, and is cancelled when its
//! client goes away.
//!
//! It serves itself: a client that waits for its answer, one that goes away before, a count of what runs after that, and
//! many clients at once. Then the same by `spawn_blocking` of tokio, as written by hand.
//!
//! Run with `cargo run --release -p service`.

mod by_tokio;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use pybackground::{Lazy, background, checkpoint};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// So many requests are computed at once.
const AT_ONCE: usize = 8;
/// So many clients are served for the comparison, each with so many requests.
const CLIENTS: usize = 16;
const REQUESTS: usize = 50;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Counts how many bodies run, until it is dropped.
struct Running;

impl Running {
    fn count() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether `n` is a prime, found the slow way.
fn is_prime(n: u64) -> bool {
    (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor))
}

/// The number of primes below `end`.
#[background(limit = AT_ONCE)]
fn primes_below(end: u64) -> usize {
    let _running = Running::count();
    let primes = (2..end).filter(|n| {
        checkpoint(); // ends the body here if the client has gone
        is_prime(*n)
    });
    primes.count()
}

/// When the client goes away, axum drops the future of the handler, and the guard cancels the call.
async fn count_primes(Path(end): Path<u64>) -> Result<String, StatusCode> {
    let call = Lazy::cancel_on_drop(primes_below(end));
    Ok(format!("{} primes below {end}", call.await))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let service = Router::new()
        .route("/calls/{end}", get(count_primes))
        .route("/tokio/{end}", get(by_tokio::count_primes));
    tokio::spawn(async { axum::serve(listener, service).await });
    for (way, by) in [("calls", "background calls"), ("tokio", "spawn_blocking")] {
        println!("by {by}:");
        visit(address, way).await?;
        let start = Instant::now();
        let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(client(address, way))).collect();
        for client in clients {
            client.await??;
        }
        println!(
            "# {CLIENTS} clients with {REQUESTS} requests each, by {by}: {:.2?}",
            start.elapsed()
        );
    }
    Ok(())
}

/// Asks for an answer and waits for it, and asks for another that would take hours and goes away.
async fn visit(address: SocketAddr, way: &str) -> io::Result<()> {
    let answer = get_page(address, &format!("/{way}/1000")).await?;
    println!("{}", answer.lines().last().unwrap_or("no answer"));

    let client = request(address, &format!("/{way}/1000000000000")).await?;
    while RUNNING.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("a client asks for more primes than there is time for, and goes away");
    let start = Instant::now();
    drop(client);
    while RUNNING.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("nothing computes any more");
    println!("# after {:.2?}", start.elapsed());
    Ok(())
}

/// Makes requests one after the other.
async fn client(address: SocketAddr, way: &str) -> io::Result<()> {
    let path = format!("/{way}/1000");
    for _ in 0..REQUESTS {
        let answer = get_page(address, &path).await?;
        assert!(answer.ends_with("168 primes below 1000"), "{answer}");
    }
    Ok(())
}

async fn request(address: SocketAddr, path: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let text = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await?;
    Ok(stream)
}

async fn get_page(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut page = String::new();
    request(address, path).await?.read_to_string(&mut page).await?;
    Ok(page)
}
