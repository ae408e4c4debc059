//! Serving the page and the events of the running program.
//!
//! A client asks for the events behind those that it has, and gets an answer when there are some. It reads
//! from the [`Log`], which drops what is old. So a slow client, or none, makes no difference to the program.
//!
//! | file | subject |
//! |---|---|
//! | `log` | the last lines of events |
//! | `request` | reading a request, and whether it is allowed |

mod log;
mod request;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::log::Log;
use self::request::{Allowed, HttpAnswer, Wanted};
use super::document;
use crate::panic::catch;
use crate::sync::thread;

/// The number of clients that are served at once.
const CLIENTS: usize = 8;

/// How long a request may take, and how long its answer.
const REQUEST_TIME: Duration = Duration::from_secs(5);
const ANSWER_TIME: Duration = Duration::from_secs(20);

/// How long the answer to a request for new events is held back.
const NEWS_TIME: Duration = Duration::from_secs(10);

const STACK_SIZE: usize = 256 * 1024;

/// The thread that serves, until this is dropped.
pub(super) struct Server {
    address: SocketAddr,
    log: Arc<Log>,
}

/// Serves at `address` what is pushed to the log.
///
/// # Errors
///
/// If the address is in use or not this machine's, or if there is no thread.
pub(super) fn serve(address: SocketAddr, is_exposed: bool) -> io::Result<Server> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let log = Arc::new(Log::new(document::program_line()));
    let (allowed, shared) = (Allowed { port: address.port(), is_exposed }, log.clone());
    thread::spawn("background-live".to_owned(), STACK_SIZE, move || {
        accept(&listener, allowed, &shared);
    })?;
    Ok(Server { address, log })
}

fn accept(listener: &TcpListener, allowed: Allowed, log: &Arc<Log>) {
    loop {
        let client = listener.accept();
        if log.is_closed() {
            return;
        }
        let Ok((stream, _)) = client else {
            // The system is short of files, for example.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        if !log.enter(CLIENTS) {
            let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
            let _ = answer(
                &stream,
                &HttpAnswer::refusal("503 Service Unavailable", "too many clients"),
            );
            continue;
        }
        let shared = log.clone();
        let serve = move || {
            catch(|| drop(client_of(&stream, allowed, &shared)));
            drop(stream);
            shared.leave();
        };
        if thread::spawn("background-live".to_owned(), STACK_SIZE, serve).is_err() {
            log.leave();
        }
    }
}

fn client_of(stream: &TcpStream, allowed: Allowed, log: &Log) -> io::Result<()> {
    let wanted = request::read(stream, allowed, Instant::now() + REQUEST_TIME)?;
    match wanted {
        Wanted::Page => {
            let page = format!("{}{}", document::head(true), document::END);
            answer(stream, &HttpAnswer::page(page))
        }
        Wanted::Events(cursor) => {
            log.answer(cursor, NEWS_TIME, |events| answer(stream, &HttpAnswer::events(events)))
        }
        Wanted::Nothing(refusal) => answer(stream, &refusal),
    }
}

/// Writes an answer in parts, and gives up on a client that takes too long.
fn answer(mut stream: &TcpStream, answer: &HttpAnswer) -> io::Result<()> {
    let end = Instant::now() + ANSWER_TIME;
    stream.set_write_timeout(Some(REQUEST_TIME))?;
    stream.write_all(answer.head().as_bytes())?;
    for part in answer.body.chunks(1 << 16) {
        if Instant::now() > end {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.write_all(part)?;
    }
    stream.flush()
}

impl Server {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

/// Lets clients that wait have the last events, for a moment, and frees the port.
impl Drop for Server {
    fn drop(&mut self) {
        self.log.close();
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(100));
    }
}
