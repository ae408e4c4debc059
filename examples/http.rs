//! Fetches pages over HTTP: a bounded number at once, each in its time. A call that times out or is cancelled closes its
//! connection. `tests/http.rs` tests it.
//!
//! It starts a server of its own, with a page that is missing and one that never comes. Run with
//! `cargo run --release --example http`. With a client crate the recipe is the same, as the example `fetch` shows: give
//! the client a timeout of its own for each read, because nothing stops a body that waits for a socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use pybackground::{BackgroundIterator, Lazy, background, checkpoint};

const AT_ONCE: usize = 8;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a body that waits for the server looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// An answer of a server.
#[derive(Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Fetches a page.
#[background(limit = AT_ONCE, run_timeout = "30s")]
pub(crate) fn get(server: SocketAddr, path: &str) -> io::Result<Page> {
    let mut stream = TcpStream::connect_timeout(&server, CONNECT)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_write_timeout(Some(CONNECT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n")?;
    let (mut answer, mut part) = (Vec::new(), [0; 16 << 10]);
    loop {
        checkpoint(); // ends the body here if the call is over, which closes the connection
        match stream.read(&mut part) {
            Ok(0) => return parsed(&answer),
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) if is_pause(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};

    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// Reads an answer; an error if a part of it is missing.
fn parsed(answer: &[u8]) -> io::Result<Page> {
    let text = String::from_utf8_lossy(answer);
    let (head, text) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    if length.is_some_and(|length: usize| text.len() < length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Page { status: status.ok_or(io::ErrorKind::InvalidData)?, text: text.to_owned() })
}

fn main() -> io::Result<()> {
    let (server, events) = serve()?;
    let paths = (1..=40).map(|number| format!("/{number}"));
    let pages: Vec<io::Result<Page>> =
        paths.background_map(AT_ONCE, move |path| get(server, &path)).collect();
    let found = pages.iter().filter(|page| page.as_ref().is_ok_and(|page| page.status == 200));
    println!("{} of {} pages are there", found.count(), pages.len());

    let late = get(server, "/never");
    assert_eq!(events.recv(), Ok(Event::Asked));
    // A deadline of the caller, besides that of the body.
    if let Err(error) = Lazy::join(Lazy::with_timeout(late, Duration::from_millis(200))) {
        println!("/never: {error}");
    }
    assert_eq!(events.recv(), Ok(Event::Closed));
    println!("its connection is closed");
    Ok(())
}

/// What happens to the page that never comes.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// A client asks for it.
    Asked,
    /// The client has closed the connection.
    Closed,
}

/// Serves pages on threads, for as long as the program runs.
pub(crate) fn serve() -> io::Result<(SocketAddr, Receiver<Event>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (happened, events) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let happened = happened.clone();
            thread::spawn(move || answer(&stream, &happened));
        }
    });
    Ok((address, events))
}

fn answer(mut stream: &TcpStream, happened: &Sender<Event>) -> io::Result<()> {
    let mut request = BufReader::new(stream);
    let (mut first, mut line) = (String::new(), String::new());
    request.read_line(&mut first)?;
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    match path {
        "/never" => {
            let _ = happened.send(Event::Asked);
            // Ends when the client has closed the connection.
            let _ = request.read(&mut [0]);
            let _ = happened.send(Event::Closed);
            Ok(())
        }
        "/torn" => stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nonly a part"),
        "/13" => stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n"),
        _ => {
            let text = format!("this is {path}");
            write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
        }
    }
}
