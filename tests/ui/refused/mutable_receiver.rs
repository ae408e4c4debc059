use std::pin::Pin;

use pybackground::background;

struct Counter(u8);

impl Counter {
    #[background]
    fn increment(&mut self) {
        self.0 += 1;
    }

    #[background]
    fn typed(self: &mut Self) {
        self.0 += 1;
    }

    #[background]
    fn pinned(self: Pin<&mut Self>) {}
}

trait Increment {
    #[background]
    fn increment(&mut self);
}

fn main() {
    Counter(0).increment();
}
