//! The attribute for those who depend on the runtime alone.

use pybackground_runtime::{Lazy, background};

#[background]
fn length(text: &str) -> usize {
    text.len()
}

#[background(timeout = 60.0, limit = 2, name = "sum")]
async fn sum(numbers: &[u8]) -> u8 {
    numbers.iter().sum()
}

#[test]
fn it_finds_the_runtime_by_itself() {
    assert_eq!(length("abc"), 3);
    let sum = sum(&[1, 2]);
    assert_eq!(Lazy::function(&sum), Some("sum"));
    assert_eq!(sum, 3);
}
