use pybackground::background;

#[background]
fn missing_type(text: ) -> usize {
    1
}

#[background]
fn half_a_type(text: &, number: u8) -> usize {
    usize::from(number)
}

fn main() {
    missing_type("a");
    half_a_type("a", 1);
}
