use pybackground::background;

#[background(timeout, limit = , name("a"), crate)]
fn missing() {}

#[background(compute = true, name = 1, crate = "pybackground", limit = 1 2)]
fn wrong() {}

#[background(run_timeout)]
fn run() {}

#[background(name = "")]
fn empty() {}

fn main() {
    missing();
    wrong();
    run();
    empty();
}
