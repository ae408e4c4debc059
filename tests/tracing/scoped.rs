//! A subscriber that is the default of one thread, by `with_default`.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use common::watchdog;
use pybackground::{Lazy, background};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

#[background]
fn works(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + Lazy::into_inner(works(n - 1)) }
}

#[background]
async fn awaits() -> u32 {
    works(1).await
}

#[test]
fn spans_of_the_caller_and_of_its_calls_close() {
    let _watchdog = watchdog();
    let scoped = tracing_subscriber::registry().with(recorder::Recorder);
    tracing::subscriber::with_default(scoped, || {
        info_span!("request", function = "::request").in_scope(|| {
            assert_eq!(works(0), 0);
            assert_eq!(awaits(), 1);
        });
        let [request] = &recorder::named("request")[..] else { panic!("one request") };
        assert!(request.closed, "{request:?}");
        for name in ["::works", "::awaits"] {
            let span = recorder::calls(name).remove(0);
            assert_eq!(span.parent.as_deref(), Some("::request"));
            assert!(span.closed && span.entered.len() == span.exited.len(), "{span:?}");
        }
    });
}
