//! The feature `process` with types of the user, who adds serde with its feature `derive`.

use pybackground::{Lazy, background};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    item: String,
    count: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Refusal {
    TooMany { most: u32 },
}

#[background(process)]
fn total(orders: &[Order], next: Order) -> Result<u32, Refusal> {
    let total = orders.iter().map(|order| order.count).sum::<u32>() + next.count;
    if total <= 10 { Ok(total) } else { Err(Refusal::TooMany { most: 10 }) }
}

#[test]
fn own_types_cross_to_the_process_and_back() {
    let order = |count| Order { item: "nut".to_owned(), count };
    assert_eq!(order(1).item, "nut");
    assert_eq!(Lazy::into_inner(total(&[order(1), order(2)], order(3))), Ok(6));
    assert_eq!(Lazy::into_inner(total(&[order(9)], order(2))), Err(Refusal::TooMany { most: 10 }));
}
