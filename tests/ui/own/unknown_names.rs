use pybackground::background;

#[background]
fn unknown_type(number: Unknown) -> Missing {
    missing + number
}

fn main() {
    unknown_type(1);
}
