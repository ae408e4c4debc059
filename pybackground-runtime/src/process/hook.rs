//! How a process learns that it is a child, before `main`: the one file with unsafe code.

#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::serve;
use super::system::{Link, has_one_thread, has_rights_of_another};

/// The variable that makes a child of a process. Its value is the version of this library, of which a program
/// may have more than one, and the nonce, in hexadecimal; where a socket cannot be inherited, a colon and the
/// port to connect to follow.
pub(super) const VARIABLE: &str = "PYBACKGROUND_CHILD";

/// What comes before the nonce.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " ");

/// The value of the variable for a child that inherits its socket.
pub(super) fn value(nonce: u128) -> String {
    format!("{VERSION}{nonce:x}")
}

/// The nonce and the port, if the value is for this version.
fn nonce_and_port(value: &str) -> Option<(u128, &str)> {
    let value = value.strip_prefix(VERSION)?;
    let (nonce, port) = value.split_once(':').unwrap_or((value, ""));
    Some((u128::from_str_radix(nonce, 16).ok()?, port))
}

// SAFETY (of `unsafe` in the attribute: code that runs before `main`): it uses of `std` what needs
// nothing that `main` would set up: the environment, files, sockets, threads, panics that are caught. In a
// process that is no child it reads one variable and returns.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn serve_if_child() {
        if has_rights_of_another() {
            return;
        }
        // ORDERING: see `is_in_place`.
        IN_PLACE.store(true, Ordering::Relaxed);
        if let Some((nonce, link)) = child() {
            serve::serve(nonce, link);
        }
    }
}

static IN_PLACE: AtomicBool = AtomicBool::new(false);

/// Whether this program, started as a child now, would become one. Else it would run `main`, and start children
/// of its own.
pub(super) fn is_in_place() -> bool {
    // ORDERING: whoever is here has been let into this code after the loader ran what begins it.
    IN_PLACE.load(Ordering::Relaxed) && !has_rights_of_another()
}

/// The nonce and the connection, if this process was started as a child.
fn child() -> Option<(u128, Link)> {
    let value = std::env::var(VARIABLE).ok()?;
    let (nonce, port) = nonce_and_port(&value)?;
    let link = Link::of_child(port)?;
    // What the body starts is no child of the kind, even if it is the same program. Where threads were started
    // before this, the variable stays, which says something only to who gets a socket as input as well.
    if has_one_thread() {
        // SAFETY: the environment is changed while nobody else reads it, for there is nobody else, and who
        // could begin to be would have to be started by this thread.
        unsafe { std::env::remove_var(VARIABLE) };
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_of_another_version_is_left_to_it() {
        let nonce = u128::MAX - 7;
        assert_eq!(nonce_and_port(&value(nonce)), Some((nonce, "")));
        assert_eq!(nonce_and_port(&format!("{}:80", value(nonce))), Some((nonce, "80")));
        assert_eq!(nonce_and_port(&format!("99.{}", value(nonce))), None);
    }
}
