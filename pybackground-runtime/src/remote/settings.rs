//! The settings of calls with `remote`: those of the program, else of the environment, else a default.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use super::function::DEFAULT_QUEUE;
use crate::config::ConfigError;
use crate::secure_execution;
use crate::sync::lock_leaf;

/// The address that calls go to.
const ADDRESS: &str = "PYBACKGROUND_REMOTE";

/// The address that a worker serves. It makes a worker of the program.
pub(super) const WORKER: &str = "PYBACKGROUND_WORKER";

/// What the program has set, and whether it is in use.
struct Installed {
    settings: Option<Given>,
    in_use: bool,
}

static INSTALLED: Mutex<Installed> = Mutex::new(Installed { settings: None, in_use: false });

/// The settings of the program. `None` leaves a setting to the environment and the default.
#[derive(Clone, Debug, Default)]
struct Given {
    url: Option<String>,
    namespace: Option<String>,
    credentials: Option<PathBuf>,
    ca: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    slots: Option<usize>,
    queues: Option<Vec<String>>,
    lost_after: Option<Duration>,
    unserved_after: Option<Duration>,
    keep: Option<Duration>,
    queue_limit: Option<u64>,
    replicas: Option<usize>,
}

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
}

impl Settings {
    /// Returns the variables that give a child of this worker the same settings.
    pub(super) fn variables_of_children(&self) -> Vec<(&'static str, Option<OsString>)> {
        let path = |path: &Option<PathBuf>| path.clone().map(PathBuf::into_os_string);
        let certificate = self.certificate.clone().unzip();
        vec![
            (ADDRESS, Some(self.url.clone().into())),
            (WORKER, None),
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

fn in_force(resolve: impl FnOnce(&Given) -> Result<Settings, String>) -> Result<Settings, String> {
    let mut installed = lock_leaf(&INSTALLED);
    installed.in_use = true;
    resolve(installed.settings.as_ref().unwrap_or(&Given::default()))
}

/// An empty variable counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).filter(|value| !value.is_empty())?;
    secure_execution::variable(name).map(|value| value.to_string_lossy().trim().to_owned())
}

/// Resolves everything but the address.
fn resolve(given: &Given, variable: &impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
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
    })
}

/// The bounds of all times.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

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

/// Begins to set up where the bodies of calls with `remote` run, before the first of these calls.
///
/// A setting that is not set here comes from the environment, and else has a default. An empty variable counts as not
/// set. A program with more rights than the user who started it ignores the variables.
///
/// | function | variable | default |
/// |---|---|---|
/// | [`url`](Remote::url) | `PYBACKGROUND_REMOTE` | `local:` |
/// | [`namespace`](Remote::namespace) | `PYBACKGROUND_REMOTE_NAMESPACE` | `default` |
/// | [`credentials`](Remote::credentials) | `PYBACKGROUND_REMOTE_CREDS` | none |
/// | [`ca`](Remote::ca) | `PYBACKGROUND_REMOTE_CA` | the system's |
/// | [`certificate`](Remote::certificate) | `PYBACKGROUND_REMOTE_CERT`, `PYBACKGROUND_REMOTE_KEY` | none |
/// | [`slots`](Remote::slots) of a worker | `PYBACKGROUND_WORKER_SLOTS` | the number of processors |
/// | [`queues`](Remote::queues) of a worker | `PYBACKGROUND_WORKER_QUEUES` | `default` |
/// | [`lost_after`](Remote::lost_after) | `PYBACKGROUND_REMOTE_LOST_AFTER`, in seconds | 10 seconds |
/// | [`unserved_after`](Remote::unserved_after) | `PYBACKGROUND_REMOTE_UNSERVED_AFTER`, in seconds | 60 seconds |
/// | [`keep`](Remote::keep) | `PYBACKGROUND_REMOTE_KEEP`, in seconds | an hour |
/// | [`queue_limit`](Remote::queue_limit) | `PYBACKGROUND_REMOTE_QUEUE_LIMIT` | 1,000,000 calls |
/// | [`replicas`](Remote::replicas) | `PYBACKGROUND_REMOTE_REPLICAS` | 1 |
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, remote};
///
/// #[background(remote)]
/// fn double(number: u32) -> u32 { 2 * number }
///
/// remote().url("thread:").install().unwrap();
/// assert_eq!(double(21), 42);
/// assert!(remote().url("local:").install().is_err(), "the settings are in use");
/// ```
pub fn remote() -> Remote {
    Remote { given: Given::default() }
}

/// Settings that take effect with [`install`](Remote::install); see [`remote`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Remote, remote};
///
/// let settings: Remote = remote().url("local:").namespace("tests");
/// settings.install().unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `install` is called"]
pub struct Remote {
    given: Given,
}

