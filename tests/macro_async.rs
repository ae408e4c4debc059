//! `#[background]` on `async fn`.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::future::{Future, ready};
use std::num::ParseIntError;
use std::pin::Pin;
use std::task::{Context, Poll};

use pybackground::{Lazy, background};

/// Pending once, then ready.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[background]
async fn sum(a: i32, b: &[i32]) -> i32 {
    let mut sum = a;
    for number in b {
        Yield(false).await;
        sum += number;
    }
    sum
}

#[background]
async fn parse(text: &str, fallback: Option<u8>) -> Result<u8, ParseIntError> {
    if let Some(fallback) = fallback {
        return Ok(fallback);
    }
    let number: u8 = ready(text).await.parse()?;
    Ok(number)
}

#[background]
async fn nothing() {}

#[background]
async fn never() -> ! {
    Yield(false).await;
    panic!("never")
}

#[background]
async fn coerced(number: u8) -> Box<dyn Fn() -> u8 + Send> {
    if number == 0 {
        return Box::new(|| 1);
    }
    Box::new(move || number)
}

#[background]
async fn opaque<T: Clone + Send + Sync + 'static>(
    values: &[T],
) -> impl Iterator<Item = T> + use<T> {
    Yield(false).await;
    Vec::from(values).into_iter()
}

#[background]
async fn patterns((a, _): (u8, String), [.., last]: &[u8; 2], mut more: Vec<u8>, _: u8) -> Vec<u8> {
    Yield(false).await;
    more.extend([a, *last]);
    more
}

#[background]
async fn recursive(n: u8) -> u8 {
    if n == 0 { 0 } else { 1 + *recursive(n - 1) }
}

#[test]
fn async_body_is_polled_to_its_end() {
    assert_eq!(sum(1, &[2, 3]), 6);
    assert_eq!(*parse("7", None), Ok(7));
    assert_eq!(*parse("x", Some(1)), Ok(1));
    assert!(parse("x", None).is_err());
    assert_eq!(*nothing(), ());
    assert_eq!(coerced(0)(), 1);
    assert_eq!(coerced(5)(), 5);
    assert!(Lazy::into_inner(opaque(&['a', 'b'])).eq(['a', 'b']));
    assert_eq!(*patterns((1, String::new()), &[2, 3], vec![0], 9), [0, 1, 3]);
    assert!(Lazy::join(never()).map(|_| ()).unwrap_err().is_panic());
}

#[test]
fn call_awaits_a_call_of_its_own_function() {
    assert_eq!(recursive(5), 5);
}

#[derive(Clone)]
struct Client {
    base: String,
}

trait Get {
    #[background]
    async fn get(&self, path: &str) -> String;

    #[background]
    async fn get_twice(&self, path: &str) -> String
    where
        Self: Clone + Send + Sync + 'static,
    {
        let (a, b) = (self.get(path), self.get(path));
        format!("{a} {b}")
    }
}

impl Get for Client {
    #[background]
    async fn get(&self, path: &str) -> String {
        Yield(false).await;
        format!("{}/{path}", self.base)
    }
}

impl Client {
    #[background]
    async fn consume(mut self, path: String) -> Self {
        Yield(false).await;
        self.base.push_str(&path);
        self
    }
}

#[test]
fn async_method_runs_in_the_background() {
    let client = Client { base: "a".into() };
    assert_eq!(client.get("b"), "a/b");
    assert_eq!(client.get_twice("b"), "a/b a/b");
    assert_eq!(client.consume("c".into()).base, "ac");
}

#[test]
fn async_call_has_the_name_of_its_function() {
    assert_eq!(Lazy::function(&sum(1, &[])), Some("macro_async::sum"));
    let client = Client { base: String::new() };
    assert_eq!(
        Lazy::function(&client.consume(String::new())),
        Some("macro_async::Client::consume")
    );
}
