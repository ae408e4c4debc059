use pybackground::background;

#[background(timeout = 1.0, compute, timeout = 2.0, compute)]
fn function() {}

fn main() {
    function();
}
