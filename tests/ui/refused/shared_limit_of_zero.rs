use pybackground::{Limit, background};

static NONE: Limit = Limit::new(0);

#[background(limit = NONE)]
fn function() {}

fn main() {
    function();
}
