//! Which values are kept, how many, and for how long.

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::futures::yield_now;
use common::gate::Gate;
use common::watchdog;
use pybackground::{Shared, Timeout, background};

/// A part of the key that is the same in all keys.
macro_rules! equal_to_all {
    ($ty:ident) => {
        impl PartialEq for $ty {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }

        impl Eq for $ty {}

        impl std::hash::Hash for $ty {
            fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
        }
    };
}

/// Counts the runs of one function.
struct Runs(AtomicUsize);

impl Runs {
    const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn value_is_kept() {
    static RUNS: Runs = Runs::new();

    #[background(cache)]
    fn square(n: u64) -> u64 {
        RUNS.next();
        n * n
    }

    let _watchdog = watchdog();
    for _ in 0..10 {
        let squares: Vec<_> = (0..10).map(square).collect();
        assert!(squares.iter().zip(0..).all(|(square, n)| **square == n * n));
    }
    assert_eq!(RUNS.count(), 10);
}

#[test]
fn recursion_is_short_with_the_values_of_its_parts() {
    #[background(compute, cache(size = 200))]
    fn fibonacci(n: u64) -> u64 {
        if n < 2 { n } else { *fibonacci(n - 1) + *fibonacci(n - 2) }
    }

    let _watchdog = watchdog();
    assert_eq!(fibonacci(90), 2_880_067_194_370_816_120);
}

#[test]
fn errors_are_not_kept() {
    static RUNS: [Runs; 3] = [const { Runs::new() }; 3];

    type Answer = io::Result<usize>;

    #[background(cache(size = 9, ttl = "1h"))]
    fn returns_err(fails: usize) -> Answer {
        let run = RUNS[0].next();
        if run <= fails { Err(io::Error::other("not today")) } else { Ok(run) }
    }

    #[background(cache)]
    fn panics(fails: usize) -> usize {
        let run = RUNS[1].next();
        assert!(run > fails);
        run
    }

    #[background(cache)]
    async fn returns_err_later(
        fails: usize,
    ) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        yield_now().await;
        let run = RUNS[2].next();
        if run <= fails { Err("not today".into()) } else { Ok(run) }
    }

    let _watchdog = watchdog();
    for _ in 0..3 {
        assert!(returns_err(3).is_err());
        assert!(Shared::wait(&panics(3)).is_err());
        assert!(returns_err_later(3).is_err());
    }
    for _ in 0..3 {
        assert_eq!(*returns_err(3).as_ref().unwrap(), 4);
        assert_eq!(panics(3), 4);
        assert_eq!(*returns_err_later(3).as_ref().unwrap(), 4);
    }
}

/// Functions that say of their values whether these are kept, beside a trait that says the opposite of all types.
macro_rules! beside_methods_of_all_types {
    ($module:ident, $is_kept:literal) => {
        mod $module {
            use super::{Runs, background};

            #[allow(dead_code, reason = "no method of a trait of the user is called")]
            #[allow(
                clippy::wrong_self_convention,
                clippy::new_ret_no_self,
                reason = "the names are those of the expansion, and the methods are not"
            )]
            trait Methods: Sized {
                fn __pybackground_is_kept(self) -> bool {
                    $is_kept
                }
                fn is_kept(self) -> bool {
                    $is_kept
                }
                fn index(self, _: usize) -> bool {
                    $is_kept
                }
                fn deref(self) {}
                fn time_to_live(self) {}
                fn new() {}
                fn cache() {}
                fn place(self) {}
            }

            impl<T> Methods for T {}

            static RUNS: Runs = Runs::new();

            #[background(cache(size = 9, ttl = "1h"))]
            fn fails() -> Result<usize, usize> {
                Err(RUNS.next())
            }

            #[background(cache)]
            fn runs_once() -> usize {
                RUNS.next()
            }

            pub(super) fn only_the_error_is_not_kept() {
                for run in 1..4 {
                    assert_eq!(*fails(), Err(run));
                }
                for _ in 0..3 {
                    assert_eq!(*runs_once(), 4);
                }
            }
        }
    };
}
beside_methods_of_all_types!(all_are_kept, true);
beside_methods_of_all_types!(none_is_kept, false);

