use pybackground::{Limit, background};

static DATABASE: Limit = Limit::new(4);

const MANY: usize = 8;

#[background(remote, limit = DATABASE)]
fn shared() {}

#[background(remote, limit = MANY)]
fn counted() {}

fn main() {}
