//! Running a subscriber's code.
//!
//! It may panic, which must not harm a call. It may also make calls and wait for some, as one that
//! sends spans over a network would; to be told of those, it would make calls again, and so on for
//! ever. So nothing is told of calls that a subscriber makes, nor of those that their bodies make.

use std::cell::Cell;

use crate::panic::catch;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The thread runs code of a subscriber's, or a body that such code called, until this is dropped.
pub(crate) struct Inside(());

impl Inside {
    /// `None` if it does already, or ends and cannot tell.
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

/// Whether this thread runs code of a subscriber's, or a body that such code called.
pub(super) fn is_inside() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(true)
}

/// Tells a subscriber something; `None` if that panicked, or came from a subscriber.
pub(super) fn tell<R>(tell: impl FnOnce() -> R) -> Option<R> {
    let _inside = Inside::enter()?;
    let mut told = None;
    catch(|| told = Some(tell()));
    told
}

/// Tells a subscriber what it has to be told in any case: the other half of something.
pub(super) fn tell_in_any_case(tell: impl FnOnce()) {
    let _inside = Inside::enter();
    catch(tell);
}
