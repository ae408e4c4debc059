//! What the test files share: no test waits without a watchdog, and none sleeps.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

#[path = "../../common/child.rs"]
pub(crate) mod child;

/// Far beyond what any test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ends the process with a message unless it is dropped in time.
#[must_use = "the watchdog watches until it is dropped"]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches the current test, which is known by the name of its thread.
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

/// Tells a test when processes have started, and when the last of them has ended: as long as one lives, a
/// connection is open.
pub(crate) struct Lifeline {
    listener: TcpListener,
}

impl Lifeline {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() }
    }

    /// What a body is to be told.
    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Waits until a body holds on.
    pub(crate) fn held(&self) -> Held {
        Held(self.listener.accept().unwrap().0)
    }
}

/// Processes that were alive.
pub(crate) struct Held(TcpStream);

impl Held {
    /// Waits until they are not any more; returns what they said.
    pub(crate) fn wait_for_end(mut self) -> String {
        let mut said = Vec::new();
        // The end of a process that was killed may come as an error.
        let _ = self.0.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    }

    /// Waits for a line from them.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let mut byte = [0];
        while self.0.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            line.push(char::from(byte[0]));
        }
        line
    }
}

/// Holds on to the lifeline until the process ends.
pub(crate) fn hold(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()
}

/// As `hold`, together with a process that sleeps for an hour.
pub(crate) fn hold_with_sleeper(port: u16) -> TcpStream {
    let held = hold(port);
    let shared = OwnedFd::from(held.try_clone().unwrap());
    let mut sleeper = Command::new("sleep");
    let sleeper = sleeper.arg("3600").stdin(Stdio::null()).stdout(shared).spawn().unwrap();
    // It ends when this process does.
    drop(sleeper);
    held
}

/// Waits for a state that nobody announces. The watchdog of the test ends a wait in vain.
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

/// The descriptors that are open in this process.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The children of this process, those that ended and were not waited for included.
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

/// As `child::command`, without the rights of root, who may start as many processes as it likes and enter
/// any directory. Each test is another user, for the processes of a user are counted together, those of an
/// earlier run that nobody has reaped yet included: so each run has users of its own.
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
