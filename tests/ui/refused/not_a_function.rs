use pybackground::background;

#[background]
struct Type;

#[background]
impl Type {}

#[background]
trait Trait {}

#[background]
pub const CONSTANT: fn() = || {};

#[background]
mod inner {}

#[background]
use std::fmt;

fn main() {
    let _: (Type, fn(), fmt::Error);
    CONSTANT();
}
