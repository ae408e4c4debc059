//! What both builds share: a function that stays as it is, one whose argument changes, and a program that calls both.

use pybackground::{Error, Lazy, background};

use crate::Order;

#[background(remote, name = "shop::double")]
fn double(number: u32) -> u32 {
    2 * number
}

#[background(remote, name = "shop::amount")]
fn amount(order: Order) -> u32 {
    order.amount
}

/// Calls both, and says what became of each.
pub(crate) fn run(order: Order) {
    say("double", Lazy::join(double(21)));
    say("amount", Lazy::join(amount(order)));
}

fn say(function: &str, outcome: Result<u32, Error>) {
    match outcome {
        Ok(value) => println!("{function}: {value}"),
        Err(error) if error.is_unserved() => println!("{function}: unserved: {error}"),
        Err(error) => println!("{function}: {error}"),
    }
}
