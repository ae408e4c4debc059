use std::rc::Rc;

use pybackground::{Lazy, background};

#[background]
fn length(#[lazy] text: String) -> usize {
    text.len()
}

#[background]
fn not_send(#[lazy] shared: Rc<u8>) -> u8 {
    *shared
}

fn main() {
    let _ = length("not owned");
    let _ = length(Lazy::ready(5));
}
