//! The server of its own, made of background calls as well.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pybackground::background;

/// How long a request may be, in bytes.
const LONGEST_REQUEST: u64 = 64 * 1024;

const PAGES: [Page; 5] = [
    Page::found("/quick", 0.05, 1_000),
    Page::found("/steady", 0.3, 20_000),
    Page::found("/slow", 0.6, 400_000),
    Page { status: "404 Not Found", ..Page::found("/missing", 0.1, 10) },
    Page::found("/too-slow", 2.0, 1_000),
];

/// A page of the server's.
struct Page {
    path: &'static str,
    status: &'static str,
    /// How long it takes, as a part of the timeout.
    delay: f64,
    bytes: usize,
}

/// Pages of different slowness on this machine, for as long as the program runs.
pub(crate) struct Demonstration {
    pub(crate) urls: Vec<String>,
}

impl Page {
    const fn found(path: &'static str, delay: f64, bytes: usize) -> Self {
        Self { path, status: "200 OK", delay, bytes }
    }
}

impl Demonstration {
    /// Starts the server. Its pages take their parts of `timeout`.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub(crate) fn start(timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        // Nobody asks for the result. A call whose `Lazy` is dropped goes on.
        drop(serve(listener, timeout));
        Ok(Self {
            urls: PAGES.iter().map(|page| format!("http://{address}{}", page.path)).collect(),
        })
    }
}

/// Takes connections until the program ends.
#[background]
fn serve(listener: TcpListener, timeout: Duration) {
    for stream in listener.incoming().flatten() {
        drop(answer(stream, timeout));
    }
}

/// Answers one request. A client that went away in the meantime is its own concern.
#[background]
fn answer(stream: TcpStream, timeout: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(timeout))?;
    let path = requested_path((&stream).take(LONGEST_REQUEST))?;
    let page = PAGES.iter().find(|page| page.path == path);
    let page = page.ok_or(io::ErrorKind::InvalidData)?;
    thread::sleep(timeout.mul_f64(page.delay));
    respond(&stream, page)
}

/// Reads a request to its end and gives the path that it asks for.
fn requested_path(request: impl Read) -> io::Result<String> {
    let mut lines = BufReader::new(request).lines();
    let first = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    for header in lines {
        if header?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).ok_or(io::ErrorKind::InvalidData)?;
    Ok(path.to_owned())
}

fn respond(mut stream: impl Write, page: &Page) -> io::Result<()> {
    let (status, length) = (page.status, page.bytes);
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    io::copy(&mut io::repeat(b'.').take(length as u64), &mut stream)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_a_path() {
        let request = "GET /quick HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\n";
        assert_eq!(requested_path(request.as_bytes()).unwrap(), "/quick");
    }

    #[test]
    fn a_request_that_breaks_off_is_refused() {
        struct Broken;

        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }

        let request = "GET /quick HTTP/1.1\r\nHost: a\r\n".as_bytes().chain(Broken);
        let error = requested_path(request).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (request, kind) in
            [("", io::ErrorKind::UnexpectedEof), ("hello\r\n\r\n", io::ErrorKind::InvalidData)]
        {
            assert_eq!(requested_path(request.as_bytes()).unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn a_response_has_as_many_bytes_as_it_says() {
        let mut response = Vec::new();
        respond(&mut response, &Page::found("/", 0.0, 3)).unwrap();
        let expected = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n...";
        assert_eq!(String::from_utf8(response).unwrap(), expected);
    }
}
