//! The parent's end of a connection.

#[cfg(not(target_os = "linux"))]
use std::io::Write;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use super::{LOOKS, wait_for};
use crate::sync::thread::yield_unless_crowded;

/// The parent's end of a connection.
///
/// It never blocks in a read or a write, where the end of the child might go unnoticed: a process that the
/// child forked can have the other end open.
pub(crate) struct Wire {
    stream: UnixStream,
    /// What becomes readable when the child ends, where the system has that.
    end: Option<OwnedFd>,
    cut: AtomicBool,
}

impl Wire {
    pub(super) fn new(stream: UnixStream, end: Option<OwnedFd>) -> Self {
        Self { stream, end, cut: AtomicBool::new(false) }
    }

    /// Ends the connection: who waits here goes on, with an error, and the child ends itself.
    pub(crate) fn cut(&self) {
        // ORDERING: who looks has either seen the connection break, or has since had the lock under
        // which this is called.
        self.cut.store(true, Ordering::Relaxed);
        // An error says that the other end is gone.
        let _ = self.stream.shutdown(Shutdown::Both);
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

    /// Reads what the child sends, until the instant at most.
    pub(in crate::process) fn reader(&self, until: Option<Instant>) -> WireReader<'_> {
        WireReader { wire: self, until, looks: LOOKS }
    }

    /// Waits until the socket is ready; `false` if it is not and never will be, as the child has ended.
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

/// Writes to a socket of which the other end may be gone: an error, whatever the program says of SIGPIPE.
#[cfg(target_os = "linux")]
fn send(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, bytes, rustix::net::SendFlags::NOSIGNAL)?)
}

#[cfg(not(target_os = "linux"))]
fn send(mut stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    stream.write(bytes)
}

/// See [`Wire::reader`].
pub(in crate::process) struct WireReader<'w> {
    wire: &'w Wire,
    until: Option<Instant>,
    /// How often it may still look before it sleeps.
    looks: u32,
}

impl Read for WireReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut has_ended = false;
        loop {
            match (&self.wire.stream).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if has_ended {
                // What it wrote before it ended has been read.
                return Ok(0);
            }
            if self.looks > 0 {
                self.looks = if yield_unless_crowded() { self.looks - 1 } else { 0 };
            } else {
                has_ended = !self.wire.wait(PollFlags::IN, self.until)?;
            }
        }
    }
}
