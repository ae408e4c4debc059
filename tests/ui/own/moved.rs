#![deny(warnings)]
#![allow(dead_code)]

use pybackground::background;

struct Type(String);

#[background]
fn moved(text: String) -> String {
    drop(text);
    text
}

impl Type {
    #[background]
    fn moved(self) -> String {
        drop(self);
        self.0
    }

    #[background]
    fn assigned(self: Box<Self>) {
        self.0 = String::new();
    }
}

#[background]
fn unreachable() -> u8 {
    return 1;
    2
}

fn main() {
    moved(String::new());
}
