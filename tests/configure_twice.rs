//! Settings are installed once, and bad ones not at all.

use std::time::Duration;

use pybackground::{configure, snapshot, spawn};

#[test]
fn settings_are_installed_once() {
    for (bad, told) in [
        (configure().workers(0), "workers is 0"),
        (configure().max_threads(0), "max_threads is 0"),
        (configure().stack_size(0), "stack_size is 0"),
        (configure().workers(9).max_threads(8), "workers is 9"),
        (configure().workers(usize::MAX), "workers is"),
    ] {
        let error = bad.install().unwrap_err().to_string();
        assert!(error.contains(told), "{told} in: {error}");
    }
    // Nothing of that has been installed.
    configure().workers(1).max_threads(1).keep_alive(Duration::ZERO).install().unwrap();
    let error = configure().workers(2).install().unwrap_err().to_string();
    assert!(error.contains("installed before"), "{error}");
    assert_eq!(snapshot().threads, 0, "settings start no thread");
    assert_eq!(spawn(|| 1), 1);
    assert!(snapshot().threads <= 1);
}
