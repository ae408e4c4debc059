use pybackground::background;

#[background]
const fn add(a: u8) -> u8 {
    a + 1
}

fn main() {
    let _ = add(1);
}
