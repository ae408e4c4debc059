//! The body of a `#[background]` function works as in a plain function.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use pybackground::{Lazy, background};

mod control_flow {
    use super::*;

    #[background]
    fn returns(number: i32) -> &'static str {
        if number < 0 {
            return "negative";
        }
        for n in 0.. {
            if n == number {
                return "found";
            }
        }
        unreachable!()
    }

    #[background]
    fn question_mark(text: &str) -> Result<i32, Box<dyn Error + Send + Sync>> {
        let number: i32 = text.trim().parse()?;
        if number > 100 {
            Err("too large")?;
        }
        Ok(number)
    }

    #[background]
    fn question_mark_on_option(map: &HashMap<u8, u8>) -> Option<u8> {
        map.get(map.get(&1)?).copied()
    }

    #[background]
    fn labelled(rows: &[Vec<u8>], wanted: u8) -> Option<(usize, usize)> {
        let found = 'search: {
            for (y, row) in rows.iter().enumerate() {
                for (x, cell) in row.iter().enumerate() {
                    if *cell == wanted {
                        break 'search Some((x, y));
                    }
                }
            }
            None
        };
        'outer: loop {
            loop {
                break 'outer;
            }
        }
        found
    }

    #[background]
    fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return n.into();
        }
        let (a, b) = (fibonacci(n - 1), fibonacci(n - 2));
        *a + *b
    }

    #[background]
    fn never(message: String) -> ! {
        std::panic::panic_any(message)
    }

    #[background]
    fn diverges(number: u8) -> u8 {
        panic!("{number}")
    }

    #[test]
    fn leaves_the_body_and_not_the_caller() {
        assert_eq!(*returns(-1), "negative");
        assert_eq!(*returns(3), "found");
        assert_eq!(*question_mark("7").as_ref().unwrap(), 7);
        assert_eq!(question_mark("101").as_ref().unwrap_err().to_string(), "too large");
        assert!(question_mark("x").is_err());
        assert_eq!(*question_mark_on_option(&HashMap::from([(1, 2), (2, 3)])), Some(3));
        assert_eq!(*labelled(&[vec![1], vec![2, 3]], 3), Some((1, 1)));
        assert_eq!(fibonacci(10), 55);
    }

    #[test]
    fn may_never_return() {
        let error = Lazy::join(never("gone".into())).map(|_| ()).unwrap_err();
        assert!(error.is_panic());
        assert!(Lazy::join(diverges(1)).unwrap_err().is_panic());
    }
}

mod names {
    use super::*;

    #[background]
    fn shadowed(x: u8, y: &str) -> String {
        let x = x + 1;
        let y = format!("{y}{x}");
        let x = y.len();
        let call = |y: usize| x + y;
        format!("{y} {}", call(1))
    }

    #[background]
    fn items_inside(number: u8) -> u8 {
        use std::cmp::max as largest;
        const LIMIT: u8 = 10;
        static TWO: u8 = 2;
        struct Pair(u8, u8);
        impl Pair {
            fn sum(&self) -> u8 {
                self.0 + self.1
            }
        }
        #[background]
        fn inner(number: u8) -> u8 {
            number * TWO
        }
        largest(LIMIT, Pair(number, *inner(number)).sum())
    }

    #[background]
    fn unusual_names(dispatch: u8, options: u8, body: u8, runtime: u8, arg0: u8) -> u8 {
        dispatch + options + body + runtime + arg0
    }

    #[test]
    fn mean_what_they_mean_in_a_plain_function() {
        assert_eq!(shadowed(1, "a"), "a2 3");
        assert_eq!(items_inside(1), 10);
        assert_eq!(items_inside(5), 15);
        assert_eq!(unusual_names(1, 2, 3, 4, 5), 15);
    }

    #[test]
    fn a_function_may_be_local() {
        let seen = {
            #[background]
            fn local(number: u8) -> u8 {
                number
            }
            local(3)
        };
        assert_eq!(seen, 3);
    }
}

mod types {
    use super::*;

    trait Shape: Send {
        fn area(&self) -> u32;
    }
    struct Square(u32);
    impl Shape for Square {
        fn area(&self) -> u32 {
            self.0 * self.0
        }
    }

    #[background]
    fn coerced_to_object(side: u32) -> Box<dyn Shape> {
        if side == 0 {
            return Box::new(Square(1));
        }
        Box::new(Square(side))
    }

    #[background]
    fn coerced_to_pointer() -> fn(u8) -> u8 {
        |number| number + 1
    }

