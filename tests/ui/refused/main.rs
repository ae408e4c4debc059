use pybackground::background;

#[background]
fn main() {}
