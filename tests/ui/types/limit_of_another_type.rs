use pybackground::background;

static TEXT: &str = "8";
const BYTE: u8 = 8;

#[background(limit = TEXT)]
fn text() {}

#[background(limit = BYTE)]
fn byte() {}

fn main() {
    text();
    byte();
}
