//! What became of a body in another process, from where nothing unwinds that would tell of it.

use tracing::{Span, error};

use super::call::tell_in;
use crate::call::Call;
use crate::error::Error;

/// Tells that the body of `call` panicked or that its process crashed, if that is why there is no value.
pub(super) fn tell(call: Call, span: &Span, error: &Error) {
    // Of an input that has no value was told when it ended.
    if !error.is_of(call) {
        return;
    }
    let (function, location) = (call.function(), call.site());
    if let Some(crash) = error.crash() {
        tell_in(span, || {
            error!(
                target: "pybackground",
                parent: span,
                function,
                %location,
                %crash,
                "the process of the body crashed"
            );
        });
    } else if error.panicked_elsewhere() {
        tell_in(span, || {
            error!(
                target: "pybackground",
                parent: span,
                function,
                %location,
                panic = error.message(),
                at = error.panicked_at(),
                "the body panicked"
            );
        });
    }
}
