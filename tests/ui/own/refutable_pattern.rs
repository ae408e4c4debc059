use pybackground::background;

#[background]
fn refutable(Some(number): Option<u8>) -> u8 {
    number
}

fn main() {}
