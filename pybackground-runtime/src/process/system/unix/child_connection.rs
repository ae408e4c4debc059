//! The child's end of the connection, and how the child learns of its end.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::process::Resource;

use super::wait::{CHECKS, wait_for};
use crate::process::frame::FileId;
use crate::sync::thread::yield_for_a_moment;

/// The child's end of the connection.
pub(in crate::process) struct ChildConnection {
    socket: File,
    /// Tells it from other files that may have its number by now.
    id: FileId,
}

impl ChildConnection {
    /// Takes the connection that a child is started with as its standard input, which is empty from then on. `None` if
    /// standard input is no socket.
    pub(in crate::process) fn inherited(_port: &str) -> Option<Self> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
        stream.local_addr().ok()?;
        fill_standard_files().ok()?;
        let socket = File::from(OwnedFd::from(stream));
        let id = id_of(&socket)?;
        Some(Self { socket, id })
    }

    /// Whether the descriptor still is the connection, and not another file with the same number: a body may have
    /// closed all descriptors that it did not open.
    pub(in crate::process) fn is_intact(&self) -> bool {
        id_of(&self.socket) == Some(self.id)
    }

    /// Returns the same connection, for another thread.
    pub(in crate::process) fn second(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, id: self.id })
    }

    /// Returns what waits for the end of the connection.
    pub(in crate::process) fn watch(&self) -> io::Result<Watch> {
        Watch::new(&self.socket)
    }
}

/// Opens `/dev/null` as standard input, and as standard output and error if the program has closed its own. Otherwise
/// a file of the user's would get the number, and what is printed. `std` does the same before `main`, but has not run.
fn fill_standard_files() -> io::Result<()> {
    use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
    // The copy has none of the three numbers.
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

fn id_of(file: &File) -> Option<FileId> {
    let metadata = file.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Waits until the program is gone or has ended the connection.
///
/// A body may close descriptors that it did not open, and give their numbers to files of its own. While a thread waits
/// here, the system keeps the files that it waits for, and reports their end if the numbers are free then; so these
/// are high numbers, which other files do not get soon.
pub(in crate::process) struct Watch {
    socket: OwnedFd,
    /// The program itself, where the system has such a descriptor: a copy that it made by `fork` keeps its end of the
    /// connection open.
    parent: Option<OwnedFd>,
}

impl Watch {
    fn new(socket: &File) -> io::Result<Self> {
        let parent = parent().and_then(|parent| out_of_the_way(&parent).ok());
        Ok(Self { socket: out_of_the_way(socket)?, parent })
    }

    pub(in crate::process) fn wait(&self) {
        // The system reports a closed end unasked. Calls are read by another thread.
        let socket = PollFd::new(&self.socket, hang_up());
        let parent = self.parent.as_ref().map(|parent| PollFd::new(parent, PollFlags::IN));
        let mut fds: Vec<_> = [socket].into_iter().chain(parent).collect();
        while wait_for(&mut fds, None).is_err() {}
    }
}

/// Duplicates a file to a high number.
fn out_of_the_way(file: &impl AsFd) -> io::Result<OwnedFd> {
    /// More files than most programs have.
    const HIGH: u64 = 1000;
    let most = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let number = RawFd::try_from(most.saturating_sub(1).min(HIGH)).unwrap_or_default();
    let high = rustix::io::fcntl_dupfd_cloexec(file, number);
    Ok(high.or_else(|_| rustix::io::fcntl_dupfd_cloexec(file, 0))?)
}

/// Returns a descriptor that becomes readable when the program has ended.
#[cfg(target_os = "linux")]
fn parent() -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, getppid, pidfd_open};
    // `None` if the program is in another namespace, which has other numbers.
    let parent = getppid()?;
    let end = pidfd_open(parent, PidfdFlags::empty()).ok()?;
    // If the program had ended before, its number might be another process's, and this process has another parent.
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

impl Read for ChildConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..CHECKS {
            match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Err(Errno::WOULDBLOCK) if yield_for_a_moment().is_ok() => {}
                Err(Errno::WOULDBLOCK) => break,
                read => return Ok(read?.0),
            }
        }
        self.socket.read(buffer)
    }
}

impl Write for ChildConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
