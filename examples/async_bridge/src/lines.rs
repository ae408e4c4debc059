//! A line at a time through a socket, for short ones.

use std::io;

use tokio::io::Interest;
use tokio::net::TcpStream;

const LONGEST: usize = 200;

/// Sends a line.
pub(crate) async fn send(stream: &TcpStream, line: &str) -> io::Result<()> {
    let line = format!("{line}\n");
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        let sent = stream.async_io(Interest::WRITABLE, || stream.try_write(rest)).await?;
        rest = &rest[sent..];
    }
    Ok(())
}

/// Receives a line, or as much of one as comes.
pub(crate) async fn receive(stream: &TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut part = [0; LONGEST];
    while !line.ends_with(b"\n") && line.len() < LONGEST {
        match stream.async_io(Interest::READABLE, || stream.try_read(&mut part)).await? {
            0 => break,
            received => line.extend(&part[..received]),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
