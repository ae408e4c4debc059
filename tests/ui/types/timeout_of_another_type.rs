use pybackground::background;

#[background(timeout = vec![1.0])]
fn function() {}

fn main() {}
