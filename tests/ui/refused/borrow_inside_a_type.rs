use std::borrow::Cow;

use pybackground::background;

#[background]
fn lengths<'a>(
    cow: Cow<'_, str>,
    option: Option<&str>,
    slice: &[&'a str],
    object: Box<dyn Fn() -> u8 + Send + 'a>,
    opaque: impl Iterator<Item = &'a u8>,
    function: fn(&str) -> &'a str,
) -> usize {
    0
}

fn main() {}
