use pybackground::background;

#[background]
fn wrong_result(number: u8) -> String {
    number
}

#[background]
fn no_result(number: u8) {
    number
}

#[background]
async fn wrong_in_async(number: u8) -> String {
    if number > 0 {
        return number;
    }
    String::new()
}

struct Type;

impl Type {
    #[background]
    fn method(self) -> u8 {
        self.missing()
    }
}

fn main() {}
