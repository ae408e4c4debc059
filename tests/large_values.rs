//! Values and closures of a mebibyte go through every kind of call on the default stack, with and without
//! optimizations. A stack that overflows aborts the test program.

#![allow(
    clippy::large_stack_arrays,
    clippy::large_types_passed_by_value,
    reason = "what is tested is how much of the stack is used"
)]

mod common;

use std::thread;
use std::time::Duration;

use common::futures::block_on;
use common::watchdog;
use pybackground::{
    Lazy, all, as_completed, background, delay, scope, spawn, spawn_compute, try_all,
};

const LEN: usize = 1 << 20;

type Large = [u8; LEN];

fn sum(large: &Large) -> usize {
    large.iter().map(|byte| usize::from(*byte)).sum()
}

/// Runs `test` on a stack as large as that of `main`.
fn as_in_main(test: fn()) {
    let _watchdog = watchdog();
    let main = thread::Builder::new().stack_size(8 << 20).spawn(test).unwrap();
    main.join().unwrap();
}

#[background]
fn made(fill: u8) -> Large {
    [fill; LEN]
}

#[background]
fn summed(#[lazy] large: Large) -> usize {
    sum(&large)
}

#[background]
async fn made_asynchronously(fill: u8) -> Large {
    delay(Duration::from_millis(1)).await;
    [fill; LEN]
}

#[background(limit = 2)]
fn limited(fill: u8) -> Large {
    [fill; LEN]
}

#[background]
fn given(large: Large) -> usize {
    sum(&large)
}

#[background]
fn lent(large: &Large) -> usize {
    sum(large)
}

#[background]
async fn given_asynchronously(table: Table) -> usize {
    delay(Duration::from_millis(1)).await;
    sum(&table.0)
}

#[background]
async fn lent_asynchronously(large: &Large) -> usize {
    delay(Duration::from_millis(1)).await;
    sum(large)
}

#[derive(Clone)]
struct Table(Large);

/// On the stack of this function, and not also on that of its caller.
fn table() -> Table {
    Table([1; LEN])
}

impl Table {
    #[background]
    fn sum(&self) -> usize {
        sum(&self.0)
    }

    #[background]
    async fn sum_asynchronously(&self) -> usize {
        delay(Duration::from_millis(1)).await;
        sum(&self.0)
    }

    #[background]
    fn into_sum(self) -> usize {
        sum(&self.0)
    }
}

#[test]
fn attributed_function_returns_a_large_value() {
    as_in_main(|| assert_eq!(sum(&made(1)), LEN));
    as_in_main(|| assert_eq!(sum(&limited(1)), LEN));
}

#[test]
fn closure_returns_a_large_value() {
    as_in_main(|| assert_eq!(sum(&spawn(|| [1; LEN])), LEN));
    as_in_main(|| assert_eq!(sum(&spawn_compute(|| [1; LEN])), LEN));
    as_in_main(|| assert_eq!(sum(&background(|fill: u8| [fill; LEN])(1)), LEN));
}

#[test]
fn closure_captures_a_large_value() {
    as_in_main(|| {
        let large = [1; LEN];
        assert_eq!(spawn(move || sum(&large)), LEN);
    });
}

#[test]
fn large_value_is_joined() {
    as_in_main(|| assert_eq!(sum(&Lazy::join(made(1)).unwrap()), LEN));
    as_in_main(|| assert_eq!(sum(&Lazy::into_inner(made(1))), LEN));
    as_in_main(|| {
        let mut large = made(1);
        large[0] = 2;
        assert_eq!(sum(&large), LEN + 1);
    });
}

#[test]
fn large_value_is_used_in_a_body() {
    as_in_main(|| assert_eq!(spawn(|| sum(&made(1))), LEN));
}

#[test]
fn large_value_is_mapped() {
    as_in_main(|| assert_eq!(Lazy::map(made(1), |large| sum(&large)), LEN));
    as_in_main(|| assert_eq!(sum(&Lazy::map(spawn(|| 1), |fill| [fill; LEN])), LEN));
}

