//! Whether this program has more rights than the user who started it.
//!
//! The kernel marks such a program when it starts: a set-user-ID or set-group-ID program, one with file capabilities,
//! and one that a security module chose. Its environment comes from a user who must not control it. A variable that
//! makes this library open a file, a socket or a server is therefore read by [`variable`] only, which ignores it there.
//!
//! # Unsafe code
//!
//! The two system calls take and return numbers. They have no safe binding.

#![allow(unsafe_code, reason = "the system is asked; each block says why it is sound")]

use std::ffi::OsString;
use std::io::Write;

/// Whether this program was started with more rights than the user who started it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_secure_execution() -> bool {
    // SAFETY: a number goes in and another comes out. The vector that is read never changes.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether this program was started with more rights than the user who started it.
#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "haiku",
    target_os = "netbsd",
    target_os = "openbsd"
))]
pub(crate) fn is_secure_execution() -> bool {
    // SAFETY: it takes nothing and returns a number.
    unsafe { libc::issetugid() != 0 }
}

/// Whether this program was started with more rights than the user who started it.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "haiku",
    target_os = "netbsd",
    target_os = "openbsd",
    windows
)))]
pub(crate) fn is_secure_execution() -> bool {
    // SAFETY: these take nothing and return numbers.
    unsafe { (libc::geteuid(), libc::getegid()) != (libc::getuid(), libc::getgid()) }
}

/// Programs have the rights of the user who starts them here.
#[cfg(windows)]
pub(crate) fn is_secure_execution() -> bool {
    false
}

/// Returns the value of a variable that makes this library open a file, a socket or a server.
///
/// In a program with more rights than the user who started it the variable is ignored, with a line on standard error.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    if !is_secure_execution() {
        return Some(value);
    }
    let _ = writeln!(
        std::io::stderr(),
        "pybackground: the variable {name} is ignored, because this program has more rights than the user who \
         started it (set-user-ID, set-group-ID or file capabilities)"
    );
    None
}
