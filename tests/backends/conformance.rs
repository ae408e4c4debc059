//! The tests that every backend passes.

/// Makes the tests of a backend: the options that its functions have, what it promises, and what prepares each test.
macro_rules! conformance {
    ([$($kind:tt)*] $promises:expr, $ready:expr) => {
        use std::collections::BTreeMap;
        use std::path::{Path, PathBuf};
        use std::time::Duration;

        use common::{Lifeline, Promises, futures, wait_for_release};
        use pybackground::{Lazy, Shared, Timeout, as_completed, background, spawn};
        use serde::{Deserialize, Serialize};
        use serde_bytes::ByteBuf;

        const PROMISES: Promises = $promises;

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        enum Item {
            Nothing,
            Named { name: String, parts: Vec<Item> },
            Pair(u8, f64),
        }

        #[background($($kind)*)]
        fn nothing() {}

        #[background($($kind)*)]
        fn of_all_shapes(
            item: Item,
            (add, _): (u64, char),
            mut map: BTreeMap<String, Option<i128>>,
        ) -> Result<(Item, BTreeMap<String, Option<i128>>), String> {
            if add == 0 {
                return Err("nothing to add".to_owned());
            }
            map.insert("added".to_owned(), Some(i128::from(add)));
            Ok((item, map))
        }

        #[test]
        fn values_of_all_shapes_travel() {
            let _ready = $ready;
            Lazy::into_inner(nothing());
            let item = Item::Named {
                name: "a".to_owned(),
                parts: vec![Item::Nothing, Item::Pair(7, 0.5), Item::Named { name: String::new(), parts: vec![] }],
            };
            let map = BTreeMap::from([("none".to_owned(), None)]);
            let (back, map) =
                Lazy::into_inner(of_all_shapes(item.clone(), (u64::MAX, 'x'), map)).unwrap();
            assert_eq!(back, item);
            assert_eq!(map["added"], Some(i128::from(u64::MAX)));
            assert_eq!(map["none"], None);
            let refused = of_all_shapes(Item::Nothing, (0, 'x'), BTreeMap::new());
            assert_eq!(Lazy::into_inner(refused), Err("nothing to add".to_owned()));
        }

        #[background($($kind)*)]
        fn reversed(bytes: ByteBuf) -> ByteBuf {
            let mut bytes = bytes;
            bytes.reverse();
            bytes
        }

        #[test]
        fn eight_mebibytes_travel_both_ways() {
            let _ready = $ready;
            let bytes: Vec<u8> = (0..=255).cycle().take(8 << 20).collect();
            let mut expected = bytes.clone();
            expected.reverse();
            assert!(Lazy::into_inner(reversed(ByteBuf::from(bytes))) == expected);
        }

        #[background($($kind)*)]
        fn borrows(text: &str, path: &Path, numbers: &[u32]) -> PathBuf {
            path.join(format!("{text}{}", numbers.iter().sum::<u32>()))
        }

        #[test]
        fn parameters_are_borrowed() {
            let _ready = $ready;
            let text = "sum".to_owned();
            let call = borrows(&text, Path::new("a"), &[1, 2, 3]);
            drop(text);
            assert_eq!(*call, Path::new("a/sum6"));
        }

        #[background($($kind)*)]
        fn panics(number: u32) -> u32 {
            assert!(number == 0, "no {number} today");
            number
        }

        #[test]
        fn panic_is_an_error_with_its_text_and_its_place() {
            let _ready = $ready;
            let error = Lazy::join(panics(7)).unwrap_err();
            assert!(error.is_panic(), "{error}");
            assert_eq!(error.message(), Some("no 7 today"));
            assert!(error.panicked_at().unwrap().contains("tests/backends/"), "{error}");
            assert_eq!(panics(0), 0);
        }

        #[test]
        fn error_names_the_function_and_the_line_of_the_call() {
            let _ready = $ready;
            let error = Lazy::join(panics(7)).unwrap_err();
            assert!(error.function().ends_with("panics"), "{error}");
            // All code of this macro is at the line that uses it.
            assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), line!()));
            let text = error.to_string();
            assert!(text.contains("panicked: no 7 today"), "{text}");
            let worker = error.worker().map(|worker| format!(" [worker {worker}]"));
            assert_eq!(text.find(" [worker "), worker.map(|worker| text.len() - worker.len()), "{text}");
        }

        #[background($($kind)*)]
        fn waits(port: u16) -> u16 {
            wait_for_release(port);
            port
        }

        #[test]
        fn deadline_ends_the_call_and_stops_the_body() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            let call = waits(lifeline.port());
            let body = lifeline.body();
            let call = Lazy::with_timeout(call, Duration::from_millis(1));
            let error = Lazy::wait(&call).unwrap_err();
            assert!(error.is_timeout(), "{error}");
            assert_eq!(error.body_runs_on(), !PROMISES.kills, "{error}");
            assert!(call == Timeout);
            body.wait_for_end();
        }

        #[background($($kind)* timeout = "1ms")]
        fn waits_with_timeout(port: u16) {
            wait_for_release(port);
        }

        #[test]
        fn timeout_of_the_attribute_ends_the_call() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            assert!(waits_with_timeout(lifeline.port()) == Timeout);
        }

        #[test]
        fn cancellation_stops_a_body_that_runs() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            let call = waits(lifeline.port());
            let body = lifeline.body();
            assert!(Lazy::cancel(&call));
            body.wait_for_end();
            assert!(Lazy::join(call).unwrap_err().is_cancelled());
        }

        #[background($($kind)* limit = 1)]
        fn waits_alone(port: u16) -> u16 {
            wait_for_release(port);
            port
        }

        #[test]
        fn call_that_is_cancelled_before_its_start_never_starts() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let [first, second, third] = [Lifeline::new(), Lifeline::new(), Lifeline::new()];
            let runs = waits_alone(first.port());
            let body = first.body();
            let queued = waits_alone(second.port());
            assert!(Lazy::cancel(&queued));
            let next = waits_alone(third.port());
            body.release();
            assert_eq!(runs, first.port());
            third.body().release();
            assert_eq!(next, third.port());
            assert!(!second.has_body(), "the cancelled call has started");
            let error = Lazy::join(queued).unwrap_err();
            assert!(error.is_cancelled() || error.is_refused(), "{error}");
        }

        #[test]
        fn cancellation_after_the_end_changes_nothing() {
            let _ready = $ready;
            let call = panics(0);
            Lazy::wait(&call).unwrap();
            assert!(!Lazy::cancel(&call));
            assert_eq!(call, 0);
        }

        #[test]
        fn call_stops_with_the_body_that_made_it() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            let port = lifeline.port();
            let outer = spawn(move || Lazy::join(waits(port)).is_err());
            let body = lifeline.body();
            Lazy::cancel(&outer);
            body.wait_for_end();
        }

        #[background($($kind)*)]
        fn double(number: u32) -> u32 {
            2 * number
        }

        #[test]
        fn thousand_calls_in_flight_have_their_own_values() {
            let _ready = $ready;
            let calls: Vec<Lazy<u32>> = (0..1000).map(double).collect();
            for (number, call) in (0..).zip(calls) {
                assert_eq!(call, 2 * number);
            }
        }

        #[background($($kind)* limit = 2)]
        fn waits_with_one_other(port: u16) -> u16 {
            wait_for_release(port);
            port
        }

        #[test]
        fn limit_bounds_the_bodies_that_run() {
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            let calls: Vec<_> = (0..6).map(|_| waits_with_one_other(lifeline.port())).collect();
            let mut running = vec![lifeline.body(), lifeline.body()];
            for left in (0..6).rev() {
                assert!(!lifeline.has_body(), "three bodies run");
                running.remove(0).release();
                if left > 1 {
                    running.push(lifeline.body());
                }
            }
            assert!(calls.into_iter().all(|call| call == lifeline.port()));
        }

        #[test]
        fn values_come_as_they_are_ready() {
            let _ready = $ready;
            let calls: Vec<Lazy<u32>> = (0..20).map(double).collect();
            let mut values: Vec<u32> =
                as_completed(calls).map(|(_, value)| value.unwrap()).collect();
            values.sort_unstable();
            assert_eq!(values, (0..20).map(|number| 2 * number).collect::<Vec<_>>());
        }

        #[background]
        fn sum(#[lazy] one: u32, #[lazy] other: u32) -> u32 {
            one + other
        }

        #[test]
        fn values_are_arguments_of_other_calls() {
            let _ready = $ready;
            assert_eq!(sum(double(1), double(2)), 6);
            assert_eq!(Lazy::map(double(3), |value| value + 1), 7);
            let error = Lazy::join(sum(double(1), panics(7))).unwrap_err();
            assert_eq!(error.message(), Some("no 7 today"));
        }

        #[test]
        fn value_can_be_awaited_and_shared() {
            let _ready = $ready;
            assert_eq!(futures::block_on(double(4)), 8);
            let shared: Shared<u32> = Lazy::share(double(5));
            let other = shared.clone();
            assert_eq!(*shared + *other, 20);
            let error = futures::block_on(Lazy::outcome(panics(7))).unwrap_err();
            assert!(error.is_panic());
        }

        #[background($($kind)*)]
        fn depth(levels: u32) -> u32 {
            if levels == 0 { 0 } else { 1 + *depth(levels - 1) }
        }

        #[test]
        fn calls_nest_twelve_deep() {
            let _ready = $ready;
            assert_eq!(depth(12), 12);
        }

        #[background($($kind)*)]
        fn fibonacci(number: u32) -> u32 {
            if number < 2 {
                return number;
            }
            let (one, other) = (fibonacci(number - 1), fibonacci(number - 2));
            *one + *other
        }

        #[test]
        fn calls_branch() {
            let _ready = $ready;
            assert_eq!(fibonacci(6), 8);
        }

        #[test]
        fn shutdown_ends_calls_in_flight() {
            if !common::child::is_child() {
                let mut command = common::child::command("shutdown_ends_calls_in_flight");
                common::child::succeeds(&mut command);
                return;
            }
            let _ready = $ready;
            if !PROMISES.runs_beside {
                return;
            }
            let lifeline = Lifeline::new();
            let call = waits(lifeline.port());
            let body = lifeline.body();
            pybackground::shutdown(Duration::from_millis(1)).unwrap_err();
            body.wait_for_end();
            assert!(Lazy::join(call).unwrap_err().is_cancelled());
            assert!(Lazy::join(double(1)).unwrap_err().is_refused());
        }

        #[test]
        fn program_ends_with_calls_in_flight() {
            if common::child::is_child() {
                let _ready = $ready;
                if PROMISES.runs_beside {
                    let lifeline = Lifeline::new();
                    let call = waits(lifeline.port());
                    // The end of the process closes the connection, which releases the body.
                    let _body = lifeline.body();
                    std::mem::forget(call);
                }
                return;
            }
            common::child::succeeds(&mut common::child::command("program_ends_with_calls_in_flight"));
        }
    };
}