impl Remote {
    /// Sets where bodies run: `local:` is processes on this machine, `thread:` is threads of this process, for debugging.
    /// An engine has addresses of its own: `nats://host:port`, or several, separated by commas.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().url("thread:").install().unwrap();
    /// ```
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.given.url = Some(url.into());
        self
    }

    /// Sets the namespace. Programs of different namespaces share a server and nothing else.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().namespace("staging").install().unwrap();
    /// ```
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.given.namespace = Some(namespace.into());
        self
    }

    /// Sets the file with the credentials that the server asks for.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().credentials("/etc/app/caller.creds").install().unwrap();
    /// ```
    pub fn credentials(mut self, file: impl Into<PathBuf>) -> Self {
        self.given.credentials = Some(file.into());
        self
    }

    /// Sets the file with the certificates of authorities that are trusted besides those of the system.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().ca("/etc/app/ca.pem").install().unwrap();
    /// ```
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.given.ca = Some(file.into());
        self
    }

    /// Sets the files with the certificate and the key of this program, for servers that ask for one.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().certificate("/etc/app/cert.pem", "/etc/app/key.pem").install().unwrap();
    /// ```
    pub fn certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.given.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// Sets how many bodies a worker runs at once.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().slots(2).install().unwrap();
    /// ```
    pub fn slots(mut self, bodies: usize) -> Self {
        self.given.slots = Some(bodies);
        self
    }

    /// Sets the queues that a worker serves.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().queues(["gpu", "default"]).install().unwrap();
    /// ```
    pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        self.given.queues = Some(queues.into_iter().map(Into::into).collect());
        self
    }

    /// Sets after how long without a sign of life a worker counts as dead. All programs of a namespace need the same
    /// value.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::remote().lost_after(Duration::from_secs(30)).install().unwrap();
    /// ```
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.given.lost_after = Some(time);
        self
    }

    /// Sets how long a call waits for the first worker that serves its function.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::remote().unserved_after(Duration::from_secs(600)).install().unwrap();
    /// ```
    pub fn unserved_after(mut self, time: Duration) -> Self {
        self.given.unserved_after = Some(time);
        self
    }

    /// Sets how long the server keeps the results of programs that do not fetch them.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::remote().keep(Duration::from_secs(600)).install().unwrap();
    /// ```
    pub fn keep(mut self, time: Duration) -> Self {
        self.given.keep = Some(time);
        self
    }

    /// Sets how many calls wait on the server at most. Further calls are sent when there is room.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().queue_limit(10_000).install().unwrap();
    /// ```
    pub fn queue_limit(mut self, calls: u64) -> Self {
        self.given.queue_limit = Some(calls);
        self
    }

    /// Sets how many servers of a cluster keep each call and result.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().replicas(3).install().unwrap();
    /// ```
    pub fn replicas(mut self, servers: usize) -> Self {
        self.given.replicas = Some(servers);
        self
    }

    /// Puts the settings into force for the whole program.
    ///
    /// # Errors
    ///
    /// If a value is impossible, if settings were installed before, or if a call with `remote` was made before.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// let error = pybackground::remote().slots(0).install().unwrap_err();
    /// assert_eq!(error.to_string(), "slots is 0; it has to be at least 1");
    /// ```
    pub fn install(self) -> Result<(), ConfigError> {
        resolve(&self.given, &|_| None).map_err(ConfigError::new)?;
        let mut installed = lock_leaf(&INSTALLED);
        if installed.in_use || installed.settings.is_some() {
            return Err(ConfigError::new(
                "`remote` was set up before, or is in use since the first call; set it up once, before it",
            ));
        }
        installed.settings = Some(self.given);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, String> {
        resolve(&Given::default(), &|asked: &str| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn variables_are_read() {
        let settings = with("PYBACKGROUND_REMOTE_LOST_AFTER", "0.5").unwrap();
        assert_eq!(settings.lost_after, Duration::from_millis(500));
        assert_eq!(with("PYBACKGROUND_WORKER_SLOTS", "3").unwrap().slots, 3);
        assert_eq!(with("PYBACKGROUND_WORKER_QUEUES", "gpu, a").unwrap().queues, ["gpu", "a"]);
        assert_eq!(with("PYBACKGROUND_REMOTE_CA", "ca.pem").unwrap().ca, Some("ca.pem".into()));
    }

    #[test]
    fn wrong_values_are_refused_with_their_name_and_the_form() {
        for (name, value, form) in [
            ("PYBACKGROUND_REMOTE_LOST_AFTER", "soon", "seconds, such as 10 or 0.5"),
            ("PYBACKGROUND_REMOTE_LOST_AFTER", "0", "from 100ms to a year"),
            ("PYBACKGROUND_WORKER_SLOTS", "0", "at least 1"),
            ("PYBACKGROUND_WORKER_SLOTS", "-1", "a whole number"),
            ("PYBACKGROUND_REMOTE_CERT", "cert.pem", "set both or none"),
        ] {
            let why = with(name, value).unwrap_err();
            assert!(why.contains(name) && why.contains(form), "{why}");
        }
        let why = with("PYBACKGROUND_REMOTE_NAMESPACE", "a.b").unwrap_err();
        assert!(why.contains("\"a.b\"") && why.contains("a-z"), "{why}");
        assert!(with("PYBACKGROUND_WORKER_QUEUES", "a,,b").unwrap_err().contains("a queue"));
    }
}
