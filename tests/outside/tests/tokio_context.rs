//! The feature `tokio`: the body of a call that was made in a tokio context runs in that context.

use std::time::Duration;

use pybackground::background;

#[background]
async fn slept(n: u32) -> u32 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    n
}

#[background]
fn has_context() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}

#[tokio::test]
async fn body_has_the_clock_and_the_context_of_its_call() {
    let (one, two) = tokio::join!(slept(1), slept(2));
    assert_eq!((one, two), (1, 2));
    assert!(has_context().await);
}

#[test]
fn body_of_a_call_from_elsewhere_has_no_context() {
    assert!(!has_context());
}
