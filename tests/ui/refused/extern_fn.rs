use pybackground::background;

#[background]
extern "C" fn callback(a: u8) -> u8 {
    a + 1
}

#[background]
pub extern "C" fn implicit(a: u8) {}

fn main() {
    let _ = callback(1);
}
