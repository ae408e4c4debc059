//! A layer for `tracing` that remembers which background call ran where, and draws it.
//!
//! | file | subject |
//! |---|---|
//! | `layer` | what the spans of calls and waits tell, as they tell it |
//! | `run` | the same as data, and its sums |
//! | `chrome` | a file for Perfetto and `chrome://tracing` |
//! | `page` | one page for a browser, with all it needs in it |
//! | `json` | as much JSON as those two need |
//!
//! Copy the folder into a program of your own: it depends on nothing but `tracing` and its registry.
//!
//! ```
//! use pybackground::spawn;
//! use timeline::{Timeline, page};
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let timeline = Timeline::new();
//! let subscriber = tracing_subscriber::registry().with(timeline.clone());
//! tracing::subscriber::set_global_default(subscriber).unwrap();
//!
//! assert_eq!(spawn(|| 6 * 7), 42);
//!
//! let run = timeline.run();
//! assert_eq!(run.calls.len(), 1);
//! assert!(page::of(&run, "answer").starts_with("<!doctype html>"));
//! ```

pub mod chrome;
mod json;
mod layer;
pub mod page;
mod run;

pub use layer::Timeline;
pub use run::{Call, Run, Step, Summary, Thread, Wait};
