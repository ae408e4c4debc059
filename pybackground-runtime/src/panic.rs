//! Catching panics of user code, and finding out where a panic happened.

use std::any::{Any, TypeId};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

use crate::site::UsedAt;

/// Runs `run` and discards a panic, which the panic hook has reported.
#[inline]
pub(crate) fn catch(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        drop_payload(payload);
    }
}

/// Drops the payload of a panic. Its destructor is user code, which may panic with another payload. The chain has to end:
/// the second payload is leaked.
#[cold]
fn drop_payload(payload: Box<dyn Any + Send>) {
    std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
}

/// Drops a value and discards a panic of its destructor.
pub(crate) fn drop_catching<X>(rest: X) {
    catch(|| drop(rest));
}

/// The message of a panic with this payload.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

/// Where a panic happened.
pub(crate) struct Site {
    /// The file, line and column: `src/main.rs:3:5`.
    pub(crate) at: String,
    /// Where the panic began, if the use of a value passed it on.
    pub(crate) origin: Option<String>,
    /// The calls on the stack, if the environment asks for them.
    pub(crate) backtrace: Option<Backtrace>,
}

/// A panic of a thread, as the panic hook saw it.
struct SeenPanic {
    site: Site,
    message: Option<String>,
    payload: TypeId,
}

/// How many panics of a thread are remembered. A destructor that runs because of a panic may panic and catch that.
const MOST_SEEN: usize = 16;

/// A panic that the thread is about to throw anew.
struct PassedOn {
    message: String,
    from: PanicOrigin,
}

/// Where a panic began that the use of a value passes on.
struct PanicOrigin {
    at: String,
    /// Whether the use is in a line of the user.
    is_used_by_user: bool,
}

thread_local! {
    /// The last panics of the thread, the latest last.
    static SEEN: RefCell<Vec<SeenPanic>> = const { RefCell::new(Vec::new()) };
    static PASSED_ON: RefCell<Option<PassedOn>> = const { RefCell::new(None) };
}

/// Adds a panic hook that remembers where each thread panicked last, and calls the present hook.
pub(crate) fn remember_sites() {
    static ADDED: Once = Once::new();

    // A thread that panics must not change the hook.
    if !std::thread::panicking() {
        ADDED.call_once(add_hook);
    }
}

fn add_hook() {
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(site) = info.location() {
            let message = text_of(info.payload()).map(str::to_owned);
            let passed_on = PASSED_ON.try_with(RefCell::take).ok().flatten();
            let is_same = |panic: &PassedOn| message.as_ref() == Some(&panic.message);
            let origin = passed_on.filter(is_same).map(|panic| panic.from);
            let payload = info.payload().type_id();
            remember(SeenPanic { site: Site::new(site, origin), message, payload });
        }
        next(info);
    }));
}

impl Site {
    /// If the use that passed a panic on is in no line of the user, as in `calls.map(Lazy::into_inner)`, the place where
    /// the panic began stands for it.
    fn new(site: &Location<'_>, origin: Option<PanicOrigin>) -> Self {
        let (at, origin) = match origin {
            None => (site.to_string(), None),
            Some(origin) if origin.is_used_by_user => (site.to_string(), Some(origin.at)),
            Some(origin) => (origin.at, None),
        };
        Self { at, origin, backtrace: backtrace() }
    }
}

fn remember(panic: SeenPanic) {
    let _ = SEEN.try_with(|seen| {
        let mut seen = seen.borrow_mut();
        if seen.len() == MOST_SEEN {
            seen.remove(0);
        }
        seen.push(panic);
    });
}

/// Notes that the use of a value at `site` is about to pass on the panic with this payload, which began at `origin`.
pub(crate) fn pass_on(
    payload: &(dyn Any + Send),
    origin: Option<&str>,
    site: &'static Location<'static>,
) {
    let is_used_by_user = UsedAt(site).user().is_some();
    let origin = origin.map(|at| PanicOrigin { at: at.to_owned(), is_used_by_user });
    match text_of(payload) {
        // It is thrown anew, and the hook sees it.
        Some(text) => {
            let panic = origin.map(|from| PassedOn { message: text.to_owned(), from });
            let _ = PASSED_ON.try_with(|passed_on| passed_on.replace(panic));
        }
        None if origin.is_some() || is_used_by_user => remember(SeenPanic {
            site: Site::new(site, origin),
            message: None,
            payload: payload.type_id(),
        }),
        None => {}
    }
}

/// The stack of this thread, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asks for backtraces.
fn backtrace() -> Option<Backtrace> {
    Some(Backtrace::capture()).filter(|trace| trace.status() == BacktraceStatus::Captured)
}

/// Where the panic with this payload, which was caught on this thread, happened.
///
/// The payload may be that of an earlier panic on another thread, which no hook saw here. So the type of
/// the payload and the message are compared.
pub(crate) fn site_of(payload: &(dyn Any + Send)) -> Option<Site> {
    let is_same = |seen: &SeenPanic| {
        seen.payload == payload.type_id() && seen.message.as_deref() == text_of(payload)
    };
    let seen = SEEN.try_with(RefCell::take).ok()?;
    seen.into_iter().rev().find(is_same).map(|seen| seen.site)
}

/// Forgets where this thread panicked.
#[cfg(feature = "process")]
pub(crate) fn forget_sites() {
    let _ = SEEN.try_with(RefCell::take);
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
    #[cfg_attr(miri, ignore = "the last payload of a chain leaks on purpose")]
    fn nothing_gets_out_however_often_destructors_panic() {
        for length in 0..4 {
            drop_catching(Chain(length));
        }
    }
}
