//! A program, before a release.

mod program;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    id: u32,
    amount: u32,
}

fn main() {
    let order = Order { id: 17, amount: 99 };
    assert_eq!(order.id, 17);
    program::run(order);
}
