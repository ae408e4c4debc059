//! What a body sees of the place where it was called.

mod common;

use std::path::{Path, PathBuf};

use common::{as_user, child, children, wait_until, watchdog};
use pybackground::{Lazy, background, processes};

#[background(process)]
fn directory() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[background(process)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(target_os = "linux")]
#[background(process)]
fn name_in_lists() -> String {
    std::fs::read_to_string("/proc/self/comm").unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn lists_of_processes_show_the_program() {
    let _watchdog = watchdog();
    assert_eq!(name_in_lists(), std::fs::read_to_string("/proc/self/comm").unwrap());
}

#[test]
fn the_directory_and_the_variables_are_those_of_the_caller() {
    const TEST: &str = "the_directory_and_the_variables_are_those_of_the_caller";
    const NAME: &str = "TEST_VARIABLE";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "before"));
        return;
    }
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("before"));
    assert_eq!(directory(), std::env::current_dir().unwrap());

    std::env::set_current_dir("/").unwrap();
    set_variable(NAME, "after");
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("after"));
    assert_eq!(directory(), PathBuf::from("/"));
    assert_eq!(Lazy::into_inner(variable("PYBACKGROUND_CHILD")), None);
}

#[background(process)]
fn change_directory() -> u32 {
    std::env::set_current_dir("/").unwrap();
    std::process::id()
}

#[background(process)]
fn change_variable(name: &str) -> u32 {
    set_variable(name, "left behind");
    std::process::id()
}

#[allow(unsafe_code, reason = "there is no other way to change the environment")]
fn set_variable(name: &str, value: &str) {
    // SAFETY: no other thread reads or changes the environment: no call is on its way in this process, the
    // watchdog only waits, and so does the harness.
    unsafe {
        std::env::set_var(name, value);
    }
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[test]
fn what_a_body_changes_is_left_to_no_other() {
    const NAME: &str = "TEST_LEFT_BEHIND";
    const TEST: &str = "what_a_body_changes_is_left_to_no_other";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let here = std::env::current_dir().unwrap();
    assert_ne!(here, PathBuf::from("/"));
    for _ in 0..3 {
        let changed = Lazy::into_inner(change_directory());
        assert_eq!(directory(), here);
        assert_ne!(pid(), changed);
        let changed = Lazy::into_inner(change_variable(NAME));
        assert_eq!(Lazy::into_inner(variable(NAME)), None);
        assert_ne!(pid(), changed);
    }
    // Who is not fit any more is gone.
    wait_until(|| children().len() == 1);
}

#[test]
fn callers_in_two_directories_take_turns_with_two_processes() {
    const TEST: &str = "callers_in_two_directories_take_turns_with_two_processes";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    processes().max(2).install().unwrap();
    let here = std::env::current_dir().unwrap();
    let pid_in = |directory: &Path| {
        std::env::set_current_dir(directory).unwrap();
        Lazy::into_inner(pid())
    };
    let pids = [pid_in(&here), pid_in(Path::new("/"))];
    assert_ne!(pids[0], pids[1]);
    for _ in 0..5 {
        assert_eq!([pid_in(&here), pid_in(Path::new("/"))], pids);
    }
    // One of them makes room for a third.
    assert!(!pids.contains(&pid_in(&std::env::temp_dir())));
    assert_eq!(children().len(), 2);
}

#[background(process)]
fn who_is_there() -> String {
    std::fs::read_to_string("who").unwrap()
}

#[test]
fn another_directory_of_the_same_name_is_another() {
    const TEST: &str = "another_directory_of_the_same_name_is_another";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let directory = std::env::temp_dir().join(format!("same-name-{}", std::process::id()));
    let moved = directory.with_extension("moved");
    let enter_new = |who: &str| {
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("who"), who).unwrap();
        std::env::set_current_dir(&directory).unwrap();
    };
    enter_new("first");
    assert_eq!(who_is_there(), "first");
    std::fs::rename(&directory, &moved).unwrap();
    enter_new("second");
    assert_eq!(who_is_there(), "second");
    std::fs::remove_dir_all(&directory).unwrap();
    enter_new("third");
    assert_eq!(who_is_there(), "third");
    std::env::set_current_dir("/").unwrap();
    for directory in [directory, moved] {
        std::fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn a_directory_that_nobody_may_enter_any_more_is_still_the_callers() {
    use std::os::unix::fs::PermissionsExt;
    const TEST: &str = "a_directory_that_nobody_may_enter_any_more_is_still_the_callers";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut as_user(61_873, TEST));
        return;
    }
    let closed = std::env::temp_dir().join(format!("closed-{}", std::process::id()));
    std::fs::create_dir(&closed).unwrap();
    std::env::set_current_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
    let outcome = Lazy::join(directory());
    std::fs::remove_dir(&closed).unwrap();
    assert_eq!(outcome.unwrap(), closed);
}

#[test]
fn variables_that_are_too_long_for_a_new_process_are_told_as_that() {
    const TEST: &str = "variables_that_are_too_long_for_a_new_process_are_told_as_that";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    (0..100).for_each(|n| set_variable(&format!("TEST_LONG_{n}"), &"x".repeat(120_000)));
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    let told = error.to_string();
    assert!(told.contains("remove some before the call") && !told.contains("limits"), "{told}");
}
