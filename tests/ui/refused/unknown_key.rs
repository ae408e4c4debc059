use pybackground::background;

#[background(timeuot = 1.0, "text", compute, workers = f::<u8, u8>(1), process)]
fn function() {}

fn main() {
    function();
}
