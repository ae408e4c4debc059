//! What the tests of the feature `timeline` share: programs that record themselves, and a browser.

mod browser;
mod program;

pub use browser::{Browser, Page};
pub use program::{Folder, Program, folder, watchdog};
