//! The same work in both ways, timed.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::hash::{self, HashedFile};

/// How long the same work took in both ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison {
    pub(crate) one_after_the_other: Duration,
    pub(crate) in_background: Duration,
}

impl Comparison {
    /// Hashes `files` twice more, when the system's cache has what fits of them: the first run of a
    /// program waits for the disk, and to compare it with a later one would say little.
    pub(crate) fn measure(files: &[HashedFile], bar: impl Fn() -> ProgressBar) -> Self {
        let paths = files.iter().map(|hashed| hashed.file.path.as_path());
        let again = files.iter().map(|hashed| hashed.file.clone()).collect();
        Self {
            one_after_the_other: time(&bar(), |progress| {
                hash::one_after_the_other(paths, progress);
            }),
            in_background: time(&bar(), |progress| {
                hash::in_background(again, progress);
            }),
        }
    }
}

fn time(progress: &ProgressBar, work: impl FnOnce(&ProgressBar)) -> Duration {
    let start = Instant::now();
    work(progress);
    let elapsed = start.elapsed();
    progress.finish_and_clear();
    elapsed
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = self.one_after_the_other.as_secs_f64();
        let background = self.in_background.as_secs_f64();
        writeln!(f, "one after the other: {other:.3} s")?;
        writeln!(f, "in the background:   {background:.3} s")?;
        writeln!(f, "speed-up:            {:.2}", other / background)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_up_is_how_many_times_longer_the_other_way_takes() {
        let comparison = Comparison {
            one_after_the_other: Duration::from_millis(875),
            in_background: Duration::from_millis(500),
        };
        let expected = "\
one after the other: 0.875 s
in the background:   0.500 s
speed-up:            1.75
";
        assert_eq!(comparison.to_string(), expected);
    }
}
