use pybackground::background;

#[background(limit = "8")]
fn text() {}

#[background(limit = 8u8)]
fn byte() {}

#[background(process, limit = 2.5)]
fn half() {}

#[background(limit = 8usize)]
fn number() {}

fn main() {
    text();
}
