//! A library for programs in other languages, with a function that makes a call in another process.

use std::time::Duration;

use pybackground::{Lazy, background, processes};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

/// Returns twice `n`, computed in a process that gets `patience` milliseconds to start. Prints an error, and returns -1
/// if the program cannot serve calls, or -2 after another error.
#[allow(unsafe_code, reason = "the name is for a C interface, and is unique")]
#[unsafe(no_mangle)]
pub extern "C" fn double_elsewhere(n: u32, patience: u32) -> i64 {
    // The second call is refused: the setting is in force.
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

    /// The same code works where it is linked with the program, which is a unit test here.
    #[test]
    fn call_works_where_the_library_is_linked() {
        assert_eq!(double_elsewhere(4, 60_000), 8);
    }
}
