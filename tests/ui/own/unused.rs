#![deny(warnings)]

use pybackground::background;

#[background]
fn never_called(unused: u8, (also_unused, _): (u8, u8), mut not_changed: u8) -> u8 {
    let local = 1;
    not_changed
}

struct Type;

impl Type {
    #[background]
    fn method(mut self) -> Self {
        let local = &self;
        self
    }
}

fn main() {
    Type.method();
}
