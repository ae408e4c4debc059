use std::rc::Rc;

use pybackground::background;

struct NotClone;

impl NotClone {
    #[background]
    fn by_reference(&self) {}
}

#[derive(Clone)]
struct NotSend(Rc<u8>);

impl NotSend {
    #[background]
    fn by_reference(&self) -> u8 {
        *self.0
    }

    #[background]
    fn by_value(self) -> u8 {
        *self.0
    }
}

trait Provided {
    #[background]
    fn provided(&self) {}
}

fn main() {}
