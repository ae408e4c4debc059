use pybackground::background;

struct Page;

impl Page {
    #[background]
    fn print(#[lazy] self) {}
}

#[background]
fn borrowed(#[lazy] text: &str) -> usize {
    text.len()
}

#[background]
fn opaque(#[lazy] text: impl ToString + Send + 'static) -> String {
    text.to_string()
}

#[background]
fn with_a_value(#[lazy(true)] n: u32) -> u32 {
    n
}

fn main() {}
