//! Helpers of the suite. Every test has a watchdog, and none sleeps.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

#[path = "../../common/child.rs"]
pub(crate) mod child;
#[path = "../../common/futures.rs"]
pub(crate) mod futures;
pub(crate) mod nats;
pub(crate) mod proxy;
pub(crate) mod raw;

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

/// What a backend can promise.
pub(crate) struct Promises {
    /// A call returns before its body has ended.
    pub(crate) runs_beside: bool,
    /// The body is stopped by killing it, and not by asking it.
    pub(crate) kills: bool,
}

/// Where bodies report to a test: each connects and keeps the connection open while it runs.
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
    pub(crate) fn body(&self) -> Held {
        Held(self.listener.accept().unwrap().0)
    }

    /// A body that has connected and was not accepted.
    pub(crate) fn body_that_came(&self) -> Option<Held> {
        self.listener.set_nonblocking(true).unwrap();
        let accepted = self.listener.accept();
        self.listener.set_nonblocking(false).unwrap();
        let (stream, _) = accepted.ok()?;
        stream.set_nonblocking(false).unwrap();
        Some(Held(stream))
    }

    /// Whether a body has connected that was not accepted.
    pub(crate) fn has_body(&self) -> bool {
        self.body_that_came().is_some()
    }
}

/// The connection of a body.
pub(crate) struct Held(TcpStream);

impl Held {
    /// Waits until the body has ended.
    pub(crate) fn wait_for_end(mut self) {
        // The end of a killed process may be an error.
        let _ = self.0.read_to_end(&mut Vec::new());
    }

    /// Lets the body end.
    pub(crate) fn release(mut self) {
        self.0.write_all(b"!").unwrap();
        self.wait_for_end();
    }
}

/// In a body: connects, and waits until the test releases it or the call is stopped.
pub(crate) fn wait_for_release(port: u16) {
    let held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    held.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    loop {
        match held.peek(&mut [0]) {
            Ok(_) => return,
            // A body on a thread is asked to stop.
            Err(_) => pybackground::checkpoint(),
        }
    }
}
