//! Reading a request, and whether it is allowed.
//!
//! The page must not be readable by other pages in the same browser. A page of another site reaches this
//! server by the site's own name, if its author lets that name stand for this machine; then the `Host` is that
//! name. Or it sends a request with an `Origin` that is not this page's. Both are refused.

use std::io::{self, Read};
use std::net::{IpAddr, TcpStream};
use std::time::Instant;

use super::log::Cursor;

/// The longest request.
const LONGEST: usize = 8 << 10;

/// The requests that are answered.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    pub(super) port: u16,
    /// Other machines may ask, by any address of this one.
    pub(super) is_exposed: bool,
}

pub(super) enum Wanted {
    Page,
    /// The events behind those that the client has.
    Events(Cursor),
    /// The request is not answered, and why.
    Nothing(HttpAnswer),
}

pub(super) struct HttpAnswer {
    status: &'static str,
    kind: &'static str,
    pub(super) body: Vec<u8>,
}

impl HttpAnswer {
    pub(super) fn page(page: String) -> Self {
        Self { status: "200 OK", kind: "text/html", body: page.into_bytes() }
    }

    pub(super) fn events(lines: Vec<u8>) -> Self {
        Self { status: "200 OK", kind: "text/plain", body: lines }
    }

    pub(super) fn refusal(status: &'static str, why: &str) -> Self {
        Self { status, kind: "text/plain", body: format!("{why}\n").into_bytes() }
    }

    pub(super) fn head(&self) -> String {
        format!(
            "HTTP/1.1 {}\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
             Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
             img-src data:; connect-src 'self'; frame-ancestors 'none'\r\n\r\n",
            self.status,
            self.kind,
            self.body.len()
        )
    }
}

/// Reads a request until `end`.
pub(super) fn read(mut stream: &TcpStream, allowed: Allowed, end: Instant) -> io::Result<Wanted> {
    let (mut bytes, mut length) = ([0; LONGEST], 0);
    loop {
        let rest = end.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(rest))?;
        let read = stream.read(&mut bytes[length..])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += read;
        if let Some(wanted) = parse(&bytes[..length], allowed) {
            return Ok(wanted);
        }
        if length == LONGEST {
            let why = "the request is too long";
            return Ok(Wanted::Nothing(HttpAnswer::refusal(
                "431 Request Header Fields Too Large",
                why,
            )));
        }
    }
}

/// Reads a request; `None` if its end is missing.
fn parse(bytes: &[u8], allowed: Allowed) -> Option<Wanted> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let refuse = |status, why: &str| Some(Wanted::Nothing(HttpAnswer::refusal(status, why)));
    match request.parse(bytes) {
        Ok(status) if status.is_partial() => return None,
        Ok(_) => {}
        Err(error) => return refuse("400 Bad Request", &error.to_string()),
    }
    let header = |name: &str| {
        let mut values = request.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
        let value = values.next().map(|it| std::str::from_utf8(it.value).unwrap_or_default());
        // Of two values, neither counts.
        if values.next().is_some() { Some("") } else { value }
    };
    let host = header("host").unwrap_or_default();
    if !allowed.has(host) {
        return refuse(
            "403 Forbidden",
            "the request was made to a name that is not this machine's",
        );
    }
    if header("origin").is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return refuse("403 Forbidden", "the request was made by another page");
    }
    if request.method != Some("GET") {
        return refuse("405 Method Not Allowed", "there is only GET");
    }
    match request.path.unwrap_or_default().split_once('?') {
        None if request.path == Some("/") => Some(Wanted::Page),
        Some(("/events", query)) => match query.strip_prefix("after=").and_then(cursor) {
            Some(cursor) => Some(Wanted::Events(cursor)),
            None => refuse("400 Bad Request", "it takes the number of a piece: after=0"),
        },
        _ => refuse("404 Not Found", "there are only / and /events?after=0"),
    }
}

/// Reads the number of a piece, and that of its recording if a dot and a number follow.
fn cursor(text: &str) -> Option<Cursor> {
    let (piece, recording) = match text.split_once('.') {
        Some((piece, recording)) => (piece, Some(recording.parse().ok()?)),
        None => (text, None),
    };
    Some(Cursor { piece: piece.parse().ok()?, recording })
}

impl Allowed {
    /// Whether a `Host` is an address of this machine, and not a name that anyone may own.
    fn has(self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let is_own = match inner.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || self.is_exposed,
            Err(_) => inner.eq_ignore_ascii_case("localhost"),
        };
        is_own && port == Some(self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Allowed = Allowed { port: 7777, is_exposed: false };

    fn status(request: &str, allowed: Allowed) -> &'static str {
        match parse(request.as_bytes(), allowed) {
            None => "partial",
            Some(Wanted::Page) => "page",
            Some(Wanted::Events(_)) => "events",
            Some(Wanted::Nothing(answer)) => answer.status,
        }
    }

    fn with_host(host: &str, allowed: Allowed) -> &'static str {
        status(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), allowed)
    }

    #[test]
    fn names_of_others_are_no_host() {
        for host in ["127.0.0.1:7777", "localhost:7777", "LOCALHOST:7777", "[::1]:7777"] {
            assert_eq!(with_host(host, LOCAL), "page", "{host}");
        }
        for host in ["", "evil.example:7777", "127.0.0.1", "127.0.0.1:7778", "192.168.1.2:7777"] {
            assert_eq!(with_host(host, LOCAL), "403 Forbidden", "{host}");
        }
        let exposed = Allowed { is_exposed: true, ..LOCAL };
        assert_eq!(with_host("192.168.1.2:7777", exposed), "page");
        assert_eq!(with_host("evil.example:7777", exposed), "403 Forbidden");
        let twice = "GET / HTTP/1.1\r\nHost: localhost:7777\r\nHost: a\r\n\r\n";
        assert_eq!(status(twice, LOCAL), "403 Forbidden");
    }

    #[test]
    fn other_pages_are_refused() {
        let from = |origin: &str| {
            status(
                &format!(
                    "GET /events?after=0 HTTP/1.1\r\nHost: 127.0.0.1:7777\r\nOrigin: {origin}\r\n\r\n"
                ),
                LOCAL,
            )
        };
        assert_eq!(from("http://127.0.0.1:7777"), "events");
        for origin in
            ["null", "http://evil.example", "https://127.0.0.1:7777", "http://localhost:7777"]
        {
            assert_eq!(from(origin), "403 Forbidden", "{origin}");
        }
    }

    #[test]
    fn only_two_things_can_be_had() {
        let request =
            |line: &str| status(&format!("{line}\r\nHost: localhost:7777\r\n\r\n"), LOCAL);
        assert_eq!(request("GET / HTTP/1.1"), "page");
        assert_eq!(request("GET /events?after=3 HTTP/1.1"), "events");
        assert_eq!(request("GET /events?after=3.4 HTTP/1.1"), "events");
        assert_eq!(request("GET /events?after=3.x HTTP/1.1"), "400 Bad Request");
        assert_eq!(request("POST / HTTP/1.1"), "405 Method Not Allowed");
        assert_eq!(request("GET /etc/passwd HTTP/1.1"), "404 Not Found");
        assert_eq!(request("GET /events?after=-1 HTTP/1.1"), "400 Bad Request");
        assert_eq!(request("nonsense"), "400 Bad Request");
        assert_eq!(status("GET / HTTP/1.1\r\nHost: loc", LOCAL), "partial");
    }
}
