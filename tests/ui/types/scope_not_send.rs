use std::cell::Cell;
use std::rc::Rc;

use pybackground::scope;

fn capture() {
    let count = Cell::new(0);
    scope(|s| s.launch(|| count.set(1)));
}

fn result() {
    scope(|s| {
        let _shared = s.spawn(|| Rc::new(1));
    });
}

fn main() {}
