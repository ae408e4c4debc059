use std::cell::Cell;
use std::rc::Rc;

use pybackground::background;

#[background(single_flight)]
fn float(x: f64) -> f64 {
    x
}

#[derive(Clone)]
struct Shop;

impl Shop {
    #[background(single_flight)]
    fn price(&self, article: &str) -> usize {
        article.len()
    }
}

#[background(single_flight)]
async fn several((x, y): (f64, f64), shop: &Shop, z: u8) -> u8 {
    z
}

#[background(single_flight)]
fn generic<T: Send + Sync + 'static>(x: T) -> u8 {
    1
}

#[background(single_flight)]
fn not_shared() -> Cell<u8> {
    Cell::new(1)
}

#[background(single_flight)]
async fn not_sent(x: u8) -> Rc<u8> {
    Rc::new(x)
}

fn main() {}
