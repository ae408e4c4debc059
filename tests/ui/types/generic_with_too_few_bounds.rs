use std::fmt::Display;

use pybackground::background;

#[background]
fn not_send<T: Display + 'static>(value: T) -> String {
    value.to_string()
}

#[background]
fn not_static<T: Display + Send>(value: T) -> String {
    value.to_string()
}

#[background]
fn opaque(value: impl Display) -> String {
    value.to_string()
}

#[background]
fn lent<T: Display + Send + 'static>(value: &T) -> String {
    value.to_string()
}

fn main() {}
