use pybackground::background;

const NONE: u64 = 0;

#[background(process, memory = NONE)]
fn constant() {}

fn main() {
    constant();
}
