//! The program, run as its users run it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;

/// What the client would take a proxy from.
const PROXY_VARIABLES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fetch"));
    command.args(arguments);
    for variable in PROXY_VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// What the program did.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Status, bytes and the rest of each page's line; the rest begins with the address.
    fn pages(&self) -> Vec<(&str, &str, &str)> {
        let lines = self.stdout.lines().skip(1).take_while(|line| !line.is_empty());
        lines
            .map(|line| {
                let (figures, page) = line.split_once(" s  ").unwrap();
                let mut figures = figures.split_whitespace();
                let (status, bytes) = (figures.next().unwrap(), figures.next().unwrap());
                (status, bytes, page)
            })
            .collect()
    }

    /// The line of one page, whenever it came.
    fn page(&self, address: &str) -> (&str, &str, &str) {
        let page = self.pages().into_iter().find(|(_, _, page)| page.starts_with(address));
        page.unwrap_or_else(|| panic!("no line of {address} in {self:?}"))
    }

    /// The figure behind a label below the table.
    fn total(&self, label: &str) -> &str {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(label));
        line.unwrap().trim()
    }
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// Takes as many requests as `count`, and gives each with the path that it asks for.
fn take_requests(listener: &TcpListener, count: usize) -> Vec<(TcpStream, String)> {
    let requests = listener.incoming().take(count).map(Result::unwrap);
    requests
        .map(|stream| {
            let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let first = lines.next().unwrap();
            lines.find(String::is_empty).unwrap();
            let path = first.split(' ').nth(1).unwrap().to_owned();
            (stream, path)
        })
        .collect()
}

/// Answers a request for `/STATUS/BYTES` with so many bytes.
fn answer(mut stream: TcpStream, path: &str) {
    let (status, bytes) = path[1..].split_once('/').unwrap();
    let body = "x".repeat(bytes.parse().unwrap());
    write!(
        stream,
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

/// Answers one request.
fn answer_one(listener: TcpListener) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for (stream, path) in take_requests(&listener, 1) {
            answer(stream, &path);
        }
    })
}

#[test]
fn pages_are_fetched_at_the_same_time_and_shown_as_they_come() {
    let (listener, address) = listener();
    let paths = ["/200/30", "/200/10", "/201/20"];
    let urls = paths.map(|path| format!("{address}{path}"));
    let mut program = program(&urls.each_ref().map(String::as_str));
    let mut program = program.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.next().unwrap();

    // One after the other, there would never be three requests.
    let mut requests = take_requests(&listener, urls.len());
    for path in ["/201/20", "/200/10", "/200/30"] {
        let request = requests.iter().position(|(_, requested)| requested == path).unwrap();
        let (stream, _) = requests.swap_remove(request);
        answer(stream, path);
        // Only now the next is answered.
        let line = lines.next().unwrap();
        assert!(line.ends_with(path), "{line}");
    }
    let rest: Vec<String> = lines.collect();
    assert!(rest.contains(&"not fetched:      0".to_owned()), "{rest:?}");
    assert!(program.wait().unwrap().success());
}

#[test]
fn a_page_that_is_missing_is_shown_with_its_status() {
    let (listener, address) = listener();
    let server = answer_one(listener);
    let url = format!("{address}/404/7");
    let run = Run::of(program(&[&url]));
    server.join().unwrap();
    assert_eq!(run.pages(), [("404", "7", url.as_str())]);
    assert_eq!((run.code, run.total("not fetched:")), (Some(1), "1"));
}

#[test]
fn a_page_that_fails_or_is_too_slow_does_not_stop_the_others() {
    let (refusing, refusing_address) = listener();
    drop(refusing);
    let (_silent, silent_address) = listener();
    let (answering, answering_address) = listener();
    let server = answer_one(answering);
    let good = format!("{answering_address}/200/5");
    let urls = [refusing_address.as_str(), &silent_address, "no address", &good];
    let run = Run::of(program(&[&["--timeout", "2"][..], &urls[..]].concat()));
    server.join().unwrap();

    assert_eq!(run.pages().len(), urls.len(), "{run:?}");
    let [refused, silent, nonsense, fetched] = urls.map(|url| run.page(url));
    assert_eq!((refused.0, refused.1), ("failed", "-"));
    assert!(refused.2.starts_with(&format!("{refusing_address} (")), "{run:?}");
    assert_eq!(silent, ("timeout", "-", silent_address.as_str()));
    assert_eq!((nonsense.0, nonsense.1), ("failed", "-"));
    assert!(nonsense.2.starts_with("no address ("), "{run:?}");
    assert_eq!(fetched, ("200", "5", good.as_str()));
    assert_eq!((run.code, run.total("not fetched:")), (Some(1), "3"));
    assert_eq!(run.stderr, "");
}

#[test]
fn without_a_url_it_fetches_pages_of_its_own_whatever_the_proxy() {
    let mut command = program(&["--timeout", "2"]);
    for variable in PROXY_VARIABLES {
        command.env(variable, "http://127.0.0.1:1");
    }
    let run = Run::of(command);
    let mut shown: Vec<(&str, &str, &str)> = run
        .pages()
        .into_iter()
        .map(|(status, bytes, url)| (status, bytes, url.rsplit_once('/').unwrap().1))
        .collect();
    shown.sort_unstable();
    let expected = [
        ("200", "1000", "quick"),
        ("200", "20000", "steady"),
        ("200", "400000", "slow"),
        ("404", "10", "missing"),
        ("timeout", "-", "too-slow"),
    ];
    assert_eq!(shown, expected);
    assert_eq!((run.total("pages:"), run.total("not fetched:")), ("5", "2"));
    for label in ["total time:", "sum of the times:"] {
        let seconds = run.total(label).strip_suffix(" s").unwrap();
        assert!(seconds.parse::<f64>().unwrap() > 0.0, "{run:?}");
    }
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_wrong_command_line_is_refused() {
    for (arguments, complaint) in [
        (
            &["--timeout", "soon"][..],
            "fetch: cannot parse argument \"soon\": a timeout is a number of seconds, more than 0 \
             and at most 86400; `fetch --help` tells what there is\n",
        ),
        (&["--fast"][..], "fetch: invalid option '--fast'; `fetch --help` tells what there is\n"),
    ] {
        let expected = Run { code: Some(2), stdout: String::new(), stderr: complaint.to_owned() };
        assert_eq!(Run::of(program(arguments)), expected);
    }
}

#[test]
fn help_names_every_option() {
    let run = Run::of(program(&["--help"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for option in ["URL", "--timeout SECONDS", "--help", "Exit code"] {
        assert!(run.stdout.contains(option), "{option}");
    }
}
