use pybackground::{Lazy, Timeout, background};

#[background(timeout = "2s")]
fn length(path: &str) -> usize {
    std::fs::read(path).expect("a file").len()
}

fn main() {
    let lengths: Vec<Lazy<usize>> = ["a.txt", "b.txt"].into_iter().map(length).collect(); // all at once
    for length in lengths {
        if length == Timeout {
            continue; // too slow
        }
        match Lazy::join(length) {
            Ok(bytes) => println!("{bytes} bytes"),
            Err(error) => eprintln!("{error}"), // `app::length` (defined at src/main.rs:4:4) panicked: ..
        }
    }
}
