//! The recipe for HTTP, which is an example.

mod common;
#[allow(dead_code, reason = "the program is not run")]
#[path = "../examples/http.rs"]
mod recipe;

use std::io;
use std::time::Duration;

use common::watchdog;
use pybackground::{BackgroundIterator, Lazy};
use recipe::{Event, Page, get, serve};

#[test]
fn pages_come_in_the_order_of_their_paths() {
    let _watchdog = watchdog();
    let (server, _events) = serve().unwrap();
    let paths = ["/1", "/13", "/2"];
    let pages: Vec<Page> = paths
        .into_iter()
        .background_map(2, move |path| get(server, path))
        .map(Result::unwrap)
        .collect();
    let page = |status, text: &str| Page { status, text: text.to_owned() };
    assert_eq!(pages, [page(200, "this is /1"), page(404, ""), page(200, "this is /2")]);
}

#[test]
fn torn_page_is_an_error() {
    let _watchdog = watchdog();
    let (server, _events) = serve().unwrap();
    let torn = Lazy::into_inner(get(server, "/torn"));
    assert_eq!(torn.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn call_that_is_over_closes_its_connection() {
    let _watchdog = watchdog();
    let (server, events) = serve().unwrap();
    for is_cancelled in [true, false] {
        let page = get(server, "/never");
        assert_eq!(events.recv(), Ok(Event::Asked));
        if is_cancelled {
            Lazy::cancel(&page);
            assert!(Lazy::join(page).unwrap_err().is_cancelled());
        } else {
            let page = Lazy::with_timeout(page, Duration::from_millis(1));
            assert!(Lazy::join(page).unwrap_err().is_timeout());
        }
        assert_eq!(events.recv(), Ok(Event::Closed));
    }
}
