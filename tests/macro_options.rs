//! The arguments of `#[background(..)]`.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pybackground::{Lazy, Timeout, background};

/// Takes the place of the library. A call returns the timeout that it would have.
mod recorder {
    use std::marker::PhantomData;
    use std::time::Duration;

    pub(super) struct Lazy<T>(pub(super) Option<Duration>, PhantomData<T>);

    pub(super) mod __private {
        use std::marker::PhantomData;
        use std::time::Duration;
        pub(crate) use std::time::Duration as LiteralDuration;

        use super::Lazy;

        pub(crate) struct Options(Option<Duration>);

        impl Options {
            pub(crate) fn of(_definition: ()) -> Self {
                Self(None)
            }

            pub(crate) fn timeout(self, timeout: Duration) -> Self {
                Self(Some(timeout))
            }
        }

        pub(crate) struct Definition;

        impl Definition {
            pub(crate) const fn place(self) {}
        }

        pub(crate) struct BackgroundCall;

        pub(crate) trait Returns<T> {
            fn run<F: FnOnce() -> T>(options: Options, _body: F) -> Lazy<T> {
                Lazy(options.0, PhantomData)
            }
        }

        impl<T> Returns<T> for BackgroundCall {}
    }
}

macro_rules! both_ways {
    ($($literal:literal)*) => {
        [$({
            #[background(crate = recorder, timeout = $literal)]
            fn literal() {}
            (stringify!($literal), literal().0, pybackground::IntoTimeout::into_timeout($literal))
        }),*]
    };
}

#[test]
fn literal_timeout_equals_the_same_expression() {
    let timeouts = both_ways! {
        0 1 2u64 3i32 0.0 1.5 1.5f32 0.1 0.1f32 1e-9 2.5e3 1e300 18446744073709551615u64 123456789.987654321
        "0s" "1ns" "1us" "1µs" "1ms" "1s" "1m" "1h" "1d" "1.5s" "250ms" "0.1ms" " 5 m " "90.5h" ".5s"
        "1000000000000000000000d"
    };
    for (literal, compiled, run) in timeouts {
        assert_eq!(compiled, run.ok(), "timeout = {literal}");
    }
}

mod forms {
    use super::*;

    const fn limit() -> Duration {
        Duration::from_secs(60)
    }

    struct Type;

    impl Type {
        const PATIENCE: Duration = Duration::from_secs(60);

        #[background(timeout = Self::PATIENCE / 2)]
        fn associated(number: u8) -> u8 {
            number
        }
    }

    #[background()]
    fn empty() -> u8 {
        1
    }

    #[background(timeout = limit(), compute,)]
    fn trailing_comma() -> u8 {
        1
    }

    #[background(timeout = if true { "1h" } else { "2h" })]
    fn text_expression() -> u8 {
        1
    }

    #[background(timeout = 30.0 * 2.0)]
    fn number_expression() -> u8 {
        1
    }

    #[background(timeout = f64::MAX, limit = usize::MAX)]
    fn never() -> u8 {
        1
    }

    #[background(timeout = std::convert::identity::<Duration>(limit()), name = r"raw")]
    fn commas_inside(_: u8) -> u8 {
        1
    }

    #[test]
    fn every_form_of_an_option_is_read() {
        let calls = [
            Type::associated(1),
            empty(),
            trailing_comma(),
            text_expression(),
            number_expression(),
            never(),
            commas_inside(1),
        ];
        for call in calls {
            assert_eq!(call, 1);
        }
    }
}

mod timeout {
    use super::*;

    #[background(timeout = "10ms")]
    fn literal() -> u8 {
        std::thread::sleep(Duration::from_secs(600));
        1
    }

    #[background(timeout = Duration::from_millis(10))]
    fn expression() -> u8 {
        std::thread::sleep(Duration::from_secs(600));
        1
    }

    #[test]
    fn ends_the_wait() {
        assert!(literal() == Timeout);
        assert!(expression() == Timeout);
    }

    static CALLS: AtomicUsize = AtomicUsize::new(0);

    fn seconds() -> f64 {
        // The first call is told a length of time, the second one none, the third too long a one.
        [60.0, -1.5, f64::INFINITY][CALLS.fetch_add(1, Ordering::SeqCst)]
    }

    #[background(timeout = seconds())]
    fn from_a_function() -> u8 {
        1
    }

    #[test]
    fn is_evaluated_for_each_call_and_refused_at_its_line() {
        assert_eq!(from_a_function(), 1);
        for wrong in
            ["cannot be negative, but this one is -1.5", "must be finite, but this one is inf"]
        {
            let payload = catch_unwind(AssertUnwindSafe(from_a_function)).map(drop).unwrap_err();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains(wrong), "{message}");
            assert!(message.contains("`from_a_function`"), "{message}");
            assert!(message.contains("`Duration`"), "{message}");
        }
    }
}

#[background(name = "a name of its own")]
fn named() {}

#[background]
fn not_named() {}

struct Type;

impl Type {
    #[background]
    fn method(self) {}
}

#[test]
fn call_has_the_given_name_or_its_path() {
    assert_eq!(Lazy::function(&named()), Some("a name of its own"));
    assert_eq!(Lazy::function(&not_named()), Some("macro_options::not_named"));
    assert_eq!(Lazy::function(&Type.method()), Some("macro_options::Type::method"));
}

mod limit {
    use super::*;

    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    const LIMIT: usize = 2;

    // A generic function has one limit, whatever it is called with.
    #[background(limit = LIMIT)]
    fn limited<T: Send + 'static>(_value: T) {
        let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(running, Ordering::SeqCst);
        std::thread::yield_now();
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }

    #[test]
    fn no_more_bodies_run_at_once_than_it_says() {
        let calls: Vec<_> = (0_u8..100).flat_map(|n| [limited(n), limited('a')]).collect();
        for call in calls {
            Lazy::join(call).unwrap();
        }
        assert!(MOST.load(Ordering::SeqCst) <= LIMIT);
    }
}
