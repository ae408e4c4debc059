//! The command line.

use std::time::Duration;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Downloads pages at the same time, with a timeout a page.

Usage: fetch [--timeout SECONDS] [URL..]

  URL                the pages; without any, those of a small server of its own
  --timeout SECONDS  how long a page may take; by default 10, and 1 without a URL
  --help             print this

Exit code: 0 if every page was fetched, 1 if some were not, 2 if there is no result.
";

const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Fetch { urls: Vec<String>, timeout: Option<Duration> },
    Demonstrate { timeout: Option<Duration> },
    Help,
}

pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Request, lexopt::Error> {
    let mut urls = Vec::new();
    let mut timeout = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("timeout") => timeout = Some(arguments.value()?.parse_with(seconds)?),
            Short('h') | Long("help") => return Ok(Request::Help),
            Value(url) => urls.push(url.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(if urls.is_empty() {
        Request::Demonstrate { timeout }
    } else {
        Request::Fetch { urls, timeout }
    })
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|timeout| !timeout.is_zero() && *timeout <= LONGEST_TIMEOUT)
        .ok_or("a timeout is a number of seconds, more than 0 and at most 86400")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        let parser = lexopt::Parser::from_args(arguments);
        parse(parser).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_url_it_demonstrates() {
        assert_eq!(parsed(&[]), Ok(Request::Demonstrate { timeout: None }));
        let timeout = Some(Duration::from_millis(500));
        assert_eq!(parsed(&["--timeout=0.5"]), Ok(Request::Demonstrate { timeout }));
    }

    #[test]
    fn urls_keep_their_order() {
        let expected = Request::Fetch {
            urls: vec!["http://b".to_owned(), "http://a".to_owned()],
            timeout: Some(Duration::from_secs(3)),
        };
        assert_eq!(parsed(&["http://b", "--timeout", "3", "http://a"]), Ok(expected));
    }

    #[test]
    fn a_timeout_is_a_length_of_time() {
        assert_eq!(seconds("86400"), Ok(LONGEST_TIMEOUT));
        for text in ["0", "1e-12", "-1", "NaN", "inf", "1e300", "86401", "soon", ""] {
            let error = parsed(&["--timeout", text]).unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(error.ends_with("more than 0 and at most 86400"), "{error}");
        }
    }

    #[test]
    fn help_comes_before_everything_else() {
        assert_eq!(parsed(&["http://a", "--help"]), Ok(Request::Help));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let error = parsed(&["--fast"]).unwrap_err();
        assert!(error.contains("--fast"), "{error}");
    }
}
