//! The evening paper: a dozen calls of every kind, some of which go wrong.
//!
//! Its sleeps stand for the network and the disk.

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pybackground::{Lazy, background};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Everything is called before anything is waited for.
pub(crate) fn make() -> String {
    let weather = weather();
    let crossword = crossword();
    let pages: Vec<Lazy<usize>> = (1..=3).map(|number| page(number)).collect();
    let results = results();
    let index = index(6);
    let letters: usize = pages.into_iter().sum();
    let weather = Lazy::join(weather).unwrap_or("no weather today");
    let crossword = Lazy::join(crossword).map_or("no crossword today", |()| "a crossword");
    format!("{letters} letters, {} index entries, {}, {weather}, {crossword}", *index, *results)
}

/// Two pages are laid out at a time.
#[background(limit = 2)]
fn page(number: u64) -> usize {
    let picture = picture(number);
    let article = article(number);
    sleep(ms(9));
    *picture + *article
}

#[background]
fn picture(number: u64) -> usize {
    sleep(ms(16 + 5 * number));
    40
}

#[background]
fn article(number: u64) -> usize {
    sleep(ms(6 + number));
    let checked = spelling(number);
    1000 + *checked
}

#[background]
fn spelling(number: u64) -> usize {
    compute(ms(2));
    usize::try_from(number).expect("a small number")
}

/// The station does not answer in time; its body goes on all the same.
#[background(timeout = "30ms")]
fn weather() -> &'static str {
    sleep(ms(58));
    "sunny"
}

#[background]
fn crossword() {
    sleep(ms(13));
    panic!("17 across has no answer");
}

#[background]
fn results() -> &'static str {
    let (picture, article) = (picture(3), article(1));
    if *picture < *article { "2:1" } else { "1:2" }
}

/// Halves its work until it is small.
#[background(compute)]
fn index(entries: u64) -> u64 {
    if entries < 3 {
        compute(ms(2 * entries));
        return entries;
    }
    let first = index(entries / 2);
    let second = index(entries - entries / 2);
    first + second
}

fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        black_box(start);
    }
}
