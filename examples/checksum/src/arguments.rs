//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Hashes every file below a folder and lists the files that are the same.

Usage: checksum [--list] [--compare] [DIR]

  DIR        the folder; by default the current one
  --list     also print the BLAKE3 hash of each file
  --compare  also hash the files one after the other and print the speed-up
  --help     print this

Exit code: 0 if every file was read, 1 if some could not be, 2 if there is no result.
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Run(Options),
    Help,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) root: PathBuf,
    pub(crate) list: bool,
    pub(crate) compare: bool,
}

pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Request, lexopt::Error> {
    let mut root = None;
    let mut list = false;
    let mut compare = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("list") => list = true,
            Long("compare") => compare = true,
            Short('h') | Long("help") => return Ok(Request::Help),
            Value(folder) if root.is_none() => root = Some(PathBuf::from(folder)),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Request::Run(Options { root: root.unwrap_or_else(|| PathBuf::from(".")), list, compare }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        let parser = lexopt::Parser::from_args(arguments);
        parse(parser).map_err(|error| error.to_string())
    }

    #[test]
    fn the_current_folder_is_the_default() {
        let expected = Options { root: PathBuf::from("."), list: false, compare: false };
        assert_eq!(parsed(&[]), Ok(Request::Run(expected)));
    }

    #[test]
    fn options_may_stand_anywhere() {
        let expected = Options { root: PathBuf::from("photos"), list: true, compare: true };
        let arguments = ["--compare", "photos", "--list"];
        assert_eq!(parsed(&arguments), Ok(Request::Run(expected)));
    }

    #[test]
    fn help_comes_before_everything_else() {
        assert_eq!(parsed(&["photos", "--help"]), Ok(Request::Help));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let error = parsed(&["--fast"]).unwrap_err();
        assert!(error.contains("--fast"), "{error}");
        let error = parsed(&["photos", "music"]).unwrap_err();
        assert!(error.contains("music"), "{error}");
    }
}
