//! A pipeline: bills, by calls that begin when their inputs are there and hold no thread until then.
//!
//! For each customer a price list and an order are loaded and parsed, in two branches that meet in the
//! bill, which is then written. All calls are made at once, before anything is loaded. One order is
//! damaged: its bill has no value and says why, the others do not notice.
//!
//! Run with `cargo run --release --example pipeline`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use pybackground::{Lazy, background, sleep, snapshot};

const CUSTOMERS: u32 = 200;
const DAMAGED: u32 = 17;
/// How long it takes to load or write something, and how much of either is done at once.
const SLOW: Duration = Duration::from_millis(5);
const AT_ONCE: usize = 10;

/// A number for each article: a price, or how many pieces are ordered.
type Table = HashMap<String, u32>;

/// A slow disk.
#[background(limit = AT_ONCE)]
fn load(name: &str) -> String {
    sleep(SLOW);
    match name.strip_prefix("order ").map(str::parse) {
        None => "tea 3\ncoffee 5\ncocoa 4".to_owned(),
        Some(Ok(DAMAGED)) => "tea 2\ncoffee ?".to_owned(),
        Some(customer) => {
            let customer: u32 = customer.expect("a customer's number");
            format!("tea {}\ncocoa {}", customer % 7, customer % 3)
        }
    }
}

/// The first two steps of a branch: the second begins with the value of the first.
fn table(name: &str) -> Lazy<Table> {
    Lazy::map(load(name), |text| text.lines().map(entry).collect())
}

fn entry(line: &str) -> (String, u32) {
    let (article, number) = line.split_once(' ').expect("an article and a number");
    let number = number.parse().unwrap_or_else(|_| panic!("{number:?} pieces of {article}"));
    (article.to_owned(), number)
}

/// The branches meet: this begins when both tables are there.
#[background]
fn bill(#[lazy] prices: Table, #[lazy] order: Table) -> u32 {
    order.iter().map(|(article, pieces)| pieces * prices[article]).sum()
}

/// The end of the pipeline.
#[background(limit = AT_ONCE)]
fn write(customer: u32, #[lazy] bill: u32) -> (u32, u32) {
    sleep(SLOW);
    (customer, bill)
}

fn main() {
    let start = Instant::now();
    let written: Vec<Lazy<(u32, u32)>> = (0..CUSTOMERS)
        .map(|customer| {
            let bill = bill(table("prices"), table(&format!("order {customer}")));
            write(customer, bill)
        })
        .collect();
    println!("# {} calls were made in {:.1?}", 6 * CUSTOMERS, start.elapsed());

    let (mut bills, mut sum) = (0, 0);
    for bill in written {
        match Lazy::join(bill) {
            Ok((_, amount)) => {
                bills += 1;
                sum += amount;
            }
            Err(error) => println!("a bill is missing, for {error}"),
        }
    }
    println!("{bills} bills, {sum} in all");

    println!("# after {:.2?}, by {} threads", start.elapsed(), snapshot().threads);
    println!("# one after the other, the disk alone takes {:.2?}", 3 * CUSTOMERS * SLOW);
}
