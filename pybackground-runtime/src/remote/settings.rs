//! The settings of calls with `remote`: those of the program, else of the environment, else a default.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use super::function::DEFAULT_QUEUE;
use crate::secure_execution;
use crate::sync::lock_leaf;

/// The address that calls go to.
const ADDRESS: &str = "PYBACKGROUND_REMOTE";

/// The address that a worker serves. It makes a worker of the program.
pub(super) const WORKER: &str = "PYBACKGROUND_WORKER";

/// Where a worker serves its metrics.
const METRICS: &str = "PYBACKGROUND_METRICS";

/// What the program has set, and whether it is in use.
struct InstalledRemote {
    settings: Option<ChosenSettings>,
    in_use: bool,
}

static INSTALLED: Mutex<InstalledRemote> =
    Mutex::new(InstalledRemote { settings: None, in_use: false });

/// The settings of the program. `None` leaves a setting to the environment and the default.
#[derive(Clone, Debug, Default)]
pub(super) struct ChosenSettings {
    pub(super) url: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) credentials: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
    pub(super) slots: Option<usize>,
    pub(super) queues: Option<Vec<String>>,
    pub(super) lost_after: Option<Duration>,
    pub(super) unserved_after: Option<Duration>,
    pub(super) keep: Option<Duration>,
    pub(super) queue_limit: Option<u64>,
    pub(super) replicas: Option<usize>,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) trace_parent: Option<TraceParent>,
}

/// Returns the trace of the calling thread.
pub(super) type TraceParent = fn() -> Option<String>;

/// The settings in force.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// One or several addresses, separated by commas.
    pub url: String,
    /// Programs of different namespaces share a server and nothing else.
    pub namespace: String,
    /// A file with credentials.
    pub credentials: Option<PathBuf>,
    /// A file with the certificates of authorities that are trusted.
    pub ca: Option<PathBuf>,
    /// The files with the program's certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// How many bodies a worker runs at once.
    pub slots: usize,
    /// The queues that a worker serves.
    pub queues: Vec<String>,
    /// After how long without a sign of life a worker counts as dead.
    pub lost_after: Duration,
    /// How long a call waits for the first worker that serves its function.
    pub unserved_after: Duration,
    /// How long the server keeps results.
    pub keep: Duration,
    /// How many calls wait on the server at most.
    pub queue_limit: u64,
    /// How many servers of a cluster keep each call and result.
    pub replicas: usize,
    /// Where a worker serves its metrics.
    pub metrics: Option<SocketAddr>,
}

impl Settings {
    /// Returns the variables that give a child of this worker the same settings.
    pub(super) fn variables_of_children(&self) -> Vec<(&'static str, Option<OsString>)> {
        let path = |path: &Option<PathBuf>| path.clone().map(PathBuf::into_os_string);
        let certificate = self.certificate.clone().unzip();
        vec![
            (ADDRESS, Some(self.url.clone().into())),
            (WORKER, None),
            (METRICS, None),
            ("PYBACKGROUND_REMOTE_NAMESPACE", Some(self.namespace.clone().into())),
            ("PYBACKGROUND_REMOTE_CREDS", path(&self.credentials)),
            ("PYBACKGROUND_REMOTE_CA", path(&self.ca)),
            ("PYBACKGROUND_REMOTE_CERT", path(&certificate.0)),
            ("PYBACKGROUND_REMOTE_KEY", path(&certificate.1)),
        ]
    }
}

/// Whether the program was started as a worker.
pub(super) fn is_worker() -> bool {
    std::env::var_os(WORKER).is_some_and(|value| !value.is_empty())
        && secure_execution::variable(WORKER).is_some()
}

/// Returns the settings of calls, which are in force from now on.
///
/// # Errors
///
/// Which value is wrong, and what it has to be.
pub(super) fn effective() -> Result<Settings, String> {
    in_force(|given| {
        let mut settings = resolve(given, &variable)?;
        settings.url = given.url.clone().or_else(|| variable(ADDRESS)).unwrap_or(settings.url);
        Ok(settings)
    })
}

/// Returns the settings of a worker, which are in force from now on.
///
/// # Errors
///
/// Which value is wrong, and what it has to be.
pub(super) fn of_worker() -> Result<Settings, String> {
    in_force(|given| {
        let mut settings = resolve(given, &variable)?;
        settings.url = variable(WORKER).or_else(|| given.url.clone()).ok_or_else(|| {
            format!(
                "no address to serve: set {WORKER}, such as `nats://box`, or `remote().url(..)`"
            )
        })?;
        Ok(settings)
    })
}

