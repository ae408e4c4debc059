//! What the variable asks for, as pure data.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where the events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A page for a browser.
    Page(PathBuf),
    /// A trace for Perfetto.
    Trace(PathBuf),
    /// A page that follows the program.
    Live { address: SocketAddr, is_exposed: bool },
}

/// What has to precede an address that other machines can reach.
const EXPOSE: &str = "expose:";

impl Target {
    /// Reads a path or an address.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub(super) fn parse(value: &OsStr) -> Result<Self, String> {
        let text = value.to_str().unwrap_or_default();
        let (is_exposed, text) = match text.strip_prefix(EXPOSE) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if let Some(address) = address(text) {
            if !address.ip().is_loopback() && !is_exposed {
                return Err(format!(
                    "{address} shows what the program does to other machines; write {EXPOSE}{address} if that is meant, \
                     or 127.0.0.1:{}",
                    address.port()
                ));
            }
            return Ok(Self::Live { address, is_exposed });
        }
        let path = Path::new(value);
        let extension = path.extension().map(OsStr::to_ascii_lowercase).unwrap_or_default();
        match extension.to_str() {
            Some("html" | "htm") if !is_exposed => Ok(Self::Page(path.to_owned())),
            Some("json") if !is_exposed => Ok(Self::Trace(path.to_owned())),
            _ => Err(format!(
                "`{}` is neither the path of a page, such as run.html, nor of a trace, such as run.json, nor an \
                 address, such as 127.0.0.1:7777",
                value.display()
            )),
        }
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    let local = || {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some((Ipv4Addr::LOCALHOST, port).into())
    };
    text.parse().ok().or_else(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Target, String> {
        Target::parse(OsStr::new(text))
    }

    #[test]
    fn extension_or_address_says_what_is_made() {
        assert_eq!(parse("a/run.html"), Ok(Target::Page("a/run.html".into())));
        assert_eq!(parse("RUN.HTM"), Ok(Target::Page("RUN.HTM".into())));
        assert_eq!(parse("run.json"), Ok(Target::Trace("run.json".into())));
        for text in ["127.0.0.1:7777", "localhost:7777", "127.8.8.8:0", "[::1]:1"] {
            assert!(matches!(parse(text), Ok(Target::Live { is_exposed: false, .. })), "{text}");
        }
        for text in ["", "run", "run.txt", "7777", "example.org:80", "expose:run.html"] {
            let why = parse(text).unwrap_err();
            assert!(why.contains("run.html") && why.contains("127.0.0.1:7777"), "{why}");
        }
    }

    #[test]
    fn address_that_others_reach_needs_a_word() {
        for text in ["0.0.0.0:7777", "[::]:7777", "192.168.1.2:7777"] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(&format!("write expose:{text} if")), "{why}");
            let exposed = parse(&format!("expose:{text}"));
            assert!(matches!(exposed, Ok(Target::Live { is_exposed: true, .. })));
        }
    }
}
