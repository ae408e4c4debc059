//! What may be sent, shared and kept across a panic, and how much room it takes.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use pybackground::{Lazy, Shared, Timeout, spawn};

/// Whether a type has a trait, found while compiling: the method of the type itself goes before
/// the one that every type has.
macro_rules! has {
    ($type:ty: $($trait:tt)+) => {{
        #[allow(dead_code, reason = "either goes before the other")]
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "either goes before the other")]
        trait Fallback {
            const HAS: bool = false;
        }
        impl<T> Fallback for Probe<T> {}
        #[allow(dead_code, reason = "either goes before the other")]
        impl<T: $($trait)+> Probe<T> {
            const HAS: bool = true;
        }
        let _: Option<Probe<$type>> = None;
        <Probe<$type>>::HAS
    }};
}

const _: () = {
    assert!(has!(Lazy<u8>: Send) && has!(Lazy<u8>: Sync));
    assert!(has!(Lazy<Cell<u8>>: Send) && !has!(Lazy<Cell<u8>>: Sync));
    assert!(!has!(Lazy<Rc<u8>>: Send) && !has!(Lazy<Rc<u8>>: Sync));
    assert!(has!(Lazy<Rc<u8>>: Unpin) && has!(Lazy<PhantomPinned>: Unpin));
    assert!(has!(Lazy<u8>: UnwindSafe) && has!(Lazy<u8>: RefUnwindSafe));
    assert!(!has!(Lazy<&mut u8>: UnwindSafe) && !has!(Lazy<Cell<u8>>: RefUnwindSafe));
    assert!(!has!(Lazy<u8>: Clone) && !has!(Lazy<u8>: Copy));

    assert!(has!(Shared<u8>: Send) && has!(Shared<u8>: Sync));
    assert!(!has!(Shared<Cell<u8>>: Send) && !has!(Shared<Cell<u8>>: Sync));
    assert!(!has!(Shared<Rc<u8>>: Send) && !has!(Shared<Rc<u8>>: Sync));
    assert!(has!(Shared<PhantomPinned>: Unpin) && has!(Shared<NotClone>: Clone));
    assert!(has!(Shared<u8>: UnwindSafe) && has!(Shared<u8>: RefUnwindSafe));
    assert!(!has!(Shared<Cell<u8>>: UnwindSafe) && !has!(Shared<Cell<u8>>: RefUnwindSafe));

    assert!(has!(pybackground::Error: Send) && has!(pybackground::Error: Sync));
    assert!(has!(pybackground::Error: Clone) && has!(Timeout: Copy));
};

struct NotClone;

/// What a caller keeps in hand for a call: a value of at most three words costs no more than none.
const _: () = {
    assert!(size_of::<Lazy<()>>() <= 48 && size_of::<Lazy<String>>() <= 56);
    assert!(size_of::<Option<Lazy<()>>>() == size_of::<Lazy<()>>());
    assert!(size_of::<Option<Lazy<String>>>() == size_of::<Lazy<String>>());
    assert!(size_of::<Shared<String>>() == size_of::<usize>());
    assert!(size_of::<Option<Shared<String>>>() == size_of::<usize>());
};

#[test]
fn a_lazy_of_what_cannot_be_sent_can_be_made_where_it_is_used() {
    let x = Lazy::ready(Rc::new(7));
    assert_eq!(**x, 7);
}

#[test]
fn a_lazy_of_what_cannot_be_shared_can_be_sent() {
    let x = spawn(|| Cell::new(7));
    assert_eq!(std::thread::spawn(move || x.get()).join().unwrap(), 7);
}

#[test]
fn an_error_is_a_std_error() {
    fn fails() -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Lazy::join(spawn(|| -> i64 { panic!("boom") }))? + 1)
    }

    assert!(fails().unwrap_err().to_string().contains("boom"));
}
