//! The variables of features that this build lacks. They have no effect, and a line on standard error says so.

use std::time::{Duration, Instant};

use super::resolve::read_variable;
use crate::stderr;

/// How long the line may hold up the first call.
const PATIENCE: Duration = Duration::from_millis(100);

/// Variables, and the features that read them.
const VARIABLES: [(&str, &str, bool); 3] = [
    ("PYBACKGROUND_TIMELINE", "timeline", cfg!(feature = "timeline")),
    ("PYBACKGROUND_REMOTE", "remote", cfg!(feature = "remote")),
    ("PYBACKGROUND_WORKER", "remote", cfg!(feature = "remote")),
];

/// Reports the variables that have no effect.
pub(super) fn report_variables_without_effect() {
    let text = without_effect(|name| read_variable(name).is_some_and(|value| !value.is_empty()));
    if !text.is_empty()
        && let Some(is_written) = stderr::report(|| Some(text))
    {
        // The wait gives a program that ends at once the time to print it.
        is_written.wait(Some(Instant::now() + PATIENCE));
    }
}

/// Returns a line for each variable that is set and has no effect.
fn without_effect(is_set: impl Fn(&str) -> bool) -> String {
    let missing = VARIABLES.iter().filter(|(name, _, is_built)| !is_built && is_set(name));
    let line = |(name, feature, _): &(&str, &str, bool)| {
        format!(
            "pybackground: {name} has no effect: this program was built without the feature `{feature}` of pybackground\n"
        )
    };
    missing.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_without_its_feature_gets_a_line() {
        assert_eq!(without_effect(|_| false), "");
        let text = without_effect(|_| true);
        for (name, feature, is_built) in VARIABLES {
            let line = text.lines().find(|line| line.contains(name));
            assert_eq!(line.is_some_and(|line| line.contains(feature)), !is_built, "{text}");
        }
    }
}