    #[background]
    fn coerced_to_slice() -> &'static [u8] {
        &[1, 2]
    }

    #[background]
    fn inferred() -> (Vec<u8>, BTreeMap<String, i64>, Option<Box<dyn Any + Send>>) {
        let mut list = Vec::new();
        list.push(1);
        (list, [("a".into(), 1)].into(), Some(Box::new("any")))
    }

    #[background]
    fn collected(text: &str) -> Result<Vec<u8>, std::num::ParseIntError> {
        text.split(',').map(str::parse).collect()
    }

    #[background]
    fn opaque(numbers: &[u8]) -> impl Iterator<Item = impl Display + use<>> + use<> {
        Vec::from(numbers).into_iter().map(|number| number * 2)
    }

    #[background]
    fn opaque_inside(fail: bool) -> Result<impl Fn(u8) -> u8, String> {
        if fail {
            return Err("failed".into());
        }
        Ok(|number| number + 1)
    }

    #[background]
    fn opaque_of<'a, T: Clone + Display + Send + 'static>(
        value: &'a T,
        _other: &T,
    ) -> impl Display {
        value.clone()
    }

    #[test]
    fn are_coerced_and_inferred_as_in_a_plain_function() {
        assert_eq!(coerced_to_object(3).area(), 9);
        assert_eq!(coerced_to_object(0).area(), 1);
        assert_eq!(coerced_to_pointer()(1), 2);
        assert_eq!(coerced_to_slice().len(), 2);
        assert_eq!(inferred().0, [1]);
        assert_eq!(*collected("1,2"), Ok(vec![1, 2]));
        let doubled: Vec<_> = Lazy::into_inner(opaque(&[1, 2])).map(|n| n.to_string()).collect();
        assert_eq!(doubled, ["2", "4"]);
        assert_eq!(opaque_inside(false).as_ref().map(|add| add(1)), Ok(2));
        assert!(opaque_inside(true).is_err());
    }

    #[test]
    fn an_opaque_result_does_not_borrow_from_the_arguments() {
        let result = {
            let (local, other) = (1, 2);
            opaque_of(&local, &other)
        };
        assert_eq!(result.to_string(), "1");
    }

    // What stays in the body need not be `Send`.
    #[background]
    fn not_send_inside(number: u8) -> u8 {
        let counted = std::rc::Rc::new(std::cell::Cell::new(number));
        counted.set(counted.get() + 1);
        counted.get()
    }

    #[test]
    fn need_be_send_only_where_they_cross() {
        assert_eq!(not_send_inside(1), 2);
    }
}

mod drops {
    use super::*;

    type Log = Arc<Mutex<Vec<String>>>;

    struct Noisy(&'static str, Log);

    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0.into());
        }
    }

    #[background]
    fn in_the_background(
        log: Log,
        _first: Noisy,
        (_x, _): (Noisy, Noisy),
        _: Noisy,
        (_, _y): (Noisy, Noisy),
        ref _last: Noisy,
    ) {
        let _local = Noisy("local", log.clone());
        log.lock().unwrap().push("body".into());
    }

    fn plain(
        log: Log,
        _first: Noisy,
        (_x, _): (Noisy, Noisy),
        _: Noisy,
        (_, _y): (Noisy, Noisy),
        ref _last: Noisy,
    ) {
        let _local = Noisy("local", log.clone());
        log.lock().unwrap().push("body".into());
    }

    #[test]
    fn happen_in_the_order_of_a_plain_function() {
        let noisy = |log: &Log| {
            let noisy = |name| Noisy(name, log.clone());
            let pair = (noisy("x"), noisy("beside x"));
            let other = (noisy("beside y"), noisy("y"));
            (noisy("first"), pair, noisy("ignored"), other, noisy("last"))
        };
        let (here, there) = (Log::default(), Log::default());
        let (a, b, c, d, e) = noisy(&here);
        plain(here.clone(), a, b, c, d, e);
        let (a, b, c, d, e) = noisy(&there);
        Lazy::join(in_the_background(there.clone(), a, b, c, d, e)).unwrap();
        let here = here.lock().unwrap();
        assert_eq!(here.len(), 9);
        assert_eq!(*here, *there.lock().unwrap());
    }

    // The guard is a temporary of the last expression and must go before the mutex that it borrows.
    #[background]
    fn temporary_in_the_tail(text: Mutex<String>, more: &[u8]) -> usize {
        let local = text;
        local.lock().unwrap().len() + more.iter().as_slice().len()
    }

    #[background]
    fn temporary_of_a_parameter(text: Mutex<String>, #[allow(unused)] unused: u8) -> usize {
        text.lock().unwrap().len()
    }

    #[test]
    fn of_temporaries_come_before_those_of_arguments() {
        assert_eq!(temporary_in_the_tail(Mutex::new("abc".into()), &[1]), 4);
        assert_eq!(temporary_of_a_parameter(Mutex::new("abc".into()), 1), 3);
    }
}

mod qualifiers {
    use super::*;

    #[background]
    extern "Rust" fn rust_abi(number: u8) -> u8 {
        number
    }

    #[test]
    fn the_abi_of_rust_may_be_named() {
        assert_eq!(rust_abi(1), 1);
    }
}
