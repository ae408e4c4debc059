//! Catching panics, with what they say and where they say it.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

/// What a panic looks like to the one who caught it.
pub(crate) struct Caught {
    pub(crate) payload: Box<dyn Any + Send>,
    /// Where the panic hook was told it came from; `None` if the hook was not called.
    pub(crate) site: Option<(String, u32)>,
}

impl Caught {
    /// Asserts that the panic hook was told of a line of the test, between these.
    #[track_caller]
    pub(crate) fn assert_told_between(&self, before: u32, after: u32) {
        let (file, line) = self.site.as_ref().expect("the panic hook is called");
        assert_eq!(file, Location::caller().file());
        assert!((before..after).contains(line), "line {line} is not from {before} to {after}");
    }

    /// The text that was panicked with.
    pub(crate) fn text(&self) -> &str {
        match self.payload.downcast_ref::<&'static str>() {
            Some(text) => text,
            None => self.payload.downcast_ref::<String>().expect("the payload is a text"),
        }
    }
}

thread_local! {
    static LAST_SITE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// Runs `f`, which has to panic on this thread.
#[track_caller]
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Caught {
    install_hook();
    LAST_SITE.set(None);
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => Caught { payload, site: LAST_SITE.take() },
    }
}

/// Notes where each thread panicked last. Panics of bodies print nothing: they are meant.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let site = info.location().map(|site| (site.file().to_owned(), site.line()));
            let _ = LAST_SITE.try_with(|last| *last.borrow_mut() = site);
            let runtime =
                std::thread::current().name().is_some_and(|n| n.starts_with("background-"));
            if !runtime {
                default(info);
            }
        }));
    });
}
