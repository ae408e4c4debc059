use std::future::ready;
use std::rc::Rc;

use pybackground::background;

#[background]
async fn holds_across_await() -> u8 {
    let shared = Rc::new(1);
    ready(()).await;
    *shared
}

fn main() {}
