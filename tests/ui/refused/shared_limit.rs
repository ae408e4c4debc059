use pybackground::{Limit, background};

static DATABASE: Limit = Limit::new(8);

#[background(limit = &DATABASE)]
fn reference() {}

#[background(limit = Limit::new(8))]
fn unnamed() {}

#[background(limit = pybackground::Limit::new(8))]
fn unnamed_by_path() {}

fn main() {
    reference();
    unnamed();
    unnamed_by_path();
}
