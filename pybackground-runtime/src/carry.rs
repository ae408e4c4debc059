//! What the program carries from each call to its body: see `Configure::carry`.
//!
//! A hook has two parts. The first captures a value on the thread that makes a call. The second gets the value on
//! the thread that runs the body, and calls the body: so it can set what the body sees, and take it back.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A hook of the program.
pub(crate) trait CarryHook: Send + Sync {
    /// Captures what this thread has.
    fn capture(&self) -> Box<dyn Carried>;
}

/// What was captured.
pub(crate) trait Carried: Send {
    /// Calls `run`, which sees what was captured.
    fn within(&self, run: &mut dyn FnMut());
}

static CARRIERS: OnceLock<Box<[Box<dyn CarryHook>]>> = OnceLock::new();
/// Whether there is any hook: a call without one costs this load.
static ANY: AtomicBool = AtomicBool::new(false);

/// Installs the hooks, once and before the first call.
pub(crate) fn install(carriers: impl IntoIterator<Item = Box<dyn CarryHook>>) {
    let carriers: Box<[_]> = carriers.into_iter().collect();
    let any = !carriers.is_empty();
    if CARRIERS.set(carriers).is_ok() {
        ANY.store(any, Ordering::Relaxed);
    }
}

/// What the hooks captured for one call.
#[derive(Default)]
pub(crate) struct AllCarried(Option<Box<[Box<dyn Carried>]>>);

impl AllCarried {
    #[inline]
    pub(crate) fn capture() -> Self {
        if ANY.load(Ordering::Relaxed) { Self::capture_all() } else { Self(None) }
    }

    #[cold]
    fn capture_all() -> Self {
        let carriers = CARRIERS.get();
        Self(carriers.map(|all| all.iter().map(|carrier| carrier.capture()).collect()))
    }

    /// Runs `run` within all that was captured, the first hook outermost.
    #[inline]
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        match &self.0 {
            None => run(),
            Some(all) => run_within(all, run),
        }
    }
}

fn run_within<R>(all: &[Box<dyn Carried>], run: impl FnOnce() -> R) -> R {
    let (mut run, mut result) = (Some(run), None);
    nest(all, &mut || result = run.take().map(|run| run()).or(result.take()));
    match (result, run) {
        (Some(result), _) => result,
        // A hook that does not call its argument carries nothing.
        (None, Some(run)) => run(),
        (None, None) => unreachable!("`run` has returned or unwound"),
    }
}

fn nest(all: &[Box<dyn Carried>], run: &mut dyn FnMut()) {
    match all.split_first() {
        None => run(),
        Some((outer, inner)) => outer.within(&mut || nest(inner, run)),
    }
}

/// A hook, made of its two parts.
pub(crate) struct HookParts<F, G>(pub(crate) F, pub(crate) std::sync::Arc<G>);

struct CapturedValue<C, G>(C, std::sync::Arc<G>);

impl<C, F, G> CarryHook for HookParts<F, G>
where
    C: Send + 'static,
    F: Fn() -> C + Send + Sync,
    G: Fn(&C, &mut dyn FnMut()) + Send + Sync + 'static,
{
    fn capture(&self) -> Box<dyn Carried> {
        Box::new(CapturedValue((self.0)(), self.1.clone()))
    }
}

impl<C, G> Carried for CapturedValue<C, G>
where
    C: Send,
    G: Fn(&C, &mut dyn FnMut()) + Send + Sync,
{
    fn within(&self, run: &mut dyn FnMut()) {
        (self.1)(&self.0, run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::Arc;

    thread_local!(static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

    fn log(word: &'static str) {
        LOG.with_borrow_mut(|log| log.push(word));
    }

    fn carried(enter: fn(&&'static str, &mut dyn FnMut())) -> Box<dyn Carried> {
        HookParts(|| "value", Arc::new(enter)).capture()
    }

    #[test]
    fn hooks_nest_and_run_the_body_once() {
        let all = [
            carried(|value, run| {
                log(value);
                run();
                log("left");
            }),
            carried(|_, run| {
                run();
                run();
            }),
            carried(|_, _| log("calls nothing")),
        ];
        let (twice, never) = (&all[..2], &all[2..]);
        assert_eq!(run_within(twice, || log("body")), ());
        assert_eq!(run_within(never, || 7), 7);
        assert_eq!(LOG.take(), ["value", "body", "left", "calls nothing"]);
    }
}