fn in_force(
    resolve: impl FnOnce(&ChosenSettings) -> Result<Settings, String>,
) -> Result<Settings, String> {
    let mut installed = lock_leaf(&INSTALLED);
    installed.in_use = true;
    resolve(installed.settings.as_ref().unwrap_or(&ChosenSettings::default()))
}

/// Puts settings into force for the whole program.
///
/// # Errors
///
/// Which value is impossible, or that it is too late.
pub(super) fn install(given: ChosenSettings) -> Result<(), String> {
    resolve(&given, &|_| None)?;
    let mut installed = lock_leaf(&INSTALLED);
    if installed.in_use || installed.settings.is_some() {
        return Err(
            "`remote` was set up before, or is in use since the first call; set it up once, before it".to_owned(),
        );
    }
    installed.settings = Some(given);
    Ok(())
}

/// Returns what tells the trace of a caller.
pub(super) fn trace_parent() -> Option<TraceParent> {
    lock_leaf(&INSTALLED).settings.as_ref()?.trace_parent
}

/// An empty variable counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).filter(|value| !value.is_empty())?;
    secure_execution::variable(name).map(|value| value.to_string_lossy().trim().to_owned())
}

/// Resolves everything but the address.
fn resolve(
    given: &ChosenSettings,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Settings, String> {
    let path = |given: &Option<PathBuf>, name: &str| {
        given.clone().or_else(|| variable(name).map(PathBuf::from))
    };
    let certificate = match &given.certificate {
        Some(files) => Some(files.clone()),
        None => match ["CERT", "KEY"].map(|it| variable(&format!("{ADDRESS}_{it}"))) {
            [Some(certificate), Some(key)] => Some((certificate.into(), key.into())),
            [None, None] => None,
            _ => {
                return Err(format!(
                    "one of {ADDRESS}_CERT and {ADDRESS}_KEY is set without the other; set both or none"
                ));
            }
        },
    };
    let number = |given: Option<u64>, setting: &str, name: &str, default: u64| match given {
        Some(number) => at_least_one(number, setting),
        None => match variable(name) {
            None => Ok(default),
            Some(text) => {
                let number = text.parse().map_err(|_| wrong(name, &text, "a whole number"))?;
                at_least_one(number, &format!("the environment variable {name}"))
            }
        },
    };
    let time = |given: Option<Duration>, setting: &str, name: &str, default: u64| {
        let (time, from) = match (given, variable(name)) {
            (Some(time), _) => (time, format!("{setting} is {time:?}")),
            (None, None) => return Ok(Duration::from_secs(default)),
            (None, Some(text)) => {
                let time = text.parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
                let form = "seconds, such as 10 or 0.5";
                (time.ok_or_else(|| wrong(name, &text, form))?, format!("{name} is {text:?}"))
            }
        };
        if (SHORTEST..=LONGEST).contains(&time) {
            Ok(time)
        } else {
            Err(format!("{from}; it has to be from {SHORTEST:?} to a year"))
        }
    };
    let namespace = given.namespace.clone().or_else(|| variable("PYBACKGROUND_REMOTE_NAMESPACE"));
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    check_word("the namespace of `remote` calls", &namespace)?;
    let queues = match &given.queues {
        Some(queues) => queues.clone(),
        None => variable("PYBACKGROUND_WORKER_QUEUES").map_or_else(
            || vec![DEFAULT_QUEUE.to_owned()],
            |text| text.split(',').map(|queue| queue.trim().to_owned()).collect(),
        ),
    };
    for queue in &queues {
        check_word("a queue of the worker", queue)?;
    }
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let as_u64 = |number: Option<usize>| number.map(|number| number as u64);
    let as_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Settings {
        url: "local:".to_owned(),
        namespace,
        credentials: path(&given.credentials, "PYBACKGROUND_REMOTE_CREDS"),
        ca: path(&given.ca, "PYBACKGROUND_REMOTE_CA"),
        certificate,
        slots: as_usize(number(
            as_u64(given.slots),
            "slots",
            "PYBACKGROUND_WORKER_SLOTS",
            processors as u64,
        )?),
        queues,
        lost_after: time(given.lost_after, "lost_after", "PYBACKGROUND_REMOTE_LOST_AFTER", 10)?,
        unserved_after: time(
            given.unserved_after,
            "unserved_after",
            "PYBACKGROUND_REMOTE_UNSERVED_AFTER",
            60,
        )?,
        keep: time(given.keep, "keep", "PYBACKGROUND_REMOTE_KEEP", 3600)?,
        queue_limit: number(
            given.queue_limit,
            "queue_limit",
            "PYBACKGROUND_REMOTE_QUEUE_LIMIT",
            1_000_000,
        )?,
        replicas: as_usize(number(
            as_u64(given.replicas),
            "replicas",
            "PYBACKGROUND_REMOTE_REPLICAS",
            1,
        )?),
        metrics: match (given.metrics, variable(METRICS)) {
            (Some(address), _) => Some(address),
            (None, Some(text)) => Some(address(&text).ok_or_else(|| {
                wrong(METRICS, &text, "a port, as 9464, or an address and a port, as 10.0.0.7:9464")
            })?),
            (None, None) => None,
        },
    })
}

