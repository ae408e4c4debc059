//! The quickstart with its attributes written out by hand: what `#[background]` saves, and what it
//! does not hide. It prints the same.
//!
//! Run with `cargo run --release --example expanded`, or compare the two:
//! `diff examples/quickstart.rs examples/expanded.rs`.

use std::thread::sleep;
use std::time::{Duration, Instant};

use pybackground::{Lazy, Timeout, background, spawn};

/// A fifth of a second stands for five.
const SLOW: Duration = Duration::from_millis(200);

fn very_slow_task(arg: i32) -> i32 {
    // Something slow, such as downloading a page.
    sleep(SLOW);
    arg
}

// The caller's line, and not the one below, is what messages and reports name.
#[track_caller]
fn slow_by_attribute(arg: i32) -> Lazy<i32> {
    spawn(move || {
        sleep(SLOW);
        arg
    })
}

#[derive(Clone)]
struct SomeClass {
    delay: Duration,
}

impl SomeClass {
    fn method(&self, arg: i32) -> i32 {
        sleep(self.delay);
        arg
    }

    // What the method borrows is copied before the call returns: the body may outlive the object.
    #[track_caller]
    fn background_method(&self, arg: i32) -> Lazy<i32> {
        let this = self.clone();
        spawn(move || this.method(arg))
    }
}

fn very_slow_text(arg: &'static str) -> &'static str {
    sleep(SLOW);
    arg
}

fn main() {
    form("a plain function, made a background call where it is called", || {
        let x = background(very_slow_task)(1);
        let y = background(very_slow_task)(2);
        let z = background(very_slow_task)(3);
        println!("{z} {y} {x}");
    });

    form("a function with the attribute", || {
        let x = slow_by_attribute(1);
        let y = slow_by_attribute(2);
        let z = slow_by_attribute(3);
        println!("{z} {y} {x}");
    });

    form("a plain method, made a background call where it is called", || {
        let my_object = SomeClass { delay: SLOW };
        let method = background(move |arg| my_object.method(arg));
        let x = method(1);
        let y = method(2);
        let z = method(3);
        println!("{z} {y} {x}");
    });

    form("a method with the attribute", || {
        let my_object = SomeClass { delay: SLOW };
        let x = my_object.background_method(1);
        let y = my_object.background_method(2);
        let z = my_object.background_method(3);
        println!("{z} {y} {x}");
    });

    form("timeouts: one that is too short, one that is not", || {
        let x = background(very_slow_text).timeout(0.04)("foobar1");
        let y = background(very_slow_text).timeout(60.0)("foobar2");
        println!("{}", x == Timeout);
        println!("{x} {y}");
    });
}

fn form(name: &str, run: impl FnOnce()) {
    println!("# {name}");
    let start = Instant::now();
    run();
    println!("({:.2} s)\n", start.elapsed().as_secs_f64());
}
