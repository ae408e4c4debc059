//! The lines of that table which the compiler looks at last, when it finds no others.
#![expect(unused, reason = "the errors matter")]

use pybackground::Lazy;

fn moves(text: Lazy<String>, range: Lazy<std::ops::Range<i64>>) {
    text.into_bytes();
    range.count();
}

fn lifetimes<'a>(literal: Lazy<&'static str>, _: &'a str) -> Lazy<&'a str> {
    let shorter: Lazy<&'a str> = literal;
    shorter
}

fn main() {}
