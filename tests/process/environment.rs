//! Environment and directory of a body.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Lifeline, as_user, child, children, hold, wait_until, watchdog};
use pybackground::{Lazy, background, processes};

#[background(process)]
fn directory() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[background(process)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[allow(unsafe_code, reason = "there is no other way to change the environment")]
fn set_variable(name: &str, value: &str) {
    // SAFETY: no other thread reads or changes the environment: no call runs in this process, and the watchdog and the
    // harness only wait.
    unsafe {
        std::env::set_var(name, value);
    }
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

const NAME: &str = "TEST_VARIABLE";

#[test]
fn child_keeps_the_environment_of_its_start() {
    const TEST: &str = "child_keeps_the_environment_of_its_start";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "before"));
        return;
    }
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("before"));
    assert_eq!(Lazy::into_inner(variable("PYBACKGROUND_CHILD")), None);
    let first = Lazy::into_inner(pid());
    set_variable(NAME, "after");
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("before"));
    assert_eq!(pid(), first);
}

#[test]
fn new_child_has_the_environment_of_the_program() {
    const TEST: &str = "new_child_has_the_environment_of_the_program";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "before"));
        return;
    }
    processes().keep_alive(Duration::ZERO).install().unwrap();
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("before"));
    set_variable(NAME, "after");
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("after"));
}

#[test]
fn settings_choose_the_environment_of_children() {
    const TEST: &str = "settings_choose_the_environment_of_children";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "program").env("TEST_REMOVED", "program"));
        return;
    }
    let set = processes().env(NAME, "set").env("TEST_ADDED", "=").env_remove("TEST_REMOVED");
    set.install().unwrap();
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("set"));
    assert_eq!(Lazy::into_inner(variable("TEST_ADDED")).as_deref(), Some("="));
    assert_eq!(Lazy::into_inner(variable("TEST_REMOVED")), None);
    assert!(variable("PATH").is_some(), "the rest is inherited");
    assert_eq!(std::env::var(NAME).as_deref(), Ok("program"), "the program's is unchanged");
}

#[test]
fn cleared_environment_has_later_variables_only() {
    const TEST: &str = "cleared_environment_has_later_variables_only";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "program"));
        return;
    }
    processes().env("TEST_EARLIER", "1").env_clear().env("TEST_LATER", "2").install().unwrap();
    assert_eq!(Lazy::into_inner(variable(NAME)), None);
    assert_eq!(Lazy::into_inner(variable("TEST_EARLIER")), None);
    assert_eq!(Lazy::into_inner(variable("TEST_LATER")).as_deref(), Some("2"));
}

#[test]
fn body_runs_in_the_directory_of_the_call() {
    const TEST: &str = "body_runs_in_the_directory_of_the_call";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    assert_eq!(directory(), std::env::current_dir().unwrap());
    std::env::set_current_dir("/").unwrap();
    assert_eq!(directory(), PathBuf::from("/"));
}

#[background(process)]
fn change_directory() -> u32 {
    std::env::set_current_dir("/").unwrap();
    std::process::id()
}

#[test]
fn child_that_changed_its_directory_serves_no_further_call() {
    const TEST: &str = "child_that_changed_its_directory_serves_no_further_call";
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
    }
    wait_until(|| children().len() == 1);
}

#[background(process)]
fn change_variable(value: &str) -> u32 {
    set_variable(NAME, value);
    std::process::id()
}

#[test]
fn variable_that_a_body_sets_stays_in_its_process() {
    const TEST: &str = "variable_that_a_body_sets_stays_in_its_process";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let changed = Lazy::into_inner(change_variable("left behind"));
    assert_eq!(pid(), changed);
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("left behind"));
    assert!(std::env::var_os(NAME).is_none());
}

#[test]
fn callers_in_two_directories_alternate_between_two_children() {
    const TEST: &str = "callers_in_two_directories_alternate_between_two_children";
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
fn directories_of_the_same_path_are_told_apart() {
    const TEST: &str = "directories_of_the_same_path_are_told_apart";
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

/// Runs until the test hangs up.
#[background(process)]
fn wait(port: u16) {
    let _ = std::io::Read::read(&mut hold(port), &mut [0]);
}

#[test]
fn call_of_a_directory_that_was_replaced_before_its_child_started_is_an_error() {
    const TEST: &str = "call_of_a_directory_that_was_replaced_before_its_child_started_is_an_error";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    processes().max(1).install().unwrap();
    let lifeline = Lifeline::new();
    let busy = wait(lifeline.port());
    let held = lifeline.held();

    let here = std::env::current_dir().unwrap();
    let directory = std::env::temp_dir().join(format!("replaced-{}", std::process::id()));
    let moved = directory.with_extension("moved");
    std::fs::create_dir(&directory).unwrap();
    std::env::set_current_dir(&directory).unwrap();
    let queued = who_is_there();
    std::env::set_current_dir(here).unwrap();
    std::fs::rename(&directory, &moved).unwrap();
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("who"), "somebody else").unwrap();

    drop(held);
    Lazy::into_inner(busy);
    let error = Lazy::join(queued).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    assert!(error.to_string().contains("the directory of the call"), "{error}");
    for directory in [directory, moved] {
        std::fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn body_runs_in_a_directory_that_nobody_may_enter_any_more() {
    use std::os::unix::fs::PermissionsExt;
    const TEST: &str = "body_runs_in_a_directory_that_nobody_may_enter_any_more";
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
fn environment_that_is_too_large_for_a_new_process_is_reported_as_that() {
    const TEST: &str = "environment_that_is_too_large_for_a_new_process_is_reported_as_that";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    (0..100).for_each(|n| set_variable(&format!("TEST_LONG_{n}"), &"x".repeat(120_000)));
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    let text = error.to_string();
    assert!(text.contains("remove some before the call") && !text.contains("limits"), "{text}");
}
