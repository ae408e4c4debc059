//! The end of a body in another process, where no unwinding thread reports it.

use tracing::{Span, error};

use super::subscriber::notify_in;
use crate::call::Call;
use crate::error::Error;

/// Reports that the body of `call` panicked or that its process crashed, if `error` says so.
pub(super) fn report(call: Call, span: &Span, error: &Error) {
    // The failure of an argument was reported when the argument's call ended.
    if !error.is_of(call) {
        return;
    }
    let (function, location) = (call.function(), call.site());
    if let Some(crash) = error.crash() {
        notify_in(span, || {
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
        notify_in(span, || {
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
