//! What a program carries to its bodies, beside the spans: a hook runs inside the span of the call.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use common::futures::yield_now;
use common::watchdog;
use pybackground::{background, configure};
use tracing::{Span, info_span};

#[background]
fn works() -> u32 {
    1
}

#[background]
async fn yields() -> u32 {
    yield_now().await;
    1
}

#[test]
fn hook_captures_in_the_span_of_the_caller_and_enters_in_that_of_the_call() {
    let _watchdog = watchdog();
    recorder::install();
    configure()
        .carry(Span::current, |caller, run| {
            info_span!(parent: caller, "of the caller").in_scope(|| ());
            info_span!("of the call").in_scope(run);
        })
        .install()
        .unwrap();
    info_span!("request").in_scope(|| assert_eq!(works() + yields(), 2));
    let captured = recorder::named("of the caller");
    // The future is polled twice, and once dropped in its context at most.
    assert!(captured.len() >= 3, "{captured:?}");
    assert!(captured.iter().all(|span| span.parent.as_deref() == Some("request")), "{captured:?}");
    let entered = recorder::named("of the call");
    for name in ["::works", "::yields"] {
        let ends = |parent: &str| parent.ends_with(name);
        assert!(entered.iter().any(|span| span.parent.as_deref().is_some_and(ends)), "{entered:?}");
    }
}
