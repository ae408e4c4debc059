//! Put `#[background]` on a function: the call returns at once, its body runs on a thread that the library
//! owns, and the value you hold joins on first use.
//!
//! ```
//! use pybackground::background;
//! use std::{thread, time::Duration};
//!
//! #[background]
//! fn very_slow_task(arg: i32) -> i32 {
//!     thread::sleep(Duration::from_millis(50)); // download a page, query a database
//!     arg
//! }
//!
//! let x = very_slow_task(1);
//! let y = very_slow_task(2);
//! let z = very_slow_task(3);
//! println!("{z} {y} {x}"); // waits as long as one of them takes, then prints 3 2 1
//! # assert_eq!(format!("{z} {y} {x}"), "3 2 1");
//! ```
//!
//! # Ways to make a call
//!
//! | what you have | what you write |
//! |---|---|
//! | a function or method of your own | [`#[background]`](macro@background) on it |
//! | a function of another crate | [`background(f)(args)`](fn@background) |
//! | a method of another crate | `background(move \|a\| object.method(a))(args)` |
//! | a few lines | [`spawn(move \|\| ..)`](spawn) |
//! | work that only computes | `#[background(compute)]`, [`spawn_compute`] |
//! | closures that borrow from the caller | [`scope(\|s\| ..)`](scope), [`s.spawn(\|\| ..)`](Scope::spawn) |
//!
//! ```
//! use pybackground::{background, spawn};
//!
//! #[derive(Clone)]
//! struct Shop { discount: u32 }
//!
//! impl Shop {
//!     #[background]
//!     fn price(&self, article: &str) -> u32 {
//!         article.len() as u32 - self.discount
//!     }
//! }
//!
//! let shop = Shop { discount: 1 };
//! let tea = shop.price("tea");
//! let coffee = shop.price("coffee");
//! assert_eq!(tea + coffee, 7);
//!
//! let x = background(i32::pow)(2, 10);
//! let y = spawn(|| 1 + 1);
//! assert_eq!(x + y, 1026);
//! ```
//!
//! Borrowed arguments of an attributed function are cloned before the call returns: `&self` needs `Clone`, `&str` is
//! sent as a `String`. The attribute's documentation has the whole table.
//!
//! # What joins, and when
//!
//! A [`Lazy<T>`] dereferences to `T`. Each use of the value waits until it is there: a method call, an operator, a
//! comparison, formatting, `*x`. Making a call, moving or storing a `Lazy`, and [`Lazy::is_ready`] do not wait. So make all
//! calls first, and use the values afterwards:
//!
//! ```
//! use pybackground::background;
//!
//! #[background]
//! fn length(word: &str) -> usize {
//!     word.len()
//! }
//!
//! let (some, words) = (length("some"), length("words")); // both run
//! assert_eq!(some + words, 9);
//! ```
//!
//! Where Rust requires a `T`, to match on it, to pass it on, or on the right of a number in `3 == *x`, write `*x` or
//! [`value(x)`](value). [The table](Lazy#what-is-forwarded) lists what is forwarded, and what to write
//! for the rest. [`Lazy::share`] makes a value with many holders. `#[background(single_flight)]` lets equal calls share one that
//! runs, and `#[background(cache)]` keeps its value. With the feature `serde` both are serialised as the value.
//!
//! One trap: `println!("{x}")` takes the lock of standard output and then waits for `x`. If the body of `x` prints too,
//! it waits for that lock, and neither can go on. On Linux this is a deadlock error within two seconds; other systems print a
//! warning. Write `println!("{}", *x)`, which waits before it prints. The same holds for any lock: do not use a `Lazy` for the
//! first time while you hold a lock that its body needs.
//!
//! Bodies may join other calls, however deeply nested: a worker that joins a call which has not started runs it in place, and
//! otherwise lets another thread run instead of it. Bodies that sleep or wait for the network do not delay other calls:
//! the pool adds threads while bodies block, and idle threads exit.
//!
//! # Borrowing from the caller
//!
//! A call owns its data, because its caller may return first. A [`scope`] waits for its closures, so they may borrow,
//! mutably too.
//!
//! ```
//! use pybackground::scope;
//!
//! let mut prices = vec![3, 10, 8, 1];
//! let article = String::from("tea");
//! let letters = scope(|s| {
//!     let (some, others) = prices.split_at_mut(2);
//!     s.launch(|| some.iter_mut().for_each(|price| *price += 1));
//!     s.launch(|| others.iter_mut().for_each(|price| *price *= 2));
//!     *s.spawn(|| article.len())
//! });
//! assert_eq!((prices, letters), (vec![4, 11, 16, 2], 3));
//! ```
//!
//! [`Scope::spawn`] returns a [`Lazy`] as any call does. If no use of a `Lazy` reported the panic of a closure, the scope panics
//! at its end.
//!
//! # Several calls together
//!
//! | to | write |
//! |---|---|
//! | have all values, in the order of the calls | [`all(calls)`](all): an iterator, a collection or a tuple |
//! | have all values, or the first error | [`try_all(calls)?`](try_all) |
//! | handle each result as its call ends | [`as_completed(calls)`](as_completed) |
//! | make a call for each item of a long input, `n` at once | [`inputs.background_map(n, f)`](BackgroundIterator::background_map) |
//! | go on with a value, and hold no thread until then | [`Lazy::map`], [`Lazy::and_then`], [`Lazy::then`], [`#[lazy]` parameters](macro@background#arguments-without-a-value-yet) |
//! | wait for a call beside channels | [`Lazy::signal`] in crossbeam's `select!` |
//!
//! ```
//! use pybackground::{BackgroundIterator, all, as_completed, background, try_all};
//! use std::num::ParseIntError;
//!
//! #[background]
//! fn length(word: &str) -> usize {
//!     word.len()
//! }
//!
//! #[background]
//! fn parse(text: String) -> Result<u32, ParseIntError> {
//!     text.parse()
//! }
//!
//! fn numbers() -> Result<(), ParseIntError> {
//!     assert_eq!(all(["some", "slow", "words"].map(length)), [4, 4, 5]);
//!     let (one, two) = try_all((parse("1".into()), parse("2".into())))?; // an error of either returns here
//!     let lines = "1\n2\n39".lines().map(str::to_owned); // or those of a large file
//!     assert_eq!(lines.background_map(8, parse).sum::<Result<u32, _>>()?, 39 + one + two);
//!     Ok(())
//! }
//! numbers().unwrap();
//!
//! let words = ["some", "slow", "words"];
//! for (position, length) in as_completed(words.map(length)) {
//!     println!("{} has {}", words[position], length.unwrap());
//! }
//! ```
//!
//! # When something goes wrong
//!
//! **A panic propagates.** The first use of the value panics with the payload of the body's panic. [`Lazy::wait`] and
//! [`Lazy::join`] return it as an [`Error`] instead, which names the function and the line of the call:
//!
//! ```
//! use pybackground::{Lazy, background};
//!
//! #[background]
//! fn parse(text: &str) -> i32 {
//!     text.parse().expect("a number")
//! }
//!
//! let error = Lazy::join(parse("seven")).unwrap_err();
//! assert!(error.is_panic());
//! println!("{error}"); // `app::parse` (called at src/main.rs:8:24) panicked: a number: ParseIntError ..
//! ```
//!
//! **A timeout ends the call, not its body.** It counts from the call, and `run_timeout` from the start of the body. At the deadline
//! each waiter gets the timeout, and the call is equal to [`Timeout`]. A body that has not started never starts. A running body cannot be stopped, only asked to stop:
//! it runs on, its result is dropped, and [`snapshot`] lists it until it ends.
//!
//! ```
//! use pybackground::{Timeout, background};
//! use std::{thread, time::Duration};
//!
//! #[background(timeout = "20ms")]
//! fn slow(text: &str) -> String {
//!     thread::sleep(Duration::from_millis(200));
//!     text.to_owned()
//! }
//!
//! let x = slow("foobar1");
//! assert!(x == Timeout);
//! assert_eq!(x.to_string(), "Timeout");
//! ```
//!
//! **A call can be cancelled** by [`Lazy::cancel`]. Its body polls for that by [`cancelled`], ends by [`checkpoint`], or sleeps
//! by [`sleep`]. Calls that the body made are cancelled too, and so are its waits. [`Lazy::detach`] exempts a call from that.
//!
//! ```
//! use pybackground::{Lazy, background, checkpoint};
//!
//! #[background]
//! fn search(from: u64) -> u64 {
//!     (from..).find(|n| { checkpoint(); n.is_power_of_two() && *n > 1 << 40 }).expect("there is one")
//! }
//!
//! let (low, high) = (search(0), search((1 << 41) - 9));
//! assert_eq!(*high, 1 << 41);
//! Lazy::cancel(&low);
//! assert!(Lazy::join(low).unwrap_err().is_cancelled());
//! ```
//!
//! **Calls that wait for each other in a cycle** do not hang: the wait that would close the cycle gets an error that lists every
//! wait of the cycle. The locks of [`sync`] take part: a join below a lock that the call needs is such an error. Other hangs (a
//! channel, a lock of `std`) show in [`snapshot`]; `PYBACKGROUND_REPORT_AFTER=60` prints one when a wait
//! takes a minute.
//!
//! **Dropping a `Lazy` lets the call run on.** Its value is dropped, and only the panic hook reports a panic of its body.
//!
//! **When `main` returns, the process ends**, even while calls run, as with any thread in Rust. Use the values that matter
//! before that, or call [`wait_idle`]; [`shutdown`] also refuses later calls.
//!
//! # In async code
//!
//! A [`Lazy`] is a future: `f(1).await`, `join!` and `select!` work under any executor, and
//! [`Lazy::outcome`] awaits a `Result`. In the other direction, the body of an `async fn` under the attribute holds no
//! thread while it awaits, so there may be a hundred thousand of them.
//!
//! ```
//! use pybackground::{background, delay};
//! use std::time::Duration;
//!
//! #[background]
//! fn length(word: &str) -> usize {
//!     word.len()
//! }
//!
//! #[background]
//! async fn lengths() -> usize {
//!     let (some, words) = (length("some"), length("words")); // both run
//!     delay(Duration::from_millis(1)).await; // `sleep` would block the thread
//!     some.await + words.await
//! }
//!
//! assert_eq!(lengths(), 9);
//! ```
//!
//! In async code, do not use the value of a `Lazy` before it is there: that blocks the thread and every other task on it. Write
//! `.await`. With the feature `tokio` bodies run in the tokio context of their call, so they can use its network and clock, and
//! debug builds warn once of a use that blocks a thread of the tokio scheduler. The guide has a
//! [page on async code](guide::async_code).
//!
//! # Setting it up
//!
//! No set-up is needed. The first call starts the first thread, and ten seconds after the last call there is none. [`configure`]
//! or the `PYBACKGROUND_*` variables set how many threads compute, how many there may be, their stacks, how long idle
//! threads stay, and what a thread does when it starts and ends. `PYBACKGROUND_OWN_STACK=true` keeps bodies from running on top of
//! each other, where they would share thread-locals. `PYBACKGROUND_MODE=sequential` runs each call to its end where it is made, for a debugger.
//!
//! Threads inherit properties of the thread that starts them, such as its processor affinity. To start the pool from `main`, make a call
//! there: `Lazy::into_inner(spawn(|| ()))`.
//!
//! # Watching it
//!
//! With the feature `timeline` the variable `PYBACKGROUND_TIMELINE=run.html` draws each run of the program on a page for a browser: which
//! call ran on which thread, which call waited for which, what ran alone and why, and what failed. `run.json` makes a trace for Perfetto,
//! and `127.0.0.1:7777` a page that follows the running program.
#![cfg_attr(feature = "timeline", doc = "[`timeline`] does the same from code.")]
//!
//! With the feature `tracing` each call is a span: its place, its time in the queue, its run time and its outcome. The span is a
//! child of the span around the call, and the parent of what the body does, on whichever thread, so the log of a request stays
//! one tree. Waits are spans too. Panics, bodies that run past their timeout, and deadlocks are events.
//!
//! ```toml
//! pybackground = { version = "0.1", features = ["tracing"] }
//! ```
//!
//! ```
//! use pybackground::background;
//!
//! #[background]
//! fn fetch(page: u32) -> usize {
//!     page as usize
//! }
//!
//! // In main: tracing_subscriber::fmt().with_span_events(FmtSpan::CLOSE).init();
//! assert_eq!((1..=3).map(|page| fetch(page)).sum::<usize>(), 6);
//! // close: call{function="app::fetch" location=src/main.rs:9:31 queue_us=18 ran="on a thread"
//! //        run_us=5012 outcome="ok"}
//! ```
//!
//! With the feature `counters`, `snapshot().functions` has the number of calls of each function that were made, run, are queued,
//! failed and timed out, for a metrics endpoint. With the feature `carry`, `configure().carry(..)` takes the context of a log or
//! of `OpenTelemetry` along from each call to its body.
//!
//! The documentation of `pybackground-runtime` lists every field.
//!
#![cfg_attr(feature = "process", doc = include_str!("process.md"))]
#![cfg_attr(feature = "remote", doc = include_str!("remote.md"))]
//!
//! # The guide
//!
//! The [guide] has a page for users of Python, PyBackground, `LazyLock`, threads, rayon and tokio, and pages on which library to
//! choose, on blocking and computing, messages of the compiler, locks, errors, child processes, other machines, async code, the end of the
//! process, tests, and on finding out why a program is slow.
//!
//! # Where it comes from
//!
//! The idea is that of PyBackground, David Baird's Python module of 2008 for "adhoc multithreading", which took it from the
//! transparent futures of the Io language.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Its programs are run by `tests/guide`, which has the crates that they compare with.
#[cfg(all(doc, not(doctest)))]
pub mod guide;

