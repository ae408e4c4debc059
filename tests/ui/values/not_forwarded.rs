//! What the table of `Lazy` says does not compile, in the same words.
#![expect(unused, reason = "the errors matter")]

use pybackground::Lazy;

fn patterns(n: Lazy<i64>, pair: Lazy<(i64, i64)>) {
    match n { 6 => true, _ => false };
    let (a, b) = pair;
}

fn conditions(yes: Lazy<bool>, n: Lazy<i64>) {
    if yes {}
    yes && n == 6;
}

fn values(n: Lazy<i64>, parsed: Lazy<Result<i64, String>>) -> Result<(), String> {
    i64::abs(n);
    parsed?;
    Ok(())
}

fn casts(n: Lazy<i64>) {
    n as u8;
}

fn ranges(n: Lazy<i64>) {
    for _ in 0..n {}
}

fn other_traits(n: Lazy<i64>, double: Lazy<fn(i64) -> i64>) {
    u64::try_from(n);
    [1].map(double);
}

fn collections(n: Lazy<i64>, m: Lazy<i64>) {
    [n, m].into_iter().collect::<Vec<i64>>();
}

fn sums(n: Lazy<i64>, m: Lazy<i64>) {
    [&n, &m].into_iter().sum::<i64>();
}

fn operators(n: Lazy<i64>) {
    6 == n;
    1 + &n;
    n << 1_u8;
}

fn clones(n: Lazy<i64>) {
    let twin: Lazy<i64> = n.clone();
}

fn main() {}
