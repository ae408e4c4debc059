//! The program's end of a connection.

#[cfg(not(target_os = "linux"))]
use std::io::Write;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use super::wait::{CHECKS, wait_for};
use crate::sync::thread::yield_for_a_moment;

/// The program's end of a connection.
///
/// It never blocks in a read or a write. A process that the child forked can keep the other end open, and the end of
/// the child would go unnoticed.
pub(in crate::process) struct Connection {
    stream: UnixStream,
    /// Becomes readable when the child ends, where the system has such a descriptor.
    end: Option<OwnedFd>,
    cut: AtomicBool,
}

impl Connection {
    pub(super) fn new(stream: UnixStream, end: Option<OwnedFd>) -> Self {
        Self { stream, end, cut: AtomicBool::new(false) }
    }

    /// Tells the child that no call will come, so that it exits.
    pub(in crate::process) fn hang_up(&self) {
        // An error says that the other end is gone.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    pub(in crate::process) fn was_cut(&self) -> bool {
        // ORDERING: see `cut`.
        self.cut.load(Ordering::Relaxed)
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    ///
    /// If the child has ended or the connection was cut.
    pub(in crate::process) fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match send(&self.stream, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::OUT, None)? {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what the child sends, at most until the instant.
    pub(in crate::process) fn reader(&self, until: Option<Instant>) -> ConnectionReader<'_> {
        ConnectionReader { connection: self, until, checks: CHECKS }
    }

    /// Waits until the socket is ready; `false` if it never will be, because the child has ended.
    fn wait(&self, ready: PollFlags, until: Option<Instant>) -> io::Result<bool> {
        let socket = PollFd::new(&self.stream, ready);
        match &self.end {
            None => {
                wait_for(&mut [socket], until)?;
                Ok(true)
            }
            Some(end) => {
                let mut fds = [socket, PollFd::new(end, PollFlags::IN)];
                wait_for(&mut fds, until)?;
                Ok(!fds[0].revents().is_empty())
            }
        }
    }
}

impl crate::waits::Disconnect for Connection {
    fn cut(&self) {
        // ORDERING: a reader of the flag has either seen the connection break, or has since had the lock under which
        // this is called.
        self.cut.store(true, Ordering::Relaxed);
        // An error says that the other end is gone.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Writes to a socket. If the other end is gone, that is an error, whatever the program does with SIGPIPE.
#[cfg(target_os = "linux")]
fn send(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, bytes, rustix::net::SendFlags::NOSIGNAL)?)
}

#[cfg(not(target_os = "linux"))]
fn send(mut stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    stream.write(bytes)
}

/// See [`Connection::reader`].
pub(in crate::process) struct ConnectionReader<'c> {
    connection: &'c Connection,
    until: Option<Instant>,
    /// How often it still checks before it sleeps.
    checks: u32,
}

impl Read for ConnectionReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut has_ended = false;
        loop {
            match (&self.connection.stream).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if has_ended {
                // Everything that it wrote before it ended has been read.
                return Ok(0);
            }
            if self.checks > 0 {
                self.checks = if yield_for_a_moment().is_ok() { self.checks - 1 } else { 0 };
            } else {
                has_ended = !self.connection.wait(PollFlags::IN, self.until)?;
            }
        }
    }
}
