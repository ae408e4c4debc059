//! Without features: the attribute, a value that joins on first use, a closure, a failure.

use pybackground::{Lazy, background, scope, spawn};

#[background]
fn length(text: &str) -> usize {
    text.len()
}

#[background]
async fn doubled(n: u32) -> u32 {
    *pybackground::spawn(move || n * 2)
}

#[background]
fn fails() -> u32 {
    panic!("no page")
}

#[test]
fn value_joins_on_first_use() {
    let lengths: Vec<Lazy<usize>> = ["a", "bc", ""].into_iter().map(length).collect();
    assert_eq!(lengths.into_iter().map(Lazy::into_inner).sum::<usize>(), 3);
    assert_eq!(spawn(|| 3) + 4, 7);
}

#[test]
fn async_body_returns_its_value() {
    assert_eq!(doubled(21), 42);
}

#[test]
fn panic_is_an_error_of_join() {
    assert!(Lazy::join(fails()).unwrap_err().is_panic());
}

#[test]
fn scope_lends_what_the_caller_owns() {
    let numbers = [1, 2, 3, 4];
    let (low, high) = numbers.split_at(2);
    let sum = scope(|s| {
        let (low, high) =
            (s.spawn(|| low.iter().sum::<u32>()), s.spawn(|| high.iter().sum::<u32>()));
        low + high
    });
    assert_eq!(sum, 10);
}
