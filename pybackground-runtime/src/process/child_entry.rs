//! How a process becomes a child before `main`, and how it exits.
//!
//! # Unsafe code
//!
//! This is the only file of the folder with unsafe code. Two arguments make it sound:
//!
//! - **Before `main`** this thread is the only one, unless a library has started another, which is checked where it
//!   matters. The code uses parts of `std` that need nothing that `main` would set up: the environment, files, sockets,
//!   threads, and panics that are caught.
//! - **After `fork`** the copy has one thread, and locks of other threads may be held for good. It calls functions only
//!   that POSIX allows there (`close`, `poll`, `kill`, `_exit`), and never returns.

#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::frame::{VARIABLE, nonce_and_port};
use super::serve;
use super::system::{self, ChildConnection, has_one_thread};
use crate::secure_execution;

// SAFETY (of `unsafe` in the attribute: code that runs before `main`): see the head of the file. A process that is no
// child reads one variable and returns.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn serve_if_child() {
        let variable = secure_execution::variable(VARIABLE);
        if secure_execution::is_secure_execution() {
            return;
        }
        // ORDERING: see `is_in_place`.
        IN_PLACE.store(true, Ordering::Relaxed);
        let child = variable.and_then(|value| child(value.to_str()?));
        if let Some((nonce, connection)) = child {
            serve::serve(nonce, connection, exit);
        }
    }
}

static IN_PLACE: AtomicBool = AtomicBool::new(false);

/// Whether this program, started again now, would become a child. Otherwise it would run `main`, and start children of
/// its own.
pub(super) fn is_in_place() -> bool {
    // ORDERING: the loader has run what precedes `main` before any other code of this library runs.
    IN_PLACE.load(Ordering::Relaxed) && !system::starts_secure_programs()
}

/// Returns the nonce and the connection, if the value is for this version and the connection is there.
fn child(value: &str) -> Option<(u128, ChildConnection)> {
    let (nonce, port) = nonce_and_port(value)?;
    let connection = ChildConnection::inherited(port)?;
    // Programs that the body starts are no children, even if they are the same program. If a library started a thread
    // before this code, the variable stays; it makes a child only of a process that gets a socket as input as well.
    if has_one_thread() {
        // SAFETY: no other thread reads the environment, because there is no other thread, and only this one could
        // start one.
        unsafe { std::env::remove_var(VARIABLE) };
    }
    ignore_broken_pipes();
    Some((nonce, connection))
}

/// Makes a write to a pipe without a reader an error instead of the end of the process, as `std` does before `main`.
fn ignore_broken_pipes() {
    #[cfg(unix)]
    // SAFETY: `SIG_IGN` is no function, so nothing has to be safe in a signal handler. `std` changes the disposition in
    // every Rust program, at the same time of its life.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// How long the exit handlers of a child may take while the program lives, and after its end.
const LIMIT: Duration = Duration::from_secs(3);
const ORPHAN_LIMIT: Duration = Duration::from_millis(750);

/// Ends this process by `exit`, which runs exit handlers, and then kills what its bodies have started. Kills it if that
/// takes too long.
fn exit() -> ! {
    const STACK: usize = 64 << 10;
    let limiter = thread::Builder::new().name("background-exit".to_owned()).stack_size(STACK);
    let is_limited = limiter.spawn(kill_in_time).is_ok();
    if !is_limited || !kill_group_after_exit() {
        system::end_group()
    }
    std::process::exit(0)
}

fn kill_in_time() {
    const PAUSE: Duration = Duration::from_millis(50);
    let start = Instant::now();
    while start.elapsed() < if system::parent_lives() { LIMIT } else { ORPHAN_LIMIT } {
        thread::sleep(PAUSE);
    }
    system::end_group()
}

/// Starts a copy of this process that kills the process group when this process has ended. The program does the same,
/// but may end earlier. `false` if the system refuses it.
#[cfg(unix)]
fn kill_group_after_exit() -> bool {
    use std::os::fd::AsRawFd;

    if !system::leads_group() {
        return true;
    }
    let Ok((end, held)) = std::io::pipe() else { return false };
    // SAFETY: the copy does nothing but the calls below, all of which POSIX allows after `fork`.
    match unsafe { libc::fork() } {
        -1 => false,
        0 => {
            drop(held);
            let mut end = libc::pollfd { fd: end.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            let limit = i32::try_from(LIMIT.as_millis()).unwrap_or(0);
            // SAFETY: `end` is one record, and lives until the call returns; the others take numbers.
            unsafe {
                libc::poll(&raw mut end, 1, limit);
                libc::kill(0, libc::SIGKILL);
                libc::_exit(0)
            }
        }
        _ => {
            // The end of this process closes it.
            std::mem::forget(held);
            true
        }
    }
}

/// The job object kills what the bodies have started.
#[cfg(not(unix))]
fn kill_group_after_exit() -> bool {
    true
}
