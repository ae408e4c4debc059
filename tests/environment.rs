//! The environment variables: what they do, and that a bad value is refused with its name, the value
//! and the accepted form.

mod common;

use common::gate::Gate;
use common::{child, watchdog};
use pybackground::{Lazy, configure, snapshot, spawn};

/// In the child: one call, so that the settings are read.
#[test]
fn make_a_call() {
    if child::is_child() {
        assert_eq!(spawn(|| 1), 1);
    }
}

#[test]
fn a_bad_value_is_refused_at_the_first_call() {
    for (name, value, form) in [
        ("PYBACKGROUND_WORKERS", "two", "whole number"),
        ("PYBACKGROUND_WORKERS", "-1", "whole number"),
        ("PYBACKGROUND_WORKERS", "1.5", "whole number"),
        ("PYBACKGROUND_WORKERS", "0", "from 1 to"),
        ("PYBACKGROUND_WORKERS", "99999999", "from 1 to"),
        ("PYBACKGROUND_MAX_THREADS", "many", "whole number"),
        ("PYBACKGROUND_MAX_THREADS", "0", "from 1 to"),
        ("PYBACKGROUND_STACK_SIZE", "2M", "whole number"),
        ("PYBACKGROUND_STACK_SIZE", "0", "from 65536"),
        ("PYBACKGROUND_STACK_SIZE", "65535", "from 65536"),
        ("PYBACKGROUND_STACK_SIZE", "18446744073709551615", "from 65536"),
        ("PYBACKGROUND_KEEP_ALIVE", "-1", "seconds"),
        ("PYBACKGROUND_KEEP_ALIVE", "NaN", "seconds"),
        ("PYBACKGROUND_KEEP_ALIVE", "10s", "seconds"),
        ("PYBACKGROUND_REPORT_AFTER", "soon", "seconds"),
        ("PYBACKGROUND_REPORT_AFTER", "-1", "seconds"),
        ("PYBACKGROUND_MODE", "fast", "`parallel` or `sequential`"),
        ("PYBACKGROUND_MODE", "SEQUENTIAL", "`parallel` or `sequential`"),
    ] {
        let output = child::command("make_a_call").env(name, value).output().unwrap();
        let told = child::told(&output);
        assert!(!output.status.success(), "{name}={value} was accepted: {told}");
        for part in [name, value, form] {
            assert!(told.contains(part), "{part} for {name}={value} in: {told}");
        }
    }
}

#[test]
fn values_at_the_edge_are_accepted() {
    for (name, value) in [
        ("PYBACKGROUND_WORKERS", ""),
        ("PYBACKGROUND_MODE", ""),
        ("PYBACKGROUND_STACK_SIZE", "65536"),
        ("PYBACKGROUND_KEEP_ALIVE", "inf"),
        ("PYBACKGROUND_KEEP_ALIVE", "0"),
        ("PYBACKGROUND_REPORT_AFTER", "inf"),
        ("PYBACKGROUND_REPORT_AFTER", "0"),
    ] {
        child::succeeds(child::command("make_a_call").env(name, value));
    }
}

#[test]
fn variable_of_a_feature_that_is_missing_gets_a_line() {
    let _watchdog = watchdog();
    let page = std::env::temp_dir().join(format!("environment-{}.html", std::process::id()));
    let told =
        || child::succeeds(child::command("make_a_call").env("PYBACKGROUND_TIMELINE", &page));
    if cfg!(feature = "timeline") {
        assert!(!told().contains("has no effect"));
        std::fs::remove_file(page).unwrap();
    } else {
        // On a busy machine the process may end before the line is written.
        while !told()
            .contains("PYBACKGROUND_TIMELINE has no effect: this program was built without")
        {
        }
    }
}

#[test]
fn installed_settings_go_before_the_environment() {
    if !child::is_child() {
        let mut command = child::command("installed_settings_go_before_the_environment");
        child::succeeds(
            command
                .env("PYBACKGROUND_MODE", "sequential")
                .env("PYBACKGROUND_WORKERS", "5")
                .env("PYBACKGROUND_MAX_THREADS", "5"),
        );
        return;
    }
    configure().sequential(false).workers(1).max_threads(3).install().unwrap();
    assert_eq!(threads_that_thirty_blocked_bodies_get(), 3);
}

#[test]
fn a_bad_variable_is_an_error_of_install_too() {
    if !child::is_child() {
        let mut command = child::command("a_bad_variable_is_an_error_of_install_too");
        child::succeeds(command.env("PYBACKGROUND_WORKERS", "two"));
        return;
    }
    let error = configure().keep_alive(std::time::Duration::MAX).install().unwrap_err().to_string();
    assert!(error.contains("PYBACKGROUND_WORKERS") && error.contains("\"two\""), "{error}");
    configure().workers(1).install().expect("what is set is not read from the environment");
}

#[test]
fn the_number_of_threads_is_kept() {
    if !child::is_child() {
        let mut command = child::command("the_number_of_threads_is_kept");
        child::succeeds(
            command.env("PYBACKGROUND_WORKERS", "1").env("PYBACKGROUND_MAX_THREADS", "3"),
        );
        return;
    }
    assert_eq!(threads_that_thirty_blocked_bodies_get(), 3);
}

/// All of them hold a thread until there are three and calls still wait.
fn threads_that_thirty_blocked_bodies_get() -> usize {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let bodies: Vec<Lazy<()>> = (0..30)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    gate.wait_for_arrivals(3);
    // A thread too many announces itself by nothing but its existence.
    let most = (0..100_000).map(|_| snapshot().threads).max();
    gate.open();
    bodies.into_iter().for_each(Lazy::into_inner);
    most.unwrap_or_default()
}
