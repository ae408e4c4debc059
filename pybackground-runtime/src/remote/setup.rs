//! What a program calls to set up `remote`: [`remote`], and the functions that set one setting each.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::settings::{self, ChosenSettings};
use crate::config::ConfigError;

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
/// | [`metrics`](Remote::metrics) of a worker | `PYBACKGROUND_METRICS` | none |
/// | [`traceparent`](Remote::traceparent) | | none |
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
    Remote { given: ChosenSettings::default() }
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
    given: ChosenSettings,
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

    /// Sets where a worker serves its metrics, as text that Prometheus reads. Whoever reaches the address reads them.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::remote().metrics(([127, 0, 0, 1], 9464)).install().unwrap();
    /// ```
    pub fn metrics(mut self, address: impl Into<SocketAddr>) -> Self {
        self.given.metrics = Some(address.into());
        self
    }

    /// Sets what returns the trace of the calling thread, in the form of the W3C's header `traceparent`. It is called on
    /// the thread of each call, and travels with the call: as a header of its message, to
    /// [`traceparent`](crate::traceparent) in the body, and with the feature `tracing` as a field of the call's span
    /// here and on the worker. The calls that a body makes belong to the same trace.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// fn of_this_thread() -> Option<String> {
    ///     // From the context of an exporter of traces.
    ///     Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())
    /// }
    ///
    /// pybackground::remote().traceparent(of_this_thread).install().unwrap();
    /// ```
    pub fn traceparent(mut self, of_this_thread: fn() -> Option<String>) -> Self {
        self.given.trace_parent = Some(of_this_thread);
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
        settings::install(self.given).map_err(ConfigError::new)
    }
}
