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
        fill_standard_files().ok()?;
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

/// Puts `/dev/null` in the place of standard input, and of standard output and error where the program has closed
/// its own. What runs before `main` does so too, and has not run: a file of the user's would get the number, and what
/// is printed.
fn fill_standard_files() -> io::Result<()> {
    use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
    // A copy has none of the three numbers.
    let nothing = File::options().read(true).write(true).open("/dev/null")?.try_clone()?;
    dup2_stdin(&nothing)?;
    if is_closed(&io::stdout()) {
        dup2_stdout(&nothing)?;
    }
    if is_closed(&io::stderr()) {
        dup2_stderr(&nothing)?;
    }
    Ok(())
}

fn is_closed(file: &impl AsFd) -> bool {
    rustix::io::fcntl_getfd(file) == Err(Errno::BADF)
}

fn identity_of(file: &File) -> Option<Identity> {
    identity(&file.metadata().ok()?)
}

/// Learns when the parent is gone or has cut the connection.
///
/// A body may close all that it did not open, and give the numbers to files of its own. While a thread waits here
/// the system holds on to what it waits for, and tells of its end if the number is free then; so it is one that
/// nobody comes to soon.
pub(in crate::process) struct Watch {
    socket: OwnedFd,
    /// The parent itself, where the system has that: a copy that it made by `fork` has its end of the connection.
    parent: Option<OwnedFd>,
}

impl Watch {
    fn new(socket: &File) -> io::Result<Self> {
        let parent = parent().and_then(|parent| out_of_the_way(&parent).ok());
        Ok(Self { socket: out_of_the_way(socket)?, parent })
    }

    /// Waits for that.
    pub(in crate::process) fn wait(&self) {
        // That the other end is closed is told unasked; what else there is to read is not ours.
        let socket = PollFd::new(&self.socket, hang_up());
        let parent = self.parent.as_ref().map(|parent| PollFd::new(parent, PollFlags::IN));
        let mut fds: Vec<_> = [socket].into_iter().chain(parent).collect();
        while wait_for(&mut fds, None).is_err() {}
    }
}

/// The same file under a high number.
fn out_of_the_way(file: &impl AsFd) -> io::Result<OwnedFd> {
    /// More than most programs have.
    const HIGH: u64 = 1000;
    let most = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let number = RawFd::try_from(most.saturating_sub(1).min(HIGH)).unwrap_or_default();
    let high = rustix::io::fcntl_dupfd_cloexec(file, number);
    Ok(high.or_else(|_| rustix::io::fcntl_dupfd_cloexec(file, 0))?)
}

/// What becomes readable when the parent has ended.
#[cfg(target_os = "linux")]
fn parent() -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, getppid, pidfd_open};
    // None if it is in another namespace, which has other numbers.
    let parent = getppid()?;
    let end = pidfd_open(parent, PidfdFlags::empty()).ok()?;
    // Had it ended before, the number might be another's, and this process a child of somebody else's.
    (getppid() == Some(parent)).then_some(end)
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<OwnedFd> {
    None
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