#[allow(unused_macros, reason = "not every backend does")]
/// Makes the tests of a backend that gives each body a process of its own.
macro_rules! isolation {
    ([$($kind:tt)*] $ready:expr) => {
        #[background($($kind)*)]
        fn aborts() {
            std::process::abort();
        }

        #[background($($kind)*)]
        fn exits(code: i32) {
            std::process::exit(code);
        }

        #[background($($kind)*)]
        fn overflows(depth: u64) -> u64 {
            fn deeper(depth: u64) -> u64 {
                let room = std::hint::black_box([depth; 64]);
                if depth == 0 { room[7] } else { 1 + deeper(depth - 1) + room[1] % 2 }
            }
            deeper(depth)
        }

        #[test]
        fn crash_is_an_error_and_costs_no_other_call() {
            let _ready = $ready;
            let others: Vec<Lazy<u32>> = (0..20).map(double).collect();
            let error = Lazy::join(aborts()).unwrap_err();
            assert_eq!(error.crash().expect("it crashed").signal(), Some(6), "{error}");
            let error = Lazy::join(exits(3)).unwrap_err();
            assert_eq!(error.crash().expect("it crashed").code(), Some(3), "{error}");
            assert!(Lazy::join(overflows(1 << 40)).unwrap_err().is_crash());
            for (number, call) in (0..).zip(others) {
                assert_eq!(call, 2 * number);
            }
        }

        #[background($($kind)* memory = "64MiB")]
        fn allocates(bytes: usize) -> usize {
            std::hint::black_box(vec![1_u8; bytes]).len()
        }

        #[test]
        fn memory_of_a_body_is_limited() {
            let _ready = $ready;
            assert_eq!(allocates(1 << 20), 1 << 20);
            assert!(Lazy::join(allocates(256 << 20)).unwrap_err().is_crash());
        }

        #[test]
        fn type_whose_two_sides_disagree_is_an_error() {
            #[derive(Serialize, Deserialize)]
            #[serde(untagged)]
            enum Word {
                Number(u32),
            }
            #[background($($kind)*)]
            fn prints(word: Word) -> bool {
                matches!(word, Word::Number(_))
            }
            let _ready = $ready;
            let error = Lazy::join(prints(Word::Number(1))).unwrap_err();
            assert!(error.is_codec_failure(), "{error}");
        }
    };
}
