//! Makes an evening paper in the background, and draws how that went.
//!
//! `timeline [FOLDER]` writes `timeline.html`, to be opened in a browser, and `timeline.json`, to be
//! opened in <https://ui.perfetto.dev> or `chrome://tracing`.

mod paper;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use pybackground::wait_idle;
use timeline::{Timeline, chrome, page};
use tracing_subscriber::layer::SubscriberExt;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let timeline = Timeline::new();
    let subscriber = tracing_subscriber::registry().with(timeline.clone());
    tracing::subscriber::set_global_default(subscriber).expect("it is the only subscriber");

    println!("{}", paper::make());
    // The weather comes too late for the paper, but not for the picture.
    wait_idle(Duration::from_secs(10)).map_err(io::Error::other)?;

    let run = timeline.run();
    let (html, json) = (folder.join("timeline.html"), folder.join("timeline.json"));
    write(&html, &page::of(&run, "An evening paper"))?;
    write(&json, &chrome::of(&run))?;
    let summary = run.summary();
    println!(
        "{} calls: {:.0} ms of work in {:.0} ms, {:.1} times as fast as one after the other, on {} threads",
        run.calls.len(),
        millis(summary.work),
        millis(summary.elapsed),
        summary.speed_up(),
        summary.threads,
    );
    println!("see {}\nand {}", html.display(), json.display());
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

fn millis(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64() * 1e3
}
