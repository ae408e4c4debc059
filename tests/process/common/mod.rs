//! Helpers of the test files. Every test has a watchdog, and none sleeps.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

#[path = "../../common/child.rs"]
pub(crate) mod child;

/// Longer than any test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Aborts the process with a message unless it is dropped in time.
#[must_use = "the watchdog watches until it is dropped"]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches the current test, which is named after its thread.
pub(crate) fn watchdog() -> Watchdog {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    let (alive, watched) = channel::<()>();
    thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let report = pybackground::snapshot();
            let _ = writeln!(std::io::stderr(), "test `{test}` hangs\n{report}");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}

/// Copies this test program. `cp` writes the copy: a file that this process has open for writing could be inherited
/// by a process that another test starts, and could not be executed until that one ends.
pub(crate) fn copy_this_program(to: &Path) {
    let this = std::env::current_exe().unwrap();
    assert!(Command::new("cp").arg(this).arg(to).status().unwrap().success());
}

/// Reports to a test when processes have started, and when the last of them has ended: each keeps a connection open.
pub(crate) struct Lifeline {
    listener: TcpListener,
}

impl Lifeline {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() }
    }

    /// The port that bodies connect to.
    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Waits until a body connects.
    pub(crate) fn held(&self) -> Held {
        Held(self.listener.accept().unwrap().0)
    }
}

/// The connection of processes that have started.
pub(crate) struct Held(TcpStream);

impl Held {
    /// Waits until all of them have ended; returns what they sent.
    pub(crate) fn wait_for_end(mut self) -> String {
        let mut said = Vec::new();
        // The end of a killed process may be an error.
        let _ = self.0.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    }

    /// Waits for a line that they send.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let mut byte = [0];
        while self.0.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            line.push(char::from(byte[0]));
        }
        line
    }
}

/// Connects to the lifeline.
pub(crate) fn hold(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()
}

/// As `hold`, and shares the connection with a process that sleeps for an hour.
pub(crate) fn hold_with_sleeper(port: u16) -> TcpStream {
    let held = hold(port);
    let shared = OwnedFd::from(held.try_clone().unwrap());
    let mut sleeper = Command::new("sleep");
    let sleeper = sleeper.arg("3600").stdin(Stdio::null()).stdout(shared).spawn().unwrap();
    // It is killed with this process.
    drop(sleeper);
    held
}

/// Waits for a state that no event announces. The watchdog ends a wait that takes too long.
pub(crate) fn wait_until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        thread::yield_now();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Counts the open descriptors of this process.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Returns the children of this process, including zombies.
pub(crate) fn children() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let lists =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let mut children: Vec<u32> = lists
        .flat_map(|list| {
            list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()
        })
        .collect();
    children.sort_unstable();
    children
}

/// As `child::command`, as an unprivileged user: root has no limit of processes, and may enter any directory. Each test
/// and each run has a user of its own, because the system counts all processes of a user, including zombies.
pub(crate) fn as_user(id: u32, test: &str) -> Command {
    let id = id - 100 * (std::process::id() % 400);
    let own = Command::new("id").arg("-u").output().unwrap().stdout;
    if own == b"0\n" {
        let (user, group) = (format!("--reuid={id}"), format!("--regid={id}"));
        child::wrapped(&["setpriv", &user, &group, "--clear-groups"], test)
    } else {
        child::command(test)
    }
}
