use pybackground::background;

const NONE: usize = 0;

#[background(limit = NONE)]
fn constant() {}

fn main() {
    constant();
}
