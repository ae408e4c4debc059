//! A program with more rights than the user who started it (set-user-ID, set-group-ID, file capabilities) makes no child
//! and becomes none. Only root can make such a program: as another user these tests check nothing.

#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "safe code asks for none of this")]

mod common;

use std::ffi::CString;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{child, copy_this_program, watchdog};
use pybackground::{Lazy, background};

const USER: u32 = 61_877;
const VARIABLE: &str = "PYBACKGROUND_CHILD";

/// The exit code of a program that the system gave no more rights, as on a file system without set-user-ID.
const NOT_SECURE: i32 = 77;

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

/// Copies this executable, gives the copy rights, and makes it executable for everybody. `None` if that is impossible.
fn privileged_copy(name: &str, give_rights: impl FnOnce(&Path) -> bool) -> Option<PathBuf> {
    // SAFETY: a number comes out.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("skipped: only root can make a program with more rights than its user");
        return None;
    }
    let copy = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    copy_this_program(&copy);
    fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
    if give_rights(&copy) {
        return Some(copy);
    }
    fs::remove_file(&copy).unwrap();
    eprintln!("skipped: this system gives the program no rights");
    None
}

/// Runs the test of this name in `program` as an unprivileged user, with a forged variable and a socket as input. Returns
/// its output and what it sent to the socket.
fn run_forged(program: &Path, test: &str) -> (std::process::Output, Vec<u8>) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let user = [format!("--reuid={USER}"), format!("--regid={USER}")];
    let mut command = Command::new("setpriv");
    command.args(user).arg("--clear-groups").arg(program);
    let original = child::command(test);
    command.args(original.get_args());
    command.envs(original.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env(VARIABLE, format!("{} 7", env!("CARGO_PKG_VERSION")));
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.spawn().unwrap();
    drop(command);
    let mut greeting = vec![0; 8];
    let read = ours.read(&mut greeting).unwrap_or(0);
    greeting.truncate(read);
    // A child ends with its connection.
    drop(ours);
    (program.wait_with_output().unwrap(), greeting)
}

/// The other half: this program has more rights than its user, and calls.
fn is_refused() {
    // SAFETY: a number goes in and another comes out.
    if unsafe { libc::getauxval(libc::AT_SECURE) } == 0 {
        std::process::exit(NOT_SECURE);
    }
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_handshake_failure(), "{error}");
    assert!(error.to_string().contains("more rights than its user has"), "{error}");
}

#[track_caller]
fn makes_no_child_and_becomes_none(test: &str, give_rights: impl FnOnce(&Path) -> bool) {
    let _watchdog = watchdog();
    if child::is_child() {
        return is_refused();
    }
    let Some(program) = privileged_copy(test, give_rights) else { return };
    let (output, greeting) = run_forged(&program, test);
    fs::remove_file(program).unwrap();
    if output.status.code() == Some(NOT_SECURE) {
        eprintln!(
            "skipped: the system ignores the rights of a program in {}",
            std::env::temp_dir().display()
        );
        return;
    }
    let told = child::told(&output);
    assert_eq!(greeting, b"", "it became a child: {told}");
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    let errors = String::from_utf8_lossy(&output.stderr);
    let ignored = errors.lines().filter(|line| {
        line.starts_with("pybackground: ") && line.contains(VARIABLE) && line.contains("ignored")
    });
    assert_eq!(ignored.count(), 1, "{told}");
}

fn set_mode(program: &Path, mode: u32) -> bool {
    fs::set_permissions(program, PermissionsExt::from_mode(mode)).is_ok()
}

#[test]
fn set_user_id_program_makes_no_child_and_becomes_none() {
    makes_no_child_and_becomes_none(
        "set_user_id_program_makes_no_child_and_becomes_none",
        |program| set_mode(program, 0o4755),
    );
}

#[test]
fn set_group_id_program_makes_no_child_and_becomes_none() {
    makes_no_child_and_becomes_none(
        "set_group_id_program_makes_no_child_and_becomes_none",
        |program| set_mode(program, 0o2755),
    );
}

/// As `setcap cap_dac_read_search+ep` does.
fn set_capability(program: &Path) -> bool {
    const REVISION_2_EFFECTIVE: u32 = 0x0200_0001;
    const DAC_READ_SEARCH: u32 = 1 << 2;
    let words = [REVISION_2_EFFECTIVE, DAC_READ_SEARCH, 0, 0, 0];
    let value: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let path = CString::new(program.as_os_str().as_bytes()).unwrap();
    let name = c"security.capability".as_ptr();
    // SAFETY: the texts end with a zero, and as many bytes are there.
    unsafe { libc::setxattr(path.as_ptr(), name, value.as_ptr().cast(), value.len(), 0) == 0 }
}

#[test]
fn program_with_file_capabilities_makes_no_child_and_becomes_none() {
    makes_no_child_and_becomes_none(
        "program_with_file_capabilities_makes_no_child_and_becomes_none",
        set_capability,
    );
}

/// The other half: this program gives up the rights of root, and calls. Its file gives these or others to whoever starts it.
fn is_refused_after_rights_are_given_up() {
    // SAFETY: numbers go in and come out.
    assert_eq!(unsafe { libc::getauxval(libc::AT_SECURE) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { (libc::setgid(USER), libc::setuid(USER)) }, (0, 0));
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_handshake_failure(), "{error}");
    assert!(error.to_string().contains("more rights than its user has"), "{error}");
}

/// A process that the program starts would have the rights of the file again, and run `main`.
#[track_caller]
fn makes_no_child_after_rights_are_given_up(test: &str, give_rights: impl FnOnce(&Path) -> bool) {
    let _watchdog = watchdog();
    if child::is_child() {
        return is_refused_after_rights_are_given_up();
    }
    let Some(program) = privileged_copy(test, give_rights) else { return };
    let original = child::command(test);
    let mut command = Command::new(&program);
    command.args(original.get_args());
    command.envs(original.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    fs::remove_file(program).unwrap();
    let told = child::told(&output);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn set_user_id_program_that_gave_up_its_rights_makes_no_child() {
    makes_no_child_after_rights_are_given_up(
        "set_user_id_program_that_gave_up_its_rights_makes_no_child",
        |program| set_mode(program, 0o4755),
    );
}

#[test]
fn set_group_id_program_that_gave_up_its_rights_makes_no_child() {
    makes_no_child_after_rights_are_given_up(
        "set_group_id_program_that_gave_up_its_rights_makes_no_child",
        |program| set_mode(program, 0o2755),
    );
}

#[test]
fn program_with_file_capabilities_that_gave_up_its_rights_makes_no_child() {
    makes_no_child_after_rights_are_given_up(
        "program_with_file_capabilities_that_gave_up_its_rights_makes_no_child",
        set_capability,
    );
}

/// Shows that the tests above forge the variable as it has to be.
#[test]
fn forged_variable_makes_a_child_of_a_program_without_rights() {
    const TEST: &str = "forged_variable_makes_a_child_of_a_program_without_rights";
    let _watchdog = watchdog();
    if child::is_child() {
        return;
    }
    let Some(program) = privileged_copy(TEST, |_| true) else { return };
    let (output, greeting) = run_forged(&program, TEST);
    fs::remove_file(program).unwrap();
    assert_eq!(greeting, b"\0pybg\xff\x01\n", "{}", child::told(&output));
}
