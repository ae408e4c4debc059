//! A link checker: a crawler whose results make calls, and handles each page as soon as it is there.
//!
//! It starts a server of its own with 500 pages, of which each takes a few milliseconds and some do not exist, and
//! follows every link once. Then threads that share a queue, as written by hand, do the same.
//!
//! Run with `cargo run --release --example link_checker`.

use std::collections::{HashSet, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pybackground::{as_completed, background};

const PAGES: usize = 500;
/// How long the server takes for a page.
const SLOW: Duration = Duration::from_millis(5);
const AT_ONCE: usize = 32;

/// The links of a page.
#[background(limit = AT_ONCE, timeout = "10s")]
fn links(server: SocketAddr, path: &str) -> io::Result<Vec<String>> {
    fetch(server, path)
}

/// Follows all links from `start`; returns the paths that lead nowhere.
fn broken_links(server: SocketAddr, start: &str) -> HashSet<String> {
    let mut paths = vec![start.to_owned()];
    let mut seen = HashSet::from([start.to_owned()]);
    let mut broken = HashSet::new();
    let mut pages = as_completed([links(server, start)]);
    while let Some((position, page)) = pages.next() {
        let Ok(Ok(found)) = page else {
            broken.insert(paths[position].clone());
            continue;
        };
        for path in found.into_iter().filter(|path| seen.insert(path.clone())) {
            pages.push(links(server, &path));
            paths.push(path);
        }
    }
    broken
}

fn main() -> io::Result<()> {
    let server = serve()?;
    let start = Instant::now();
    let broken = broken_links(server, "/0");
    println!("{} of {PAGES} pages are missing", broken.len());
    println!("# by background calls: {:.2?}", start.elapsed());

    let start = Instant::now();
    assert_eq!(broken_links_by_threads(server, "/0"), broken);
    println!("# by {AT_ONCE} threads with a queue: {:.2?}", start.elapsed());
    Ok(())
}

/// The same with threads.
fn broken_links_by_threads(server: SocketAddr, start: &str) -> HashSet<String> {
    struct State {
        queue: VecDeque<String>,
        /// How many paths are in the queue or fetched.
        open: usize,
        seen: HashSet<String>,
        broken: HashSet<String>,
    }

    let state = Mutex::new(State {
        queue: VecDeque::from([start.to_owned()]),
        open: 1,
        seen: HashSet::from([start.to_owned()]),
        broken: HashSet::new(),
    });
    let changed = Condvar::new();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut guard = state.lock().unwrap();
                loop {
                    let Some(path) = guard.queue.pop_front() else {
                        if guard.open == 0 {
                            return;
                        }
                        guard = changed.wait(guard).unwrap();
                        continue;
                    };
                    drop(guard);
                    let page = fetch(server, &path);
                    guard = state.lock().unwrap();
                    let State { queue, open, seen, broken } = &mut *guard;
                    match page {
                        Ok(found) => {
                            let new = found.into_iter().filter(|path| seen.insert(path.clone()));
                            let before = queue.len();
                            queue.extend(new);
                            *open += queue.len() - before;
                        }
                        Err(_) => drop(broken.insert(path)),
                    }
                    *open -= 1;
                    changed.notify_all();
                }
            });
        }
    });
    state.into_inner().unwrap().broken
}

/// Fetches a page and returns the paths that it links to.
fn fetch(server: SocketAddr, path: &str) -> io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(server)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    if !page.starts_with("HTTP/1.0 200 ") {
        return Err(io::ErrorKind::NotFound.into());
    }
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    Ok(links.map(str::to_owned).collect())
}

/// Serves pages that link to each other, for as long as the program runs.
fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // By threads of its own: it is not what is compared.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut request = String::new();
    BufReader::new(stream).read_line(&mut request)?;
    thread::sleep(SLOW);
    let number = request.split(['/', ' ']).nth(2).and_then(|number| number.parse::<usize>().ok());
    let Some(number) = number.filter(|number| number % 50 != 49) else {
        return stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n");
    };
    let links = (1..=4)
        .map(|link| (4 * number + link) % PAGES)
        .map(|link| format!("<a href=\"/{link}\">page {link}</a>"));
    write!(stream, "HTTP/1.0 200 OK\r\n\r\n{}", links.collect::<String>())
}
