use pybackground::background;

static TEXT: &str = "8";
const BYTE: u8 = 8;

#[background(limit = TEXT)]
fn text() {}

#[background(limit = BYTE)]
fn byte() {}

#[background(remote, limit = BYTE)]
fn remote() {}

fn main() {
    text();
    byte();
}
