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

#[background]
async fn not_sent(#[lazy] number: u8, #[lazy] shared: Option<Rc<u8>>) -> u8 {
    number
}

fn main() {
    let _ = length("not owned");
    let _ = length(Lazy::ready(5));
}
