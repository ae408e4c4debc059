//! `#[tracing::instrument]` above and below `#[background]`. The attribute on top is applied first:
//! above, its span is around the body, on the thread that runs it; below, it is around the call.

use std::fmt::{self, Write as _};
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use pybackground::{Lazy, background};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, instrument};

#[instrument]
#[background]
fn above(number: u8, text: &str) -> usize {
    usize::from(number) + text.len()
}

#[background]
#[instrument]
fn below(number: u8, text: &str) -> usize {
    usize::from(number) + text.len()
}

#[instrument(skip(secret))]
#[background(timeout = 60.0)]
async fn above_async(number: u8, secret: &str) -> usize {
    std::future::ready(()).await;
    usize::from(number) + secret.len()
}

#[background]
#[instrument(skip_all, fields(doubled = 2 * number))]
fn below_with_fields(number: u8) -> u8 {
    number
}

#[instrument(err(Debug), ret)]
#[background]
fn above_fallible(text: &str) -> Result<u8, std::num::ParseIntError> {
    text.parse()
}

#[derive(Clone, Debug)]
struct Type(u8);

trait Trait {
    fn declared(&self, number: u8) -> Lazy<u8>;
}

impl Trait for Type {
    #[instrument]
    #[background]
    fn declared(&self, number: u8) -> u8 {
        self.0 + number
    }
}

impl Type {
    #[background]
    #[instrument(skip(self), fields(inner = self.0))]
    fn method(&self, (a, _): (u8, u8)) -> u8 {
        self.0 + a
    }
}

#[test]
fn both_attributes_do_their_part() {
    tracing::subscriber::set_global_default(Spans::default()).unwrap();

    assert_eq!(above(1, "ab"), 3);
    assert_eq!(spans(), [("above number=1 text=\"ab\"".to_owned(), On::Runtime)]);

    assert_eq!(below(1, "ab"), 3);
    assert_eq!(spans(), [("below number=1 text=\"ab\"".to_owned(), On::Caller)]);

    assert_eq!(above_async(1, "ab"), 3);
    assert_eq!(spans(), [("above_async number=1".to_owned(), On::Runtime)]);

    assert_eq!(below_with_fields(4), 4);
    assert_eq!(spans(), [("below_with_fields doubled=8".to_owned(), On::Caller)]);

    assert_eq!(*above_fallible("7"), Ok(7));
    assert_eq!(spans(), [("above_fallible text=\"7\"".to_owned(), On::Runtime)]);

    assert_eq!(Type(1).declared(2), 3);
    assert_eq!(spans(), [("declared self=Type(1) number=2".to_owned(), On::Runtime)]);

    assert_eq!(Type(1).method((2, 3)), 3);
    // By then the pattern is a parameter, for the body to take apart.
    assert_eq!(spans(), [("method __pybackground_arg1=(2, 3) inner=1".to_owned(), On::Caller)]);
}

/// Which thread made a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Caller,
    Runtime,
}

static MADE: Mutex<Vec<(String, On)>> = Mutex::new(Vec::new());

/// The spans made since the last time, as `name field=value`. All calls must have ended.
fn spans() -> Vec<(String, On)> {
    std::mem::take(&mut MADE.lock().unwrap())
}

/// Notes each span and where it was made.
struct Spans {
    caller: ThreadId,
}

impl Default for Spans {
    fn default() -> Self {
        Self { caller: thread::current().id() }
    }
}

impl Subscriber for Spans {
    /// Not the spans that this library makes where another package asks for its feature `tracing`.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() != "pybackground"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        let on = if thread::current().id() == self.caller { On::Caller } else { On::Runtime };
        MADE.lock().unwrap().push((text.0, on));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
