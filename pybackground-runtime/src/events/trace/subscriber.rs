//! Running the code of a subscriber.
//!
//! A subscriber may panic, which must not harm a call. It may also make calls and join them, as one that
//! exports spans over a network does. Spans for those calls would make it call again without end.
//! Therefore calls that a subscriber makes have no spans, nor have the calls that their bodies make.
//!
//! A subscriber finds the spans that it entered on the thread, and the parents of a span that it
//! closes, by way of the thread's default dispatcher. So a span is entered, exited, recorded to and
//! dropped under the dispatcher that created it, which may be the default of one other thread only.
//! The id of a span means nothing to another dispatcher, or another span.

use std::cell::Cell;
use std::ops::Deref;

use tracing::dispatcher::with_default;
use tracing::{Dispatch, Id, Span};

use crate::panic::catch;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Until this is dropped, the thread runs a subscriber, or a body that a subscriber called.
pub(crate) struct Inside(());

impl Inside {
    /// `None` if the thread is inside a subscriber already, or ends.
    pub(super) fn enter() -> Option<Self> {
        let was = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true);
        (!was).then(|| Self(()))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.set(false));
    }
}

/// Whether this thread runs a subscriber, or a body that a subscriber called.
pub(super) fn is_inside() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(true)
}

/// Runs code of a subscriber. Returns `None` if that panicked, or if a subscriber caused the event.
pub(super) fn notify<R>(notify: impl FnOnce() -> R) -> Option<R> {
    let _inside = Inside::enter()?;
    let mut notified = None;
    catch(|| notified = Some(notify()));
    notified
}

/// Runs `event` under the dispatcher that created `span`.
pub(super) fn notify_in(span: &Span, event: impl FnOnce()) {
    notify(|| span.with_subscriber(|(_, dispatch)| with_default(dispatch, event)));
}

/// A span that is closed under the dispatcher that created it.
pub(crate) struct OwnSpan(Option<Span>);

impl OwnSpan {
    /// The span that `create` makes; `None` if no subscriber is interested in it.
    pub(super) fn create(create: impl FnOnce() -> Span) -> Option<Self> {
        notify(create).filter(|span| !span.is_disabled()).map(|span| Self(Some(span)))
    }

    /// Enters the span; returns whether it did.
    pub(super) fn enter(&self) -> bool {
        notify(|| in_dispatcher(self, Dispatch::enter)).is_some()
    }

    /// As [`enter`](Self::enter). The span then follows from `other`, if one subscriber has both.
    pub(super) fn enter_following(&self, other: Option<&Self>) -> bool {
        let before = other.and_then(Self::current);
        let entered = self.enter();
        if let (true, Some(other)) = (entered, other)
            && self.has_subscriber_of(other, before.as_ref())
        {
            notify_in(self, || {
                self.follows_from(&**other);
            });
        }
        entered
    }

    /// Whether one subscriber made both this span and `other`. This thread has just entered this span; `before` is what the
    /// subscriber of `other` gave as the current span until then. Dispatchers cannot be compared. But no other
    /// subscriber than that of this span gives it as the current one now.
    fn has_subscriber_of(&self, other: &Self, before: Option<&Id>) -> bool {
        let now = other.current();
        let is_current = now.is_some() && now == self.id() && now.as_ref() != before;
        // A subscriber need not know what is current. There is one global subscriber only.
        is_current || (self.is_of_global_default() && other.is_of_global_default())
    }

    /// Returns the span that this thread is in, by the subscriber of this span.
    fn current(&self) -> Option<Id> {
        let current = notify(|| self.with_subscriber(|(_, it)| it.current_span().id().cloned()));
        current.flatten().flatten()
    }

    /// Whether the subscriber is the global default.
    fn is_of_global_default(&self) -> bool {
        let is_global =
            |dispatch: &Dispatch| format!("{dispatch:?}").starts_with("Dispatch::Global");
        self.with_subscriber(|(_, dispatch)| is_global(dispatch)).unwrap_or(false)
    }

    /// Runs `last`, then exits the span, which [`enter`](Self::enter) entered.
    pub(super) fn exit(&self, last: impl FnOnce()) {
        complete(|| in_dispatcher(self, |_, _| last()));
        complete(|| in_dispatcher(self, Dispatch::exit));
    }
}

impl Deref for OwnSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        self.0.as_ref().expect("only `drop` takes the span")
    }
}

impl Drop for OwnSpan {
    fn drop(&mut self) {
        let span = self.0.take();
        complete(|| {
            let dispatch = span
                .as_ref()
                .and_then(|span| span.with_subscriber(|(_, dispatch)| dispatch.clone()));
            if let Some(dispatch) = dispatch {
                with_default(&dispatch, || drop(span));
            }
        });
    }
}

/// Runs code of a subscriber that completes what was begun, and so runs in any case.
fn complete(notify: impl FnOnce()) {
    let _inside = Inside::enter();
    catch(notify);
}

fn in_dispatcher(span: &Span, notify: impl FnOnce(&Dispatch, &Id)) {
    span.with_subscriber(|(id, dispatch)| with_default(dispatch, || notify(dispatch, id)));
}
