//! The program after the release, in which the fields of `Order` are in another order: the bytes of one build are
//! readable for the other, and mean something else.

mod program;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    amount: u32,
    id: u32,
}

fn main() {
    let order = Order { id: 17, amount: 99 };
    assert_eq!(order.id, 17);
    program::run(order);
}
