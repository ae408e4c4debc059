use pybackground::background;

struct Shop(u32);

impl Shop {
    #[background(process)]
    fn add(&mut self, price: u32) {
        self.0 += price;
    }
}

#[background(process)]
fn fill(list: &mut Vec<u8>) {
    list.push(1);
}

#[background(process)]
fn buried(text: Option<&str>) {}

#[background(process)]
fn returned(text: &str) -> &str {
    text
}

#[background(process)]
fn for_ever(text: &'static str, more: Vec<(u8, &'static str)>) {}

#[background(process)]
fn returned_for_ever() -> Option<&'static str> {
    None
}

fn main() {}
