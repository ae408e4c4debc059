#![deny(warnings)]

use pybackground::{Lazy, background};

/// # Safety
///
/// Nothing to observe.
#[background]
unsafe fn plain(number: u8) -> u8 {
    unsafe { inner(number) }
}

/// # Safety
///
/// Nothing to observe.
#[background]
async unsafe fn asynchronous(number: &u8) -> u8 {
    unsafe { inner(*number) }
}

unsafe fn inner(number: u8) -> u8 {
    number
}

fn main() {
    let function: unsafe fn(u8) -> Lazy<u8> = plain;
    assert_eq!(unsafe { function(1) }, 1);
    assert_eq!(unsafe { asynchronous(&2) }, 2);
}
