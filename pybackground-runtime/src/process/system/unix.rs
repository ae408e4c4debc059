//! Unix: a pair of sockets, a process group, resource limits.

#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::process::{Pid, Resource, Rlimit, Signal};

use crate::process::hook::{self, VARIABLE};
use crate::process::surroundings::Surroundings;
use crate::sync::thread::yield_unless_crowded;

/// How often either end looks for what the other is to send before it sleeps. It takes longer to be woken
/// than many a call takes; one that takes longer is not much longer for some twenty microseconds of looking.
const LOOKS: u32 = 40;

/// Starts this program again, as a child at the head of a process group.
///
/// # Errors
///
/// If the system gives no process or no socket.
pub(in crate::process) fn launch(
    nonce: u128,
    surroundings: &Surroundings,
) -> io::Result<(Process, Wire)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = Command::new(program()?);
    surroundings.surround(&mut command);
    command.env(VARIABLE, hook::value(nonce));
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    command.process_group(0);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    let child = command.spawn()?;
    let process = Process { child, ended: None };
    let wire = Wire { stream: ours, end: process.end_of_leader(), cut: AtomicBool::new(false) };
    Ok((process, wire))
}

/// The program itself: what runs, not what is by now under its name, if the system has a name for that.
fn program() -> io::Result<PathBuf> {
    const RUNNING: &str = "/proc/self/exe";
    let running = PathBuf::from(RUNNING);
    if cfg!(target_os = "linux") && running.is_symlink() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// A child and all that it starts.
///
/// It is reaped last, so that its number, which is that of the group, is nobody else's meanwhile.
pub(in crate::process) struct Process {
    child: std::process::Child,
    ended: Option<ExitStatus>,
}

impl Process {
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Kills the group, reaps the child, and tells how it ended.
    pub(in crate::process) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        if let Some(pid) = self.pid().filter(|_| self.is_ours()) {
            // An error says that nobody is left to be killed. The child may have left its group.
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        let status = self.child.wait()?;
        self.ended = Some(status);
        Ok(status)
    }

    /// Whether the child has ended; it is not reaped.
    pub(in crate::process) fn has_ended(&mut self) -> bool {
        !matches!(self.look(), Ok(false))
    }

    /// Whether the number is still the child's. Where the program ignores SIGCHLD, nobody keeps it.
    fn is_ours(&self) -> bool {
        self.look() != Err(Errno::CHILD)
    }

    /// Whether the child has ended; an error if there is none.
    fn look(&self) -> Result<bool, Errno> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let pid = self.pid().ok_or(Errno::CHILD)?;
        waitid(WaitId::Pid(pid), look).map(|status| status.is_some())
    }

    /// Waits for the child's end for `time` at most; it is not reaped.
    pub(in crate::process) fn ends_within(&mut self, time: Duration) -> bool {
        const PAUSE: Duration = Duration::from_millis(1);
        if let Some(end) = self.end_of_leader() {
            let mut fds = [PollFd::new(&end, PollFlags::IN)];
            return wait_for(&mut fds, Instant::now().checked_add(time)).is_ok();
        }
        let start = Instant::now();
        while !self.has_ended() {
            if start.elapsed() >= time {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        true
    }

    /// What becomes readable when the child ends, where the system has that.
    #[cfg(target_os = "linux")]
    fn end_of_leader(&self) -> Option<OwnedFd> {
        use rustix::process::{PidfdFlags, pidfd_open};
        pidfd_open(self.pid()?, PidfdFlags::empty()).ok()
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "Linux knows")]
    fn end_of_leader(&self) -> Option<OwnedFd> {
        None
    }

    /// How many bytes of memory the child uses, where the system tells.
    pub(in crate::process) fn memory_in_use(&self) -> Option<u64> {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
        Some(resident * rustix::param::page_size() as u64)
    }
}

/// The signal that ended a process, and whether its core was dumped.
pub(in crate::process) fn signal(status: ExitStatus) -> Option<(i32, bool)> {
    Some((status.signal()?, status.core_dumped()))
}

/// The parent's end of a connection.
///
/// It never blocks in a read or a write, where the end of the child might go unnoticed: a process that the
/// child forked can have the other end open.
pub(crate) struct Wire {
    stream: UnixStream,
    /// See [`Process::end_of_leader`].
    end: Option<OwnedFd>,
    cut: AtomicBool,
}

impl Wire {
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

/// Waits until one of `fds` is ready.
///
/// # Errors
///
/// `TimedOut` if none is by then.
fn wait_for(fds: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<()> {
    loop {
        let rest = until.map(|until| until.saturating_duration_since(Instant::now()));
        let rest = rest.and_then(|rest| Timespec::try_from(rest).ok());
        match poll(fds, rest.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The child's end of the connection.
pub(in crate::process) struct Link {
    socket: File,
    /// Tells it from other files that may have its number by now.
    identity: (u64, u64),
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
        let identity = identity(&socket)?;
        Some(Self { socket, identity })
    }

    /// Whether it is what this process was started with, and not another file with the same number: a
    /// body may have closed all that it did not know.
    pub(in crate::process) fn is_intact(&self) -> bool {
        identity(&self.socket) == Some(self.identity)
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

fn identity(file: &File) -> Option<(u64, u64)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
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

/// How many bytes of data this process has, as its limit counts them, where the system tells.
pub(in crate::process) fn data_in_use() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let data: u64 = pages.split_whitespace().nth(5)?.parse().ok()?;
    Some(data * rustix::param::page_size() as u64)
}

/// Allows this process `bytes` of data, until the guard is dropped; 0 is no limit.
pub(in crate::process) fn limit_memory(bytes: u64) -> Option<LimitedMemory> {
    if bytes == 0 {
        return None;
    }
    let before = rustix::process::getrlimit(Resource::Data);
    let current = before.maximum.map_or(bytes, |most| most.min(bytes));
    let limit = Rlimit { current: Some(current), maximum: before.maximum };
    rustix::process::setrlimit(Resource::Data, limit).ok()?;
    Some(LimitedMemory { before })
}

/// See [`limit_memory`].
pub(in crate::process) struct LimitedMemory {
    before: Rlimit,
}

impl Drop for LimitedMemory {
    fn drop(&mut self) {
        let _ = rustix::process::setrlimit(Resource::Data, self.before);
    }
}

/// Whether the program has other rights than who started it, who must not have it run what he likes.
pub(in crate::process) fn has_rights_of_another() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

/// Whether this thread is the only one. Where the system does not tell, it is taken for that: so it is before
/// `main`, unless a library has started another even earlier.
pub(in crate::process) fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1)
}
