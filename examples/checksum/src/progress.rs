//! How far it is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, or nothing if that is no terminal.
pub(crate) fn bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .expect("the template is a constant that was tried");
    ProgressBar::new(bytes).with_style(style)
}
