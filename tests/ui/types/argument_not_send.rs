use std::rc::Rc;

use pybackground::background;

#[background]
fn by_value(text: &str, shared: Rc<u8>) -> u8 {
    *shared
}

#[background]
fn by_reference(shared: &Rc<u8>) -> u8 {
    **shared
}

#[background]
fn by_pattern((shared, _): (Rc<u8>, u8)) -> u8 {
    *shared
}

#[background]
async fn asynchronous(shared: Rc<u8>) -> u8 {
    *shared
}

fn main() {}
