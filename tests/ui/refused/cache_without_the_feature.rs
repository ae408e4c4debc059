use pybackground::background;

#[background(cache)]
fn function() -> u32 {
    1
}

fn main() {
    function();
}
