//! Running code of the user that nobody is there to hear of.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `run`. Should it panic, the panic hook has been told, and nobody else suffers from it.
#[inline]
pub(crate) fn catch(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        // A payload has a destructor of the user's too, which may panic with another. One has to be
        // the last: that one is leaked.
        std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    }
}

/// Drops what nobody wants any more.
pub(crate) fn drop_catching<X>(rest: X) {
    catch(|| drop(rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics when it is dropped, with one less of its kind.
    struct Chain(u8);

    impl Drop for Chain {
        fn drop(&mut self) {
            if let Some(next) = self.0.checked_sub(1) {
                std::panic::panic_any(Chain(next));
            }
        }
    }

    #[test]
    fn nothing_gets_out_however_often_destructors_panic() {
        for length in 0..4 {
            drop_catching(Chain(length));
        }
    }
}
