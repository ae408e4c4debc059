//! The feature `tracing`: a subscriber receives a span for each call.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use pybackground::{Lazy, background};
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[background]
fn fetch(page: u32) -> u32 {
    tracing::info!("fetching");
    page
}

#[test]
fn call_is_a_span_around_the_events_of_its_body() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    assert_eq!(Lazy::join(fetch(7)).unwrap(), 7);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line_with =
        |text| log.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{log}"));
    assert!(line_with("fetching").contains(r#"call{function="spans::fetch""#), "{log}");
    assert!(line_with("close").contains(r#"outcome="ok""#), "{log}");
}
