//! Settings come too late once a call was made.

use pybackground::{configure, spawn};

#[test]
fn settings_after_the_first_call_are_refused() {
    assert_eq!(spawn(|| 1), 1);
    let error = configure().workers(1).install().unwrap_err().to_string();
    assert!(error.contains("first call") && error.contains("before"), "{error}");
    assert_eq!(spawn(|| 1), 1);
}
