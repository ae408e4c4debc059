use pybackground::background;

#[derive(Clone)]
struct Order;

#[background(process)]
fn by_value(order: Order) {}

#[background(process)]
fn by_reference(order: &Order) {}

#[background(process)]
fn returned() -> Option<Order> {
    None
}

fn main() {}
