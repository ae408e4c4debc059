//! Whether this program has more rights than the user who started it.
//!
//! The kernel marks such a program when it starts: a set-user-ID or set-group-ID program, one with file capabilities,
//! and one that a security module chose. Its environment comes from a user who must not control it. A variable that
//! makes this library open a file, a socket or a server is therefore read by [`variable`] only, which ignores it there.
//!
//! # Unsafe code
//!
//! The system calls take and return numbers, or fill a buffer of their caller. They have no safe binding.

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

/// Whether a process that this one starts from the file `program` has more rights than the user of this process, by the
/// file: the process sees it as [`is_secure_execution`].
///
/// A file system or a process without such rights (`nosuid`, `no_new_privs`) is not asked: there the answer may be `true`
/// in vain.
#[cfg(all(feature = "process", unix))]
pub(crate) fn has_rights_of_its_own(program: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    const SET_USER: u32 = 0o4000;
    const SET_GROUP: u32 = 0o2010;
    let Ok(file) = std::fs::metadata(program) else { return false };
    // SAFETY: these take nothing and return numbers.
    let (user, group) = unsafe { (libc::getuid(), libc::getgid()) };
    let sets = |bits| file.mode() & bits == bits;
    sets(SET_USER) && file.uid() != user
        || sets(SET_GROUP) && file.gid() != group
        || user != 0 && has_capabilities(program)
}

/// Whether the file has capabilities, other than those that only a process may pass on which has them.
#[cfg(all(feature = "process", any(target_os = "linux", target_os = "android")))]
fn has_capabilities(program: &std::path::Path) -> bool {
    use std::os::unix::ffi::OsStrExt;

    const EFFECTIVE: u32 = 1;
    let Ok(path) = std::ffi::CString::new(program.as_os_str().as_bytes()) else { return false };
    let mut value = [0_u8; 64];
    // SAFETY: both texts end with a zero, and the buffer is as long as is said.
    let length = unsafe {
        let name = c"security.capability".as_ptr();
        libc::getxattr(path.as_ptr(), name, value.as_mut_ptr().cast(), value.len())
    };
    let Ok(length) = usize::try_from(length) else { return false };
    // A word with the version, then pairs of the permitted and the inheritable capabilities.
    let words = value[..length].chunks_exact(4);
    let mut words = words.map(|word| word.try_into().map_or(0, u32::from_le_bytes));
    let is_effective = words.next().is_some_and(|version| version & EFFECTIVE != 0);
    is_effective || words.step_by(2).take(2).any(|permitted| permitted != 0)
}

/// Files have no capabilities here.
#[cfg(all(feature = "process", unix, not(any(target_os = "linux", target_os = "android"))))]
fn has_capabilities(_: &std::path::Path) -> bool {
    false
}