#[test]
fn large_value_is_that_of_an_inner_call() {
    as_in_main(|| assert_eq!(sum(&Lazy::and_then(spawn(|| 1), made)), LEN));
    as_in_main(|| assert_eq!(sum(&Lazy::flatten(spawn(|| made(1)))), LEN));
}

#[test]
fn large_value_is_handed_to_the_maker_of_an_inner_call() {
    as_in_main(|| assert_eq!(Lazy::and_then(made(1), |large| made(large[0])).len(), LEN));
    as_in_main(|| assert_eq!(Lazy::then(made(1), |large| sum(&large.unwrap())), LEN));
}

#[test]
fn large_value_is_a_lazy_argument() {
    as_in_main(|| assert_eq!(summed(made(1)), LEN));
}

#[test]
fn large_value_is_an_argument() {
    as_in_main(|| assert_eq!(given([1; LEN]), LEN));
    as_in_main(|| assert_eq!(lent(&[1; LEN]), LEN));
    as_in_main(|| assert_eq!(given_asynchronously(table()), LEN));
    as_in_main(|| assert_eq!(lent_asynchronously(&[1; LEN]), LEN));
}

#[test]
fn large_value_is_the_receiver() {
    as_in_main(|| assert_eq!(table().sum(), LEN));
    as_in_main(|| assert_eq!(table().sum_asynchronously(), LEN));
    as_in_main(|| assert_eq!(table().into_sum(), LEN));
}

#[test]
fn large_values_are_those_of_an_array_of_calls() {
    as_in_main(|| {
        let values = all([made(1), made(2)]);
        assert_eq!(values.iter().map(sum).sum::<usize>(), 3 * LEN);
    });
}

#[test]
fn large_values_are_those_of_calls_that_return_results() {
    fn fallible(fill: u8) -> Lazy<Result<Large, String>> {
        spawn(move || Ok([fill; LEN]))
    }

    as_in_main(|| assert_eq!(sum(&try_all([1, 2].into_iter().map(fallible)).unwrap()[1]), 2 * LEN));
}

#[test]
fn large_values_come_in_boxes_in_a_tuple() {
    fn boxed(fill: u8) -> Lazy<Result<Box<Large>, String>> {
        spawn(move || Ok(Box::new([fill; LEN])))
    }

    as_in_main(|| {
        let (one, two) = try_all((boxed(1), boxed(2))).unwrap();
        assert_eq!(sum(&one) + sum(&two), 3 * LEN);
    });
}

#[test]
fn large_value_is_taken_out_of_a_result_that_comes() {
    as_in_main(|| {
        for (_, large) in as_completed([made(1)]) {
            let large = large.unwrap();
            assert_eq!(sum(&large), LEN);
        }
    });
}

#[test]
fn large_values_come_as_they_are_completed() {
    as_in_main(|| {
        let sums = as_completed((0..4).map(made)).map(|(_, large)| sum(&large.unwrap()));
        assert_eq!(sums.sum::<usize>(), (1 + 2 + 3) * LEN);
    });
}

#[test]
fn large_value_is_shared() {
    as_in_main(|| {
        let shared = Lazy::share(made(1));
        let other = shared.clone();
        assert_eq!(spawn(move || sum(&other)), LEN);
        assert_eq!(sum(&shared), LEN);
    });
}

#[test]
fn large_value_comes_from_a_scope() {
    as_in_main(|| {
        let fills = [1];
        assert_eq!(scope(|s| sum(&s.spawn(|| [fills[0]; LEN]))), LEN);
    });
}

#[test]
fn large_value_is_that_of_a_scope() {
    as_in_main(|| assert_eq!(sum(&scope(|_| [1; LEN])), LEN));
    as_in_main(|| {
        let fills = [1];
        assert_eq!(sum(&scope(|s| Lazy::into_inner(s.spawn(|| [fills[0]; LEN])))), LEN);
    });
}

#[test]
fn large_value_comes_from_an_async_body() {
    as_in_main(|| assert_eq!(sum(&made_asynchronously(1)), LEN));
}

#[test]
fn large_value_is_awaited() {
    as_in_main(|| assert_eq!(block_on(async { sum(&made(1).await) }), LEN));
}
