use std::borrow::Cow;

use pybackground::background;

#[background]
fn first(words: &str) -> &str {
    words
}

#[background]
fn named<'a>(words: &'a str) -> Option<Cow<'a, str>> {
    None
}

struct Type;

impl Type {
    #[background]
    fn opaque(&self) -> impl Iterator<Item = &u8> + '_ {
        [].iter()
    }
}

fn main() {
    let _ = first("a b");
}
