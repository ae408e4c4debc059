//! The background call: one page, in time or not at all.

use std::io;
use std::time::{Duration, Instant};

use pybackground::{Error, Lazy, background};

/// How much longer than a page's timeout the client goes on.
///
/// A timeout ends the wait for a call, but nothing can stop a body that waits for a socket. So the
/// client has a timeout as well, and the thread comes back. It is the later one, or now and then a
/// page that is too late would be told as an error of the client's.
const GRACE: Duration = Duration::from_millis(500);

/// Fetches pages; a clone shares the connections.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    timeout: Duration,
}

/// Where the client takes its proxies from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxies {
    OfEnvironment,
    None,
}

/// How the visit to a page went.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) outcome: Outcome,
    pub(crate) time: Duration,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// There was an answer, if only to say that there is no such page.
    Answered { status: u16, bytes: u64 },
    /// There was none, and why.
    Failed(String),
    /// There was none in time.
    TimedOut,
}

/// Begins to fetch a page.
pub(crate) fn visit(client: &Client, url: &str) -> Lazy<Visit> {
    Lazy::with_timeout(get(client, url), client.timeout)
}

/// How a visit went that has ended, at the latest by its timeout.
pub(crate) fn visited(outcome: Result<Visit, Error>, timeout: Duration) -> Visit {
    outcome.unwrap_or_else(|error| {
        if error.is_timeout() {
            Visit { outcome: Outcome::TimedOut, time: timeout }
        } else {
            // The body panicked, or there was no thread for it.
            Visit { outcome: Outcome::Failed(error.to_string()), time: Duration::ZERO }
        }
    })
}

/// Fetches a page on a thread of the library's.
///
/// The arguments are references, so the call clones them: the page's name, and of the client a
/// handle.
#[background]
fn get(client: &Client, url: &str) -> Visit {
    let start = Instant::now();
    let outcome = client.get(url).unwrap_or_else(|error| Outcome::Failed(error.to_string()));
    Visit { outcome, time: start.elapsed() }
}

impl Client {
    pub(crate) fn new(timeout: Duration, proxies: Proxies) -> Self {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout + GRACE))
            // "There is no such page" is an answer.
            .http_status_as_error(false);
        if proxies == Proxies::None {
            config = config.proxy(None);
        }
        Self { agent: config.build().into(), timeout }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    fn get(&self, url: &str) -> Result<Outcome, ureq::Error> {
        let response = self.agent.get(url).call()?;
        let status = response.status().as_u16();
        // Counted on the way by: a page may be larger than memory.
        let bytes = io::copy(&mut response.into_body().into_reader(), &mut io::sink())?;
        Ok(Outcome::Answered { status, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::{Ipv4Addr, TcpListener};

    use pybackground::Timeout;

    /// A server that takes connections and never says a word.
    fn silent_server() -> (TcpListener, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        (listener, url)
    }

    #[test]
    fn a_page_that_does_not_come_times_out() {
        let (_server, url) = silent_server();
        let client = Client::new(Duration::from_millis(20), Proxies::None);
        let page = visit(&client, &url);
        assert!(page == Timeout);
        let page = visited(Lazy::join(page), client.timeout());
        assert!(matches!(page.outcome, Outcome::TimedOut), "{page:?}");
        assert_eq!(page.time, client.timeout());
    }

    #[test]
    fn the_client_gives_up_by_itself() {
        const AGES: Duration = Duration::from_secs(30);

        let (_server, url) = silent_server();
        let client = Client::new(Duration::from_millis(20), Proxies::None);
        // No timeout but the client's own.
        let call = get(&client, &url);
        let visit = Lazy::wait_timeout(&call, AGES).expect("the thread came back").unwrap();
        assert!(
            matches!(&visit.outcome, Outcome::Failed(why) if why.contains("timeout")),
            "{visit:?}"
        );
        assert!(visit.time >= client.timeout() + GRACE);
    }

    #[test]
    fn a_panic_is_told_as_a_failure() {
        let outcome = Lazy::join(pybackground::spawn(|| panic!("out of paper")));
        let visit = visited(outcome, Duration::MAX);
        assert!(
            matches!(&visit.outcome, Outcome::Failed(why) if why.contains("panicked: out of paper")),
            "{visit:?}"
        );
        assert_eq!(visit.time, Duration::ZERO);
    }
}
