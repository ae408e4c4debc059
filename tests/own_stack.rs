//! `own_stack`: no body runs on top of another one, so none shares its thread-locals with another.

mod common;

use std::cell::{Cell, OnceCell, RefCell};

use common::{child, watchdog};
use pybackground::{
    Lazy, Shared, all, as_completed, background, configure, scope, spawn, spawn_compute,
};

const RUNS: u32 = 1_000;

/// Of each further way in which a body could run on top of another one.
const FEW: u32 = 40;

thread_local! {
    static USER: Cell<Option<u32>> = const { Cell::new(None) };
    static BORROWED: RefCell<u32> = const { RefCell::new(0) };
    static ONCE: OnceCell<u32> = const { OnceCell::new() };
}

/// Runs `rest` in a process of its own, with one worker, so that no other thread takes a call before the join.
fn with_one_worker(test: &str, rest: fn()) {
    in_process(test, &[], || configure().workers(1).install().unwrap(), rest);
}

fn in_process(test: &str, variables: &[(&str, &str)], configure: fn(), rest: fn()) {
    if child::is_child() {
        let _watchdog = watchdog();
        configure();
        return rest();
    }
    child::succeeds(child::command(test).envs(variables.iter().copied()));
}

/// Sets the user of this thread while `act` runs, as the body of a request does.
fn as_user<R>(user: u32, act: impl FnOnce() -> R) -> R {
    USER.set(Some(user));
    let result = act();
    USER.set(None);
    result
}

