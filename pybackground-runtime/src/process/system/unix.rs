//! Unix: a child leads a process group, which is killed as a whole.
//!
//! | file | subject |
//! |---|---|
//! | `connection` | the program's end of the connection |
//! | `child_connection` | the child's end |
//! | `this_process` | what a child does to itself and asks about itself |
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

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use self::wait::wait_for;
use crate::process::frame::{FileId, VARIABLE, variable_value};
use crate::secure_execution;

mod child_connection;
mod connection;
mod memory;
mod this_process;
mod wait;

pub(in crate::process) use child_connection::ChildConnection;
pub(in crate::process) use connection::Connection;
pub(in crate::process) use memory::{data_in_use, limit_memory, make_room_for_report};
pub(in crate::process) use this_process::{
    end_group, end_process, has_one_thread, leads_group, parent_lives, show_name,
};

/// How many bytes either end may send before the other reads, if the system allows as many. Each time that the buffer is
/// full, both ends are woken.
const SEND_BUFFER: usize = 512 << 10;

/// Starts this program again by `command`, as a child that leads a process group. It inherits standard output and
/// standard error.
///
/// # Errors
///
/// If the system gives no process or no socket.
pub(in crate::process) fn launch(
    mut command: Command,
    nonce: u128,
) -> io::Result<(Process, Connection)> {
    let _plugs = plugs();
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    for end in [&ours, &theirs] {
        // A smaller buffer works as well.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(end, SEND_BUFFER);
    }
    command.env(VARIABLE, variable_value(nonce));
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    command.process_group(0);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    let child = command.spawn()?;
    let process = Process { child, ended: None };
    let connection = Connection::new(ours, process.end_of_leader());
    Ok((process, connection))
}

/// Occupies the numbers of standard files that this program has closed, so that the socket gets none of them: the
/// program would print into it.
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

/// Returns a path of the running program: not of the file that has its name by now, where the system has such a path.
pub(in crate::process) fn program() -> io::Result<PathBuf> {
    const RUNNING: &str = "/proc/self/exe";
    let running = PathBuf::from(RUNNING);
    if cfg!(target_os = "linux") && running.is_symlink() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// A child and all that it starts.
///
/// The child is reaped last, because its number is the number of the group: until then no other process gets it.
pub(in crate::process) struct Process {
    child: std::process::Child,
    ended: Option<ExitStatus>,
}

impl Process {
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    pub(in crate::process) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Kills the group. The child is not reaped.
    pub(in crate::process) fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        if let Some(pid) = self.pid().filter(|_| self.is_ours()) {
            // An error says that there is no such process. The child may have left its group.
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }

    /// Kills the group, reaps the child, and returns how it ended.
    pub(in crate::process) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        self.kill();
        let status = self.child.wait();
        self.ended = status.as_ref().ok().copied();
        status
    }

    /// Whether the child has ended. It is not reaped.
    pub(in crate::process) fn has_ended(&mut self) -> bool {
        !matches!(self.look(), Ok(false))
    }

    /// Whether the number is still the child's. If the program ignores SIGCHLD, the system reuses it.
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

    /// Waits for the end of the child for at most `time`; `false` if it has not ended. The child is not reaped.
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

    /// Returns a descriptor that becomes readable when the child ends, where the system has one.
    #[cfg(target_os = "linux")]
    fn end_of_leader(&self) -> Option<OwnedFd> {
        use rustix::process::{PidfdFlags, pidfd_open};
        pidfd_open(self.pid()?, PidfdFlags::empty()).ok()
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "other systems use it")]
    fn end_of_leader(&self) -> Option<OwnedFd> {
        None
    }

    /// Returns how many bytes of memory the child uses, where the system tells.
    pub(in crate::process) fn memory_in_use(&self) -> Option<u64> {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
        Some(resident * rustix::param::page_size() as u64)
    }
}

/// Returns the signal that ended a process, and whether its core was dumped.
pub(in crate::process) fn signal(status: ExitStatus) -> Option<(i32, bool)> {
    Some((status.signal()?, status.core_dumped()))
}

/// Identifies a file by its device and its number there.
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such number")]
pub(in crate::process) fn file_id(metadata: &Metadata) -> Option<FileId> {
    Some((metadata.dev(), metadata.ino()))
}

/// Returns the effective user and group. A program that gives up further groups gives up these as well.
pub(in crate::process) fn credentials() -> (u32, u32) {
    use rustix::process::{getegid, geteuid};
    (geteuid().as_raw(), getegid().as_raw())
}

/// Whether this program, started again by this process, has more rights than the user of this process, and ignores
/// [`VARIABLE`]. A program that gave up rights gets them back from its file.
pub(in crate::process) fn starts_secure_programs() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    (geteuid(), getegid()) != (getuid(), getgid())
        || program().is_ok_and(|program| secure_execution::has_rights_of_its_own(&program))
}
