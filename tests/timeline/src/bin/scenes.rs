//! Programs that record themselves: one scene each, chosen by the first argument.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, LazyLock, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, process};

use pybackground::{Lazy, Snapshot, background, cancelled, snapshot, spawn, wait_idle};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let scenes: HashMap<&str, fn(&[String])> = HashMap::from([
        ("small", small as fn(&[String])),
        ("many", many),
        ("chain", chain),
        ("lock", lock),
        ("straggler", straggler),
        ("panic", panic),
        ("exit", exit),
        ("wait", wait),
        ("handles", handles),
        ("works", works),
        ("process", isolated),
        ("compute", compute),
        ("nothing", nothing),
        ("texts", texts),
        ("code", code),
        ("rights", rights),
    ]);
    let scene = arguments.get(1).map_or("small", String::as_str);
    scenes[scene](&arguments[2..]);
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("the test reads");
}

/// Waits for a line, or for the end of the input.
fn until_told() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// Waits until a thread waits for each of these functions.
fn until_awaited(functions: &[&str]) {
    let is_awaited = |snapshot: &Snapshot, function: &str| {
        let mut waits = snapshot.stacks.iter().filter_map(|stack| stack.wait()?.function());
        waits.any(|awaited| awaited.ends_with(function))
    };
    let is_over = || {
        let snapshot = snapshot();
        functions.iter().all(|function| is_awaited(&snapshot, function))
    };
    while !is_over() {
        sleep(ms(1));
    }
}

#[background]
fn page(number: u64, started: Sender<()>) -> u64 {
    let (picture_started, is_started) = channel();
    let picture = picture(number, picture_started);
    is_started.recv().expect("it starts");
    started.send(()).expect("it is awaited");
    *picture + 1
}

#[background]
fn picture(number: u64, started: Sender<()>) -> u64 {
    started.send(()).expect("it is awaited");
    until_awaited(&["::page", "::picture"]);
    sleep(ms(30));
    number
}

/// Is late, and runs on for a while when its call is given up.
#[background]
fn weather(started: Sender<()>) -> u64 {
    started.send(()).expect("it is awaited");
    while !cancelled() {
        sleep(ms(1));
    }
    sleep(ms(70));
    1
}

#[background]
fn crossword() -> u64 {
    sleep(ms(15));
    panic!("17 across has no answer");
}

#[background(limit = 1)]
fn save(number: u64) -> u64 {
    sleep(ms(5));
    number
}

/// A page waits for its picture, the weather is late, the crossword fails, and nothing uses the last save.
fn small(_: &[String]) {
    let (started, is_started) = channel();
    let (weather, crossword) = (weather(started), crossword());
    is_started.recv().expect("it starts");
    let weather = Lazy::with_timeout(weather, ms(20));
    let (started, are_started) = channel();
    let pages: Vec<Lazy<u64>> = (0..2).map(|number| page(number, started.clone())).collect();
    are_started.iter().take(2).for_each(drop);
    let saved = save(1);
    drop(save(2));
    assert_eq!(pages.into_iter().map(Lazy::into_inner).sum::<u64>(), 3);
    assert_eq!(saved, 1);
    assert!(Lazy::join(weather).is_err() && Lazy::join(crossword).is_err());
    wait_idle(ms(10_000)).expect("all end");
}

#[background]
fn even(number: usize) -> usize {
    number / 2
}

#[background]
fn odd(number: usize) -> usize {
    3 * number + 1
}

/// As many small calls as the argument says, joined in parts.
fn many(arguments: &[String]) {
    let calls: usize = arguments[0].parse().expect("a number");
    let start = Instant::now();
    let mut sum = 0;
    for part in 0..calls.div_ceil(1000) {
        let numbers = part * 1000..calls.min((part + 1) * 1000);
        let part: Vec<Lazy<usize>> =
            numbers.map(|n| if n.is_multiple_of(2) { even(n) } else { odd(n) }).collect();
        sum += part.into_iter().map(Lazy::into_inner).sum::<usize>();
    }
    say(&format!("{sum} in {} us", start.elapsed().as_micros()));
}

#[background]
fn price(article: u64) -> u64 {
    sleep(ms(150));
    article
}

/// Each `+` waits for what is on its left before the next call is made.
fn chain(_: &[String]) {
    let sum = price(1) + price(2) + price(3) + price(4);
    assert_eq!(sum, 10);
}

static REGISTER: Mutex<u64> = Mutex::new(0);
static TOGETHER: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(8));

