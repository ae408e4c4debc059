//! A library for programs in other languages, one function of which makes a call in another process.

use std::time::Duration;

use pybackground::{Lazy, background, processes};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

/// Twice `n`, as another process tells that gets `patience` milliseconds to start; or -1 if the program that
/// has loaded this library cannot be one, -2 after another error. What there is to tell is printed.
#[allow(unsafe_code, reason = "the name is for a C interface; nobody else has it")]
#[unsafe(no_mangle)]
pub extern "C" fn double_elsewhere(n: u32, patience: u32) -> i64 {
    // Refused from the second time on, when it is in force.
    let _ = processes().start_timeout(Duration::from_millis(patience.into())).install();
    match Lazy::join(double(n)) {
        Ok(doubled) => i64::from(doubled),
        Err(error) => {
            println!("{error}");
            if error.is_handshake_failure() { -1 } else { -2 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same code is well where it is linked with the program, which here is a unit test.
    #[test]
    fn linked_with_the_program_it_works() {
        assert_eq!(double_elsewhere(4, 60_000), 8);
    }
}