/// A way to make and join a call, with its name.
type Way = (&'static str, fn() -> Option<u32>);

/// How many of the runs see the user of the body that makes a call by `call`.
fn runs_that_see(runs: u32, call: fn() -> Option<u32>) -> usize {
    let request = |user| *spawn(move || as_user(user, call));
    (0..runs).filter(|user| request(*user).is_some()).count()
}

#[background]
fn plain() -> Option<u32> {
    USER.get()
}

#[background(own_stack)]
fn alone() -> Option<u32> {
    USER.get()
}

#[background(own_stack)]
async fn alone_async() -> Option<u32> {
    USER.get()
}

#[background(own_stack, timeout = 3600.0, run_timeout = 3600.0)]
fn alone_in_time() -> Option<u32> {
    USER.get()
}

#[background(own_stack, limit = 2)]
fn alone_within_a_limit() -> Option<u32> {
    USER.get()
}

#[background(own_stack, single_flight)]
fn alone_and_shared() -> Option<u32> {
    USER.get()
}

#[background(own_stack)]
fn alone_after(#[lazy] input: u32) -> Option<u32> {
    USER.get().map(|user| user + input)
}

#[background(own_stack)]
fn alone_and_large() -> ([u8; 5_000], Option<u32>) {
    ([0; 5_000], USER.get())
}

#[test]
fn body_without_the_option_sees_the_thread_locals_of_the_body_below() {
    with_one_worker("body_without_the_option_sees_the_thread_locals_of_the_body_below", || {
        assert!(runs_that_see(RUNS, || *plain()) > 0);
    });
}

#[test]
fn body_with_the_option_sees_none_of_them() {
    with_one_worker("body_with_the_option_sees_none_of_them", || {
        assert_eq!(runs_that_see(RUNS, || *alone()), 0);
    });
}

#[test]
fn body_sees_no_thread_local_of_another_body_however_it_is_joined() {
    with_one_worker("body_sees_no_thread_local_of_another_body_however_it_is_joined", || {
        let calls: [Way; 18] = [
            ("into_inner", || Lazy::into_inner(alone())),
            ("join", || Lazy::join(alone()).unwrap()),
            ("wait", || {
                let call = alone();
                Lazy::wait(&call).unwrap();
                *call
            }),
            ("share", || *Lazy::share(alone())),
            ("Shared::wait", || {
                let call = Lazy::share(alone());
                Shared::wait(&call).unwrap();
                *call
            }),
            ("all", || all([alone(), alone()]).iter().flatten().next().copied()),
            ("as_completed", || as_completed([alone()]).find_map(|(_, call)| call.unwrap())),
            ("an input of map", || *Lazy::map(alone(), |user| user)),
            ("a sum", || {
                let is_seen = || Lazy::map(alone(), |user| u32::from(user.is_some()));
                Some(is_seen() + is_seen()).filter(|seen| *seen > 0)
            }),
            ("an argument", || *alone_after(spawn(|| 1))),
            ("an argument with a value", || *alone_after(1)),
            ("async", || *alone_async()),
            ("a timeout", || *alone_in_time()),
            ("a limit", || *alone_within_a_limit()),
            ("single_flight", || *alone_and_shared()),
            ("a large value", || alone_and_large().1),
            ("background(f)", || *background(|| USER.get()).own_stack()()),
            ("background(f), with a limit", || {
                static LIMIT: pybackground::Limit = pybackground::Limit::new(1);
                *background(|| USER.get()).limit(&LIMIT).own_stack()()
            }),
        ];
        for (way, call) in calls {
            assert_eq!(runs_that_see(FEW, call), 0, "{way}");
        }
    });
}

#[test]
fn no_body_runs_on_top_of_a_body_with_its_own_stack() {
    #[background(own_stack)]
    fn request(user: u32, call: fn() -> Option<u32>) -> Option<u32> {
        as_user(user, call)
    }

    fn many(call: impl Fn() -> Lazy<Option<u32>>) -> Option<u32> {
        // So many that the pool would run some of them where they are called.
        let calls: Vec<_> = (0..10).map(|_| call()).collect();
        calls.into_iter().find_map(Lazy::into_inner)
    }

    with_one_worker("no_body_runs_on_top_of_a_body_with_its_own_stack", || {
        let calls: [Way; 5] = [
            ("a use", || *plain()),
            ("closures", || many(|| spawn(|| USER.get()))),
            ("compute", || many(|| spawn_compute(|| USER.get()))),
            ("a scope", || scope(|s| *s.spawn(|| USER.get()))),
            ("the end of a scope", || {
                let mut seen = None;
                scope(|s| s.launch(|| seen = USER.get()));
                seen
            }),
        ];
        for (way, call) in calls {
            let seen = (0..FEW).filter(|user| request(*user, call).is_some()).count();
            assert_eq!(seen, 0, "{way}");
        }
        assert!(runs_that_see(FEW, || *plain()) > 0, "the stack is open again afterwards");
    });
}

#[test]
fn ref_cell_and_once_cell_of_the_body_below_are_free() {
    #[background(own_stack)]
    fn borrows() -> u32 {
        BORROWED.with_borrow_mut(|count| {
            *count += 1;
            *count
        })
    }

    #[background(own_stack)]
    fn initializes() -> u32 {
        ONCE.with(|once| *once.get_or_init(|| 7))
    }

    with_one_worker("ref_cell_and_once_cell_of_the_body_below_are_free", || {
        for _ in 0..FEW {
            let outer = spawn(|| BORROWED.with_borrow_mut(|_| Lazy::join(borrows()).map(drop)));
            Lazy::into_inner(outer).unwrap();
            let outer = spawn(|| ONCE.with(|once| *once.get_or_init(|| *initializes())));
            assert_eq!(Lazy::into_inner(outer), 7);
        }
    });
}

#[test]
fn recursion_ends_on_a_thread_for_each_body() {
    #[background(own_stack)]
    fn depth(levels: u32) -> u32 {
        as_user(levels, || if levels == 0 { 0 } else { 1 + depth(levels - 1) })
    }

    with_one_worker("recursion_ends_on_a_thread_for_each_body", || {
        assert_eq!(depth(200), 200);
    });
}

/// What a process does in which each body has a stack of its own.
fn all_bodies_have_their_own_stack() {
    assert_eq!(runs_that_see(RUNS, || *plain()), 0);
    assert_eq!(runs_that_see(FEW, || *spawn_compute(|| USER.get())), 0);
    assert_eq!(runs_that_see(FEW, || *Lazy::map(spawn(|| ()), |()| USER.get())), 0);
    assert_eq!(runs_that_see(FEW, || scope(|s| *s.spawn(|| USER.get()))), 0);
    let at_its_end = || {
        let mut seen = None;
        scope(|s| s.launch(|| seen = USER.get()));
        seen
    };
    assert_eq!(runs_that_see(FEW, at_its_end), 0);
    let on_this_thread = (0..FEW).filter_map(|user| as_user(user, at_its_end)).count();
    assert_eq!(on_this_thread, 0, "of a thread that is none of the pool's");
}

#[test]
fn setting_holds_for_all_calls() {
    let set = || configure().workers(1).own_stack(true).install().unwrap();
    in_process("setting_holds_for_all_calls", &[], set, all_bodies_have_their_own_stack);
}

#[test]
fn variable_holds_for_all_calls() {
    let variables = [("PYBACKGROUND_OWN_STACK", "true"), ("PYBACKGROUND_WORKERS", "1")];
    in_process("variable_holds_for_all_calls", &variables, || (), all_bodies_have_their_own_stack);
}

/// The only thread that there may be is blocked in the join.
#[test]
fn call_without_a_thread_is_refused() {
    let set = || configure().max_total_threads(1).install().unwrap();
    in_process("call_without_a_thread_is_refused", &[], set, || {
        let is_refused = |call: fn() -> Lazy<Option<u32>>| {
            let join = move || as_user(1, || Lazy::join(call()).is_err_and(|e| e.is_refused()));
            *spawn(join)
        };
        assert!(is_refused(alone));
        assert!(is_refused(alone_async));
        assert!(is_refused(alone_in_time));
        assert!(is_refused(alone_within_a_limit));
        assert!(!is_refused(plain), "it runs on top of the body that joins it");
        let on_top = background(|| Lazy::join(plain()).is_err_and(|e| e.is_refused())).own_stack();
        assert!(*on_top());
    });
}

/// As its documentation says.
#[test]
fn bodies_share_a_stack_in_sequential_mode() {
    let variables = [("PYBACKGROUND_MODE", "sequential"), ("PYBACKGROUND_OWN_STACK", "true")];
    in_process(
        "bodies_share_a_stack_in_sequential_mode",
        &variables,
        || (),
        || {
            assert_eq!(as_user(1, || *alone()), Some(1));
        },
    );
}
