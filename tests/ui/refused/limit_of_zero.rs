use pybackground::background;

#[background(limit = 0)]
fn function() {}

fn main() {
    function();
}
