//! Which addresses and settings are accepted.
//!
//! Who reads the connection reads arguments and results, and who writes to it runs functions. So beyond this machine an
//! address needs TLS and credentials, or says that the network is closed.

use std::net::IpAddr;
use std::path::Path;

use pybackground_runtime::__engine::Settings;

/// What an address ends with whose network is closed to others.
const PLAINTEXT: &str = "?plaintext";

/// A server, as its address says.
struct Server<'a> {
    /// As the engine takes it.
    url: &'a str,
    is_tls: bool,
    is_plaintext: bool,
    is_this_machine: bool,
}

/// Checks the settings.
///
/// # Errors
///
/// What is wrong, and what to write.
pub(crate) fn check(settings: &Settings) -> Result<(), String> {
    for url in settings.url.split(',') {
        let server = parse(url.trim())?;
        if server.is_this_machine || server.is_plaintext {
            continue;
        }
        if !server.is_tls {
            return Err(format!(
                "the address `{url}` leads to another machine without TLS, where others may read arguments and results; \
                 write `tls://..`, or `{url}{PLAINTEXT}` if the network is closed"
            ));
        }
        if settings.credentials.is_none() && settings.certificate.is_none() {
            return Err(format!(
                "the address `{url}` leads to another machine without credentials, where anybody may run functions; set \
                 PYBACKGROUND_REMOTE_CREDS or PYBACKGROUND_REMOTE_CERT and _KEY, or write `{url}{PLAINTEXT}` if the \
                 network is closed"
            ));
        }
    }
    let (certificate, key) =
        settings.certificate.as_ref().map(|(certificate, key)| (certificate, key)).unzip();
    for (file, variable) in [
        (settings.credentials.as_ref(), "PYBACKGROUND_REMOTE_CREDS"),
        (settings.ca.as_ref(), "PYBACKGROUND_REMOTE_CA"),
        (certificate, "PYBACKGROUND_REMOTE_CERT"),
        (key, "PYBACKGROUND_REMOTE_KEY"),
    ] {
        if let Some(file) = file {
            check_file(file, variable)?;
        }
    }
    Ok(())
}

/// Checks a file that a setting names, which has a variable.
fn check_file(file: &Path, variable: &str) -> Result<(), String> {
    let Err(error) = std::fs::read(file) else { return Ok(()) };
    let name = file.to_string_lossy();
    // It may be a password, which must not be shown.
    if name.contains(':') && !name.contains(['/', '\\']) {
        return Err(format!(
            "{variable} has to be the path of a file, and there is none of that name; a user and a password are a line \
             `user:password` in such a file"
        ));
    }
    Err(format!("the file `{name}` cannot be read ({variable}): {error}"))
}

/// Returns the addresses as the engine takes them.
pub(crate) fn servers(settings: &Settings) -> Vec<String> {
    let urls = settings.url.split(',');
    urls.filter_map(|url| Some(parse(url.trim()).ok()?.url.to_owned())).collect()
}

/// Whether the connection has to be encrypted.
pub(crate) fn needs_tls(settings: &Settings) -> bool {
    settings.url.split(',').all(|url| url.trim().starts_with("tls://"))
}

fn parse(url: &str) -> Result<Server<'_>, String> {
    let (url, is_plaintext) = match url.strip_suffix(PLAINTEXT) {
        Some(url) => (url, true),
        None => (url, false),
    };
    let refuse = |why: &str| {
        Err(format!("the address `{url}` {why}; write `nats://host:port` or `tls://host:port`"))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse("has no scheme");
    };
    if scheme != "nats" && scheme != "tls" {
        return refuse("has another scheme than the first");
    }
    let (user, host) = rest.rsplit_once('@').map_or(("", rest), |(user, host)| (user, host));
    if user.contains(':') {
        return Err(
            "the address has a password in it, where other programs of this machine may see it; put it into a file and \
             set PYBACKGROUND_REMOTE_CREDS"
                .to_owned(),
        );
    }
    let host = host.trim_end_matches('/');
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or(("", "")),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if name.is_empty() || name.contains(['/', '?', '#', ' ']) {
        return refuse("names no host");
    }
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return refuse("has no port from 1 to 65535 at its end");
    }
    let is_this_machine =
        name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    Ok(Server { url, is_tls: scheme == "tls", is_plaintext, is_this_machine })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_recognized() {
        for url in ["nats://localhost", "nats://127.0.0.1:4222", "nats://[::1]:4222"] {
            assert!(parse(url).unwrap().is_this_machine, "{url}");
        }
        for url in ["nats://box", "nats://10.0.0.1:4222/", "tls://[2001:db8::1]:4222"] {
            assert!(!parse(url).unwrap().is_this_machine, "{url}");
        }
    }

    #[test]
    fn addresses_that_name_no_server_are_refused() {
        for url in [
            "box",
            "nats://",
            "nats://:4222",
            "http://box",
            "nats://box/path",
            "nats://a b",
            "nats://box:port",
            "nats://box:0",
            "nats://box:65536",
            "nats://box:4222/path",
            "nats://[::1]4222",
            "nats://[::1",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
        assert!(parse("nats://me:secret@box").err().unwrap().contains("PYBACKGROUND_REMOTE_CREDS"));
    }

    #[test]
    fn closed_network_is_said_in_the_address() {
        let server = parse("nats://box:4222?plaintext").unwrap();
        assert!(server.is_plaintext);
        assert_eq!(server.url, "nats://box:4222");
    }
}
