use pybackground::background;

#[background]
fn unknown_type(number: Unknown) -> Missing {
    missing + number
}

struct Parts;

impl Parts {
    #[background]
    fn unknown_part(number: u8) -> (Missing, u8) {
        number
    }
}

#[background(process)]
fn unknown_argument(number: Unknown) {}

#[background(single_flight)]
async fn unknown_key(number: &Unknown) -> Missing {
    missing + number
}

#[background(limit = MISSING)]
fn unknown_limit() {}

fn main() {
    unknown_type(1);
}
