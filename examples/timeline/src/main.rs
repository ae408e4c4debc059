//! Makes an evening paper in the background: a dozen calls of every kind, some of which go wrong.
//!
//! Nothing in the program is about the timeline. The feature `timeline` of the library is on, and a variable
//! says where the picture goes:
//!
//! ```sh
//! PYBACKGROUND_TIMELINE=run.html cargo run --release -p timeline
//! PYBACKGROUND_TIMELINE=run.json cargo run --release -p timeline # for https://ui.perfetto.dev
//! PYBACKGROUND_TIMELINE=127.0.0.1:7777 cargo run --release -p timeline -- 100 # editions, to watch
//! ```

mod paper;

use std::time::Duration;

use pybackground::wait_idle;

fn main() {
    let editions = std::env::args().nth(1).map_or(1, |text| text.parse().expect("a number"));
    for _ in 0..editions {
        println!("{}", paper::make());
    }
    // The weather comes too late for the paper, but not for the picture.
    wait_idle(Duration::from_secs(10)).expect("every body ends");
    if std::env::var_os("PYBACKGROUND_TIMELINE").is_none() {
        println!("see it: PYBACKGROUND_TIMELINE=run.html cargo run --release -p timeline");
    }
}
