//! How a process learns that it is a child, before `main`: the one file with unsafe code.

#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::serve;
use super::system::{Link, has_rights_of_another};

/// The variable that makes a child of a process. Its value is the nonce, in hexadecimal; where a socket
/// cannot be inherited, a colon and the port to connect to follow.
pub(super) const VARIABLE: &str = "PYBACKGROUND_CHILD";

// SAFETY (of `unsafe` in the attribute: code that runs before `main`): it uses of `std` what needs
// nothing that `main` would set up: the environment, files, sockets, threads, panics that are caught. In a
// process that is no child it reads one variable and returns.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn serve_if_child() {
        if has_rights_of_another() {
            return;
        }
        // ORDERING: there is one thread.
        IN_PLACE.store(true, Ordering::Relaxed);
        if let Some((nonce, link)) = child() {
            serve::serve(nonce, link);
        }
    }
}

static IN_PLACE: AtomicBool = AtomicBool::new(false);

/// Whether this program, started as a child, would become one. Else it would run `main`, and start children
/// of its own.
pub(super) fn is_in_place() -> bool {
    // ORDERING: set before there was a second thread.
    IN_PLACE.load(Ordering::Relaxed)
}

/// The nonce and the connection, if this process was started as a child.
fn child() -> Option<(u128, Link)> {
    let value = std::env::var(VARIABLE).ok()?;
    let (nonce, port) = value.split_once(':').unwrap_or((&value, ""));
    let nonce = u128::from_str_radix(nonce, 16).ok()?;
    let link = Link::of_child(port)?;
    // What the body starts is no child of the kind, even if it is the same program.
    //
    // SAFETY: the environment is changed while there is one thread: `main` has not begun, and
    // whatever ran before it and started a thread would have had to read the environment in it just now.
    unsafe { std::env::remove_var(VARIABLE) };
    heed_no_broken_pipe();
    Some((nonce, link))
}

/// Has writing to a pipe that nobody reads be an error instead of the end, as `std` does before `main`.
fn heed_no_broken_pipe() {
    #[cfg(unix)]
    // SAFETY: `SIG_IGN` is no function, so that nothing has to be safe in a signal handler; the
    // disposition is changed as the one of every Rust program is, at the same time of its life.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}