#[test]
fn no_trait_of_the_user_decides_what_is_kept() {
    let _watchdog = watchdog();
    all_are_kept::only_the_error_is_not_kept();
    none_is_kept::only_the_error_is_not_kept();
}

#[test]
fn value_of_a_call_that_timed_out_is_not_kept() {
    static GATES: Mutex<Vec<Gate>> = Mutex::new(Vec::new());
    static RUNS: Runs = Runs::new();

    #[background(cache, run_timeout = "1ms")]
    fn late() -> usize {
        let gate = GATES.lock().unwrap().pop();
        if let Some(gate) = gate {
            gate.pass();
        }
        RUNS.next()
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    GATES.lock().unwrap().push(gate.clone());
    let first = late();
    assert!(first == Timeout);
    gate.open();
    common::wait_until(|| RUNS.count() == 1);
    // The value of the first came too late, and this one may be too late as well on a busy machine.
    common::wait_until(|| Shared::wait(&late()).is_ok());
    assert!(*late() > 1);
}

#[test]
fn generic_values_are_kept_whatever_they_are() {
    static RUNS: Runs = Runs::new();

    #[background(cache)]
    fn same<T: Clone + Eq + std::hash::Hash + Debug + Send + Sync + 'static>(value: T) -> T {
        RUNS.next();
        value
    }

    let _watchdog = watchdog();
    for _ in 0..3 {
        assert_eq!(same(None::<u8>), None);
        assert_eq!(same(7_u8), 7);
        assert_eq!(same(7_u16), 7);
    }
    assert_eq!(RUNS.count(), 3);
}

#[test]
fn old_value_is_computed_again() {
    static RUNS: [Runs; 2] = [const { Runs::new() }; 2];
    const AGES: Duration = Duration::from_secs(3600);

    #[background(cache(ttl = 0))]
    fn old_at_once() -> usize {
        RUNS[0].next()
    }

    #[background(cache(ttl = AGES, size = SIZE))]
    fn lasts() -> usize {
        RUNS[1].next()
    }

    const SIZE: usize = 2;

    let _watchdog = watchdog();
    for run in 1..=5 {
        assert_eq!(old_at_once(), run);
        assert_eq!(lasts(), 1);
    }
}

#[derive(Clone, Default)]
struct Counted(Drops);

equal_to_all!(Counted);

#[test]
fn number_of_values_is_bounded() {
    #[background(cache(size = 10))]
    fn token(_n: u32, drops: Counted) -> Arc<Token> {
        Arc::new(drops.0.token())
    }

    let _watchdog = watchdog();
    let drops = Counted::default();
    for n in 0..1_000 {
        Shared::wait(&token(n, drops.clone())).unwrap();
    }
    let kept = 1_000 - drops.0.count();
    assert!((1..=10).contains(&kept), "{kept} are kept");
}

#[test]
fn equal_calls_share_one_that_runs() {
    #[background(cache)]
    fn pass(gate: Held) -> usize {
        gate.0.pass();
        gate.0.arrivals()
    }

    #[derive(Clone, Default)]
    struct Held(Gate);

    equal_to_all!(Held);

    let _watchdog = watchdog();
    let held = Held::default();
    let _opened = held.0.opened_at_end();
    let (one, two) = (pass(held.clone()), pass(held.clone()));
    assert!(Shared::ptr_eq(&one, &two));
    held.0.open();
    assert!(one == 1 && two == 1 && pass(held) == 1);
}

/// The destructor of an evicted value may make a call of the same function.
#[test]
fn values_are_dropped_without_a_lock() {
    #[background(cache(size = 1))]
    fn nested(n: u32) -> Nested {
        Nested(n)
    }

    struct Nested(u32);

    impl Drop for Nested {
        fn drop(&mut self) {
            if self.0 > 0 {
                drop(nested(self.0 - 1));
            }
        }
    }

    let _watchdog = watchdog();
    for n in 0..50 {
        assert!(Shared::wait(&nested(n % 5)).is_ok());
    }
}
