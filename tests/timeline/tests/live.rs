//! The page of a running program.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use timeline_tests::{Browser, Program, folder, watchdog};

const SCENES: &str = env!("CARGO_BIN_EXE_scenes");

/// Starts a scene with a page at any port; returns the address that it reports.
fn start(scene: &[&str]) -> (Program, String) {
    let mut program = Program::start(SCENES, scene, Path::new("127.0.0.1:0"));
    let said = program.complaint();
    let (_, address) =
        said.rsplit_once("pybackground: the timeline is at http://").expect("it says where");
    (program, address.trim_end_matches('/').to_owned())
}

/// Sends a request and returns the whole answer.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// One browser at a time: the end of a program waits for its page for a second, and another browser may take the processors for
/// longer.
fn alone() -> MutexGuard<'static, ()> {
    static BROWSER: Mutex<()> = Mutex::new(());
    BROWSER.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn page_follows_the_running_program_to_its_end() {
    let _watchdog = watchdog();
    let folder = folder();
    let _alone = alone();
    let Some(browser) = Browser::start(&folder) else { return };
    let (mut program, address) = start(&["works"]);
    assert_eq!(program.line(), "ready");
    let page = browser.open(&format!("http://{address}/"), 1280, 1000);
    page.wait("timeline.model.made > 20");
    let made = page.number("timeline.model.made");
    page.wait(&format!("timeline.model.made > {made} + 20"));
    let last = page.number("timeline.chart.view[1]");
    page.wait(&format!("timeline.chart.view[1] > {last}"));
    let numbers = page.text("numbers");
    for name in ["running", "queued", "waits", "calls/s", "failed", "stalled", "cycles"] {
        assert!(numbers.contains(name), "no `{name}` in {numbers}");
    }
    assert!(page.text("functions").contains("tick"));
    program.go_on();
    assert!(program.end().0.success());
    page.wait("document.body.classList.contains('over')");
    assert_eq!(page.text("state"), "The recording is over.");
    assert_eq!(page.value("timeline.model.ended"), page.value("timeline.model.made"));
}

#[test]
fn page_does_not_mix_the_program_with_the_next_one_at_its_address() {
    let _watchdog = watchdog();
    let folder = folder();
    let _alone = alone();
    let Some(browser) = Browser::start(&folder) else { return };
    let (mut program, address) = start(&["wait"]);
    assert_eq!(program.line(), "ready");
    let page = browser.open(&format!("http://{address}/"), 1280, 1000);
    page.wait("timeline.model.made > 0");
    // Its next request is held back until another program has the address.
    let hold = "(() => { const real = window.fetch; const held = new Promise((go) => window.release = go);
        window.fetch = async (address) => { window.isHeld = true; await held; return real(address); };
        return true; })()";
    assert_eq!(page.value(hold), true);
    page.wait("window.isHeld");
    program.go_on();
    assert!(program.end().0.success());
    let made = page.value("timeline.model.made");
    let mut next = Program::start(SCENES, &["works"], Path::new(&address));
    assert_eq!(next.line(), "ready");
    assert_eq!(page.value("(window.release(), true)"), true);
    page.wait("document.body.classList.contains('over')");
    let state = page.text("state");
    assert!(state.contains("Another one is at this address now: reload the page"), "{state}");
    assert_eq!(page.value("timeline.model.made"), made);
    next.go_on();
    assert!(next.end().0.success());
}

#[test]
fn requests_of_others_are_refused() {
    let _watchdog = watchdog();
    let (mut program, address) = start(&["wait"]);
    assert_eq!(program.line(), "ready");
    let get =
        |more: &str| ask(&address, &format!("GET /events?after=0 HTTP/1.1\r\n{more}\r\n\r\n"));
    let answer = get(&format!("Host: {address}"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("::even\""), "{answer}");
    assert!(answer.contains("Content-Security-Policy: default-src 'none'"), "{answer}");
    assert!(get("Host: evil.example").starts_with("HTTP/1.1 403 "));
    assert!(
        get(&format!("Host: {address}\r\nOrigin: http://evil.example"))
            .starts_with("HTTP/1.1 403 ")
    );
    let post = ask(&address, &format!("POST / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    program.go_on();
    assert!(program.end().0.success());
}

#[test]
fn clients_that_do_nothing_neither_delay_the_program_nor_keep_it_alive() {
    let _watchdog = watchdog();
    let (mut program, address) = start(&["works"]);
    assert_eq!(program.line(), "ready");
    let idle: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&address).unwrap()).collect();
    // The ninth is turned away as soon as the eight were let in.
    loop {
        let mut ninth = TcpStream::connect(&address).unwrap();
        let mut answer = String::new();
        ninth.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let _ = ninth.read_to_string(&mut answer);
        if answer.starts_with("HTTP/1.1 503 ") {
            break;
        }
    }
    program.go_on();
    assert!(program.end().0.success());
    drop(idle);
}

#[test]
fn busy_port_is_one_line() {
    let _watchdog = watchdog();
    let (mut first, address) = start(&["wait"]);
    assert_eq!(first.line(), "ready");
    let (status, stderr) = Program::start(SCENES, &["many", "4"], Path::new(&address)).end();
    assert!(status.success());
    let expected =
        format!("pybackground: PYBACKGROUND_TIMELINE has no effect: no page at {address}: ");
    assert!(stderr.starts_with(&expected) && stderr.lines().count() == 1, "{stderr}");
    first.go_on();
    assert!(first.end().0.success());
}
