#![deny(dead_code)]

use pybackground::background;

#[background]
fn free(text: &str) -> usize {
    text.len()
}

#[background]
async fn asynchronous() {}

struct Type;

impl Type {
    #[background]
    fn method(self) {}
}

fn main() {
    let _ = Type;
}
