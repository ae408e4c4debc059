use pybackground::background;

mod inner {}

#[background(crate = nope)]
fn plain(text: &str) -> usize {
    text.len()
}

#[background(crate = ::missing, limit = 3, timeout = "2s")]
async fn asynchronous(number: u8) -> u8 {
    number
}

#[background(crate = crate::inner::library, single_flight)]
fn shared(number: u8, text: &str) -> u8 {
    number
}

#[background(crate = self::library, compute)]
fn lazy(#[lazy] number: u8) -> u8 {
    number
}

fn main() {
    plain("text");
}
