//! Unix: a child is started at the head of a process group, which is killed as a whole.
//!
//! | file | subject |
//! |---|---|
//! | `wire` | the parent's end of the connection |
//! | `stderr` | what a child writes to its standard error |
//! | `pen` | who writes to that of this program |
//! | `inside` | what a child does: to its end of the connection, and to itself |
//! | `memory` | how much memory a child has |

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Gid, Pid, Signal, Uid};

use self::stderr::Stderr;
use crate::process::hook::{self, VARIABLE};
use crate::process::surroundings::Surroundings;

mod inside;
mod memory;
mod pen;
mod stderr;
mod wire;

pub(in crate::process) use inside::{Link, end_group, end_process, show_name};
pub(in crate::process) use memory::{data_in_use, limit_memory, make_room_for_report};
pub(crate) use wire::Wire;

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
    let _plugs = plugs();
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = Command::new(program()?);
    surroundings.surround(&mut command);
    command.env(VARIABLE, hook::value(nonce));
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    // Else it is what this process has.
    let (stderr, theirs) = Stderr::new().ok().unzip();
    if let Some(theirs) = theirs {
        command.stderr(theirs);
    }
    command.process_group(0);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    let child = command.spawn()?;
    let process = Process { child, ended: None, stderr };
    let wire = Wire::new(ours, process.end_of_leader());
    Ok((process, wire))
}

/// Takes the numbers of standard files that this program has closed, until these are dropped: what it prints would
/// go where they are.
fn plugs() -> Vec<File> {
    let mut plugs = Vec::new();
    while !(is_open(io::stdin()) && is_open(io::stdout()) && is_open(io::stderr())) {
        match File::options().read(true).write(true).open("/dev/null") {
            Ok(plug) => plugs.push(plug),
            Err(_) => break,
        }
    }
    plugs
}

fn is_open(file: impl AsFd) -> bool {
    rustix::io::fcntl_getfd(file).is_ok()
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
    /// None where that is this process's own.
    stderr: Option<Stderr>,
}

impl Process {
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Kills the group; the child is not reaped.
    pub(in crate::process) fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        if let Some(pid) = self.pid().filter(|_| self.is_ours()) {
            // An error says that nobody is left to be killed. The child may have left its group.
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }

    /// Kills the group, reaps the child, and tells how it ended.
    pub(in crate::process) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        self.kill();
        let status = self.child.wait();
        if let Some(stderr) = &mut self.stderr {
            stderr.finish();
        }
        self.ended = status.as_ref().ok().copied();
        status
    }

    /// Passes on what the child has written to its standard error.
    pub(in crate::process) fn flush_stderr(&self) {
        if let Some(stderr) = &self.stderr {
            stderr.flush();
        }
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

/// What tells a file from all others: its device, and its number there.
pub(in crate::process) type Identity = (u64, u64);

#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
pub(in crate::process) fn identity(metadata: &Metadata) -> Option<Identity> {
    Some((metadata.dev(), metadata.ino()))
}

/// In whose name a process does what it does. Who gives up groups gives up these as well.
pub(in crate::process) type Rights = (Uid, Gid);

/// What this process has.
pub(in crate::process) fn rights() -> Rights {
    use rustix::process::{getegid, geteuid};
    (geteuid(), getegid())
}

/// Whether the program has other rights than who started it, who must not have it run what he likes.
pub(in crate::process) fn has_rights_of_another() -> bool {
    use rustix::process::{getgid, getuid};
    rights() != (getuid(), getgid())
}

/// Whether this thread is the only one. Where the system does not tell, it is taken for that: so it is before
/// `main`, unless a library has started another even earlier.
pub(in crate::process) fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1)
}
