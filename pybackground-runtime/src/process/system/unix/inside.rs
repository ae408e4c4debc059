//! What a child does: to its end of the connection, and to itself.

#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::process::{Resource, Signal};

use super::{Identity, LOOKS, identity, wait_for};
use crate::sync::thread::yield_unless_crowded;

/// The child's end of the connection.
pub(in crate::process) struct Link {
    socket: File,
    /// Tells it from other files that may have its number by now.
    identity: Identity,
}

impl Link {
    /// The connection that a child is started with as its standard input, which is empty from then on;
    /// none if that is something else.
    pub(in crate::process) fn of_child(_port: &str) -> Option<Self> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
        stream.local_addr().ok()?;
        let nothing = File::open("/dev/null").ok()?;
        rustix::stdio::dup2_stdin(&nothing).ok()?;
        let socket = File::from(OwnedFd::from(stream));
        let identity = identity_of(&socket)?;
        Some(Self { socket, identity })
    }

    /// Whether it is what this process was started with, and not another file with the same number: a
    /// body may have closed all that it did not know.
    pub(in crate::process) fn is_intact(&self) -> bool {
        identity_of(&self.socket) == Some(self.identity)
    }

    /// The same connection, for another thread.
    pub(in crate::process) fn second(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, identity: self.identity })
    }

    /// What learns of the parent's end.
    pub(in crate::process) fn watch(&self) -> io::Result<Watch> {
        Watch::new(&self.socket)
    }
}

fn identity_of(file: &File) -> Option<Identity> {
    identity(&file.metadata().ok()?)
}

/// Learns when the parent is gone or has cut the connection.
///
/// A body may close all that it did not open, and give the numbers to files of its own. While a thread waits here
/// the system holds on to the connection, and tells of its end if the number is free then; so it is one that
/// nobody comes to soon.
pub(in crate::process) struct Watch(OwnedFd);

impl Watch {
    fn new(socket: &File) -> io::Result<Self> {
        /// More than most programs have.
        const HIGH: u64 = 1000;
        let most = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let number = RawFd::try_from(most.saturating_sub(1).min(HIGH)).unwrap_or_default();
        let high = rustix::io::fcntl_dupfd_cloexec(socket, number);
        Ok(Self(high.or_else(|_| rustix::io::fcntl_dupfd_cloexec(socket, 0))?))
    }

    /// Waits for that.
    pub(in crate::process) fn wait(&self) {
        // That the other end is closed is told unasked; what else there is to read is not ours.
        let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), hang_up())];
        while wait_for(&mut fds, None).is_err() {}
    }
}

#[cfg(target_os = "linux")]
fn hang_up() -> PollFlags {
    PollFlags::RDHUP
}

#[cfg(not(target_os = "linux"))]
fn hang_up() -> PollFlags {
    PollFlags::empty()
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..LOOKS {
            match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Err(Errno::WOULDBLOCK) if yield_unless_crowded() => {}
                Err(Errno::WOULDBLOCK) => break,
                read => return Ok(read?.0),
            }
        }
        self.socket.read(buffer)
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Has lists of processes show the name of the program, which was started by another: `/proc/self/exe`.
#[cfg(target_os = "linux")]
pub(in crate::process) fn show_name() {
    use std::os::unix::ffi::OsStrExt;
    let Ok(program) = std::env::current_exe() else { return };
    let name = program.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    if let Ok(name) = CString::new(name) {
        // The system cuts it to what it can keep.
        let _ = rustix::thread::set_name(&name);
    }
}

/// It was started by its name.
#[cfg(not(target_os = "linux"))]
pub(in crate::process) fn show_name() {}

/// Kills this process and what it started.
pub(in crate::process) fn end_group() -> ! {
    // A body may have put itself into another group, be it the parent's.
    if rustix::process::getpgrp() == rustix::process::getpid() {
        let _ = rustix::process::kill_current_process_group(Signal::KILL);
    }
    end_process()
}

/// Kills this process alone.
pub(in crate::process) fn end_process() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    std::process::abort()
}
