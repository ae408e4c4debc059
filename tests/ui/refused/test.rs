use pybackground::background;

#[background]
#[test]
fn works() {}

fn main() {}
