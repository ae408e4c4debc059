use std::time::Duration;

use pybackground::background;

struct Client {
    patience: Duration,
}

#[background(timeout = patience)]
fn fetch(patience: Duration) {}

impl Client {
    #[background(timeout = self.patience * 2)]
    fn fetch(self) {}
}

fn main() {
    fetch(Duration::MAX);
}