#[background]
fn book(amount: u64) {
    TOGETHER.wait();
    let mut register = REGISTER.lock().expect("no body panics");
    // The advice compares times, so this is longer than what a busy machine adds.
    sleep(ms(300));
    *register += amount;
}

/// Eight bodies need one lock for all of their work.
fn lock(_: &[String]) {
    let booked: Vec<Lazy<()>> = (0..8).map(book).collect();
    booked.into_iter().for_each(Lazy::into_inner);
}

static SHARDS: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(6));

/// All shards begin before the first of them ends, and the last of them has its work when the others are through.
#[background]
fn shard(rows: u64) -> u64 {
    SHARDS.wait();
    if rows < 100 {
        sleep(ms(rows));
    }
    SHARDS.wait();
    if rows >= 100 {
        sleep(ms(rows));
    }
    rows
}

/// The last of six calls has most of the work.
fn straggler(_: &[String]) {
    let rows: Vec<Lazy<u64>> = [20, 25, 20, 30, 25, 480].map(shard).into();
    assert_eq!(rows.into_iter().map(Lazy::into_inner).sum::<u64>(), 600);
}

fn panic(_: &[String]) {
    assert_eq!(even(8), 4);
    panic!("the main thread panics");
}

fn exit(_: &[String]) {
    assert_eq!(even(8), 4);
    process::exit(3);
}

/// Makes a call, says so, and waits.
fn wait(_: &[String]) {
    assert_eq!(even(8), 4);
    let waits = spawn(|| sleep(Duration::MAX));
    say("ready");
    until_told();
    drop(waits);
    process::exit(0);
}

/// Handles SIGINT by itself: a line says so, and the program goes on.
fn handles(_: &[String]) {
    assert_eq!(even(8), 4);
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone())
        .expect("a handler");
    say("ready");
    while !interrupted.load(Ordering::Relaxed) {
        sleep(ms(1));
    }
    say("interrupted");
    until_told();
    assert_eq!(odd(3), 10);
}

#[background]
fn tick(number: usize) -> usize {
    sleep(ms(2));
    number
}

/// Makes calls until it is told to end.
fn works(_: &[String]) {
    let told = std::thread::spawn(until_told);
    let mut number = 0;
    while !told.is_finished() {
        number += 1;
        if number == 20 {
            say("ready");
        }
        assert_eq!(tick(number), number);
    }
}

/// Runs until the program closes the connection.
#[background(process)]
fn outside(number: u64, program: &str) -> u64 {
    let mut program = TcpStream::connect(program).expect("the program listens");
    assert_eq!(program.read(&mut [0]).expect("it closes the connection"), 0);
    u64::from(env::var_os("PYBACKGROUND_TIMELINE").is_some()) * 1000 + number
}

/// Two bodies in other processes, which run at the same time and do not have the variable.
fn isolated(_: &[String]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (first, second) = (outside(1, &address), outside(2, &address));
    let both: Vec<_> = listener.incoming().take(2).collect();
    drop(both);
    say(&format!("{}", first + second));
}

#[background(compute)]
fn fib(n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = (fib(n - 1), fib(n - 2));
    a + b
}

fn compute(arguments: &[String]) {
    say(&format!("{}", fib(arguments[0].parse().expect("a number"))));
}

fn nothing(_: &[String]) {
    let recording = pybackground::timeline(env::var_os("TARGET").expect("a path"));
    drop(recording.expect("a recording"));
}

/// Errors with every sign that a page or a script could trip over.
fn texts(_: &[String]) {
    let nasty = spawn(|| {
        panic!("</script><img src=x onerror=alert(1)> <!-- \u{2028} \" ' \\ {{{{style}}}}")
    });
    assert!(Lazy::join(nasty).is_err());
}

/// Makes a call, and says whether the kernel gave the program more rights than its user has.
fn rights(_: &[String]) {
    const AT_SECURE: u64 = 23;
    assert_eq!(even(8), 4);
    let vector = std::fs::read("/proc/self/auxv").expect("Linux");
    let words: Vec<u64> = vector
        .chunks_exact(8)
        .map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes")))
        .collect();
    say(if words.chunks(2).any(|pair| pair == [AT_SECURE, 1]) { "more" } else { "no more" });
}

/// Records a part of the program, twice, by two guards.
fn code(arguments: &[String]) {
    assert_eq!(even(8), 4);
    for path in arguments {
        let recording = pybackground::timeline(path).expect("a recording");
        assert!(pybackground::timeline(path).is_err(), "there is one already");
        assert_eq!(odd(3), 10);
        drop(recording);
        assert_eq!(even(8), 4);
    }
}