/// The bounds of all times.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads an address to listen at. A port alone is one of this machine, which no other can reach.
fn address(text: &str) -> Option<SocketAddr> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = text.strip_prefix(':').unwrap_or(text).parse();
    port.map_or_else(|_| text.parse().ok(), |port| Some(SocketAddr::new(loopback, port)))
}

fn wrong(name: &str, value: &str, form: &str) -> String {
    format!("the environment variable {name} is {value:?}; it has to be {form}")
}

fn at_least_one(number: u64, setting: &str) -> Result<u64, String> {
    if number == 0 {
        return Err(format!("{setting} is 0; it has to be at least 1"));
    }
    Ok(number)
}

/// Checks a word that becomes part of the names on the server.
fn check_word(what: &str, word: &str) -> Result<(), String> {
    let is_sign =
        |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || b"-_".contains(&sign);
    if (1..=32).contains(&word.len()) && word.bytes().all(is_sign) {
        return Ok(());
    }
    Err(format!("{what} is {word:?}; it has to be 1 to 32 of the signs a-z, 0-9, `-` and `_`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, String> {
        resolve(&ChosenSettings::default(), &|asked: &str| {
            (asked == name).then(|| value.to_owned())
        })
    }

    #[test]
    fn variables_are_read() {
        let settings = with("PYBACKGROUND_REMOTE_LOST_AFTER", "0.5").unwrap();
        assert_eq!(settings.lost_after, Duration::from_millis(500));
        assert_eq!(with("PYBACKGROUND_WORKER_SLOTS", "3").unwrap().slots, 3);
        assert_eq!(with("PYBACKGROUND_WORKER_QUEUES", "gpu, a").unwrap().queues, ["gpu", "a"]);
        assert_eq!(with("PYBACKGROUND_REMOTE_CA", "ca.pem").unwrap().ca, Some("ca.pem".into()));
        for (text, address) in [
            ("9464", "127.0.0.1:9464"),
            (":9464", "127.0.0.1:9464"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:1", "[::1]:1"),
        ] {
            let settings = with("PYBACKGROUND_METRICS", text).unwrap();
            assert_eq!(settings.metrics, address.parse().ok(), "{text}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_their_name_and_the_form() {
        for (name, value, form) in [
            ("PYBACKGROUND_REMOTE_LOST_AFTER", "soon", "seconds, such as 10 or 0.5"),
            ("PYBACKGROUND_REMOTE_LOST_AFTER", "0", "from 100ms to a year"),
            ("PYBACKGROUND_WORKER_SLOTS", "0", "at least 1"),
            ("PYBACKGROUND_WORKER_SLOTS", "-1", "a whole number"),
            ("PYBACKGROUND_REMOTE_CERT", "cert.pem", "set both or none"),
            ("PYBACKGROUND_METRICS", "here", "a port, as 9464"),
        ] {
            let why = with(name, value).unwrap_err();
            assert!(why.contains(name) && why.contains(form), "{why}");
        }
        let why = with("PYBACKGROUND_REMOTE_NAMESPACE", "a.b").unwrap_err();
        assert!(why.contains("\"a.b\"") && why.contains("a-z"), "{why}");
        assert!(with("PYBACKGROUND_WORKER_QUEUES", "a,,b").unwrap_err().contains("a queue"));
    }
}