pub use pybackground_macros::background;
// The linker keeps the engine.
#[cfg(feature = "remote")]
#[doc(hidden)]
pub use pybackground_remote as __engine;
pub use pybackground_runtime::__private;
pub use pybackground_runtime::__private::background;
#[cfg(feature = "counters")]
#[cfg_attr(docsrs, doc(cfg(feature = "counters")))]
pub use pybackground_runtime::FunctionCounts;
#[doc(no_inline)]
pub use pybackground_runtime::crossbeam_channel;
pub use pybackground_runtime::locks as sync;
pub use pybackground_runtime::{
    AsCompleted, Background, BackgroundIterator, BackgroundMap, BadTimeout, CallCount, Callable,
    Calls, CancelOnDrop, ConfigError, Configure, Delay, Error, IntoTimeout, Lazy, Limit, NotYet,
    Outcome, Outcomes, Scope, Shared, SharedOutcome, Signal, Snapshot, Stack, Timeout, TryCalls,
    Unfinished, Wait, all, as_completed, cancelled, checkpoint, configure, delay, scope, shutdown,
    sleep, snapshot, spawn, spawn_compute, try_all, value, wait_idle,
};
#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub use pybackground_runtime::{Crash, Processes, processes};
#[cfg(feature = "remote")]
#[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
pub use pybackground_runtime::{Remote, RemoteReport, WorkerReport, remote, serve, traceparent};
#[cfg(feature = "timeline")]
#[cfg_attr(docsrs, doc(cfg(feature = "timeline")))]
pub use pybackground_runtime::{Timeline, timeline};

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
