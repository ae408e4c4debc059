use std::rc::Rc;

use pybackground::background;

#[background]
fn declared() -> Rc<u8> {
    Rc::new(1)
}

#[background]
fn opaque() -> impl Fn() -> u8 {
    let shared = Rc::new(1);
    move || *shared
}

#[background]
async fn asynchronous() -> Option<Rc<u8>> {
    None
}

fn main() {}
