//! Bodies of a program that gives up rights have no more rights than the program. Only root can give up rights: as
//! another user these tests check nothing.

#![allow(unsafe_code, reason = "safe code does not change its rights")]

mod common;

use std::ffi::CString;
use std::time::Duration;

use common::{child, children, watchdog};
use pybackground::{Lazy, background, shutdown};

const USER: u32 = 65_533;

fn user() -> u32 {
    // SAFETY: a number comes out.
    unsafe { libc::geteuid() }
}

/// Changes user and group of all threads of this process.
fn become_user() {
    // SAFETY: numbers go in and come out, and no groups are where the null pointer leads.
    let outcomes =
        unsafe { [libc::setgroups(0, std::ptr::null()), libc::setgid(USER), libc::setuid(USER)] };
    assert_eq!(outcomes, [0; 3]);
}

#[background(process)]
fn user_and_pid() -> (u32, u32) {
    (user(), std::process::id())
}

#[background(process)]
fn becomes_user() -> (u32, u32) {
    become_user();
    (user(), std::process::id())
}

/// Whether this is the other half of a test, and runs as root.
fn is_root(test: &str) -> bool {
    if !child::is_child() {
        child::succeeds(&mut child::command(test));
    }
    child::is_child() && user() == 0
}

#[test]
fn bodies_have_no_rights_that_the_program_gave_up() {
    let _watchdog = watchdog();
    if !is_root("bodies_have_no_rights_that_the_program_gave_up") {
        return;
    }
    let (before, of_root) = Lazy::into_inner(user_and_pid());
    assert_eq!(before, 0);
    become_user();
    let (after, of_user) = Lazy::into_inner(user_and_pid());
    assert_eq!(after, USER);
    assert_ne!(of_root, of_user);
    // The program may not kill the first child any more.
    shutdown(Duration::from_secs(60)).unwrap();
    assert_eq!(children(), [0_u32; 0]);
}

#[test]
fn child_that_gave_up_rights_serves_no_further_call() {
    let _watchdog = watchdog();
    if !is_root("child_that_gave_up_rights_serves_no_further_call") {
        return;
    }
    let (without, of_user) = Lazy::into_inner(becomes_user());
    assert_eq!(without, USER);
    let (with, of_root) = Lazy::into_inner(user_and_pid());
    assert_eq!(with, 0);
    assert_ne!(of_root, of_user);
}

/// Makes an empty directory the root directory.
#[background(process)]
fn changes_root(empty: &str) -> u32 {
    let empty = CString::new(empty).unwrap();
    // SAFETY: the text ends with a zero, and lives until the end.
    assert_eq!(unsafe { libc::chroot(empty.as_ptr()) }, 0);
    std::process::id()
}

#[background(process)]
fn lists_root() -> (usize, u32) {
    (std::fs::read_dir("/").unwrap().count(), std::process::id())
}

#[test]
fn child_that_changed_its_root_serves_no_further_call() {
    let _watchdog = watchdog();
    if !is_root("child_that_changed_its_root_serves_no_further_call") {
        return;
    }
    let empty = std::env::temp_dir().join(format!("empty-{}", std::process::id()));
    std::fs::create_dir(&empty).unwrap();
    for directory in [std::env::current_dir().unwrap(), "/".into()] {
        std::env::set_current_dir(directory).unwrap();
        let changed = Lazy::into_inner(changes_root(empty.to_str().unwrap()));
        let (names, pid) = Lazy::into_inner(lists_root());
        assert!(names > 0 && pid != changed);
    }
    std::fs::remove_dir(&empty).unwrap();
}

/// The program, started again, would have more rights than its user, and run `main`.
#[test]
fn program_with_another_effective_user_makes_no_child() {
    let _watchdog = watchdog();
    if !is_root("program_with_another_effective_user_makes_no_child") {
        return;
    }
    // SAFETY: numbers go in and come out.
    assert_eq!(unsafe { libc::seteuid(USER) }, 0);
    let error = Lazy::join(user_and_pid()).unwrap_err();
    assert!(error.is_handshake_failure(), "{error}");
    assert!(error.to_string().contains("more rights than its user has"), "{error}");
    // SAFETY: as above.
    assert_eq!(unsafe { libc::seteuid(0) }, 0);
    assert_eq!(Lazy::into_inner(user_and_pid()).0, 0);
}
