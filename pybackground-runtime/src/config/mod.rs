//! The settings of the runtime.

#[cfg(feature = "carry")]
mod carriers;
mod error;
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
mod features;
mod hooks;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) mod model;
mod resolve;

use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "carry")]
use crate::carry::HookParts;
use crate::sync::lock_leaf;
pub use error::ConfigError;
pub(crate) use resolve::{Config, ReportedWaits};
use resolve::{ProgramSettings, read_variable, resolve};

/// The settings that the program installed, and whether the pool uses them.
struct InstalledSettings {
    settings: Option<ProgramSettings>,
    in_use: bool,
}

static INSTALLED: Mutex<InstalledSettings> =
    Mutex::new(InstalledSettings { settings: None, in_use: false });

/// Starts to configure the runtime, before the first call.
///
/// A setting that is not set here comes from the environment, and else has a default. An empty variable
/// counts as not set, unless the table says otherwise. Seconds may be `inf`.
///
/// | function | unit | default |
/// |---|---|---|
/// | [`workers`](Configure::workers) | threads that compute at the same time | the number of processors |
/// | [`max_threads`](Configure::max_threads) | threads that are not blocked in a join | `max_total_threads` |
/// | [`max_total_threads`](Configure::max_total_threads) | all threads | 12000 |
/// | [`stack_size`](Configure::stack_size) | bytes | `RUST_MIN_STACK`, else 2097152 |
/// | [`stack_reserve`](Configure::stack_reserve) | bytes | three times `stack_size` |
/// | [`keep_alive`](Configure::keep_alive) | seconds | 10 |
/// | [`report_after`](Configure::report_after) | seconds; 0 or empty is never | never; in debug builds on Linux, see there |
/// | [`own_stack`](Configure::own_stack) | `true` or `false` | `false` |
/// | [`sequential`](Configure::sequential) | `true` or `false` | `false` |
///
/// The variable of a function is `PYBACKGROUND_` with its name in capital letters, such as `PYBACKGROUND_MAX_THREADS`. Only
/// `sequential` has another one: `PYBACKGROUND_MODE`, which is `parallel` or `sequential`.
///
/// A variable of a feature that the program was built without, such as `PYBACKGROUND_TIMELINE`, has no effect, and a line on
/// standard error says so.
///
/// Only the program can set [`thread_name`](Configure::thread_name),
/// [`on_thread_start`](Configure::on_thread_start) and [`on_thread_exit`](Configure::on_thread_exit).
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{configure, spawn};
///
/// configure().workers(2).max_threads(100).install().unwrap();
/// assert_eq!(spawn(|| 1 + 1), 2);
/// assert!(configure().workers(3).install().is_err(), "the threads are running");
/// ```
pub fn configure() -> Configure {
    Configure { settings: ProgramSettings::default() }
}

/// Settings to [`install`](Configure::install); see [`configure`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Configure, configure};
///
/// let settings: Configure = configure().workers(2);
/// settings.max_threads(100).install().unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `install` is called"]
pub struct Configure {
    settings: ProgramSettings,
}

impl Configure {
    /// Sets how many bodies compute at the same time; at least 1.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::configure().workers(1).install().unwrap();
    /// ```
    pub fn workers(mut self, threads: usize) -> Self {
        self.settings.workers = Some(threads);
        self
    }

    /// Sets how many threads there may be that are not blocked in a join; at least as many as workers.
    ///
    /// A thread whose body sleeps, reads or waits for a lock counts. A thread whose body blocks in a join
    /// (any use of a [`Lazy`](crate::Lazy) that waits) does not count, so that joins cannot starve: another
    /// thread runs the next call meanwhile. The blocked body continues as soon as its join ends. If all slots
    /// are taken at that moment, the number is exceeded until as many bodies have ended, and no new body starts
    /// until then.
    ///
    /// A body that polls does not count either: from the first `Lazy::wait_timeout` in vain until such a wait
    /// succeeds or the body ends.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::configure().max_threads(64).install().unwrap();
    /// ```
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.settings.max_threads = Some(threads);
        self
    }

    /// Sets how many threads there may be in all, those blocked in a join included; at least `max_threads`.
    ///
    /// This bounds what bodies that wait for calls may take. Where the system gives fewer threads, as under a
    /// limit on processes, that number is the bound. If each of the threads is blocked in a join without a
    /// time limit, no thread is left for the calls in the queue. Then each of them runs the call it waits for
    /// itself, or one that this needs: an argument, a call that its `async` body awaits, a call that has the permit. If
    /// the stack has no room for it, the call ends as refused ([`Error::is_refused`](crate::Error::is_refused)), with an
    /// error that names this setting. So do the calls that bodies made, if no thread finds a call to run and none waits
    /// for an `async` body, which may be woken from outside. A woken `async` body that no thread can run is then
    /// cancelled. A join with a time limit takes no part in this: it ends by itself, also if the call can never start.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::configure().max_total_threads(500).install().unwrap();
    /// ```
    pub fn max_total_threads(mut self, threads: usize) -> Self {
        self.settings.max_total_threads = Some(threads);
        self
    }

    /// Sets the stack that each body has, in bytes; at least 65536.
    ///
    /// A body has this much stack below it wherever a thread of the pool runs it, also on top of a body
    /// that waits for it: see [`stack_reserve`](Configure::stack_reserve). The order of precedence is this function,
    /// `PYBACKGROUND_STACK_SIZE`, and `RUST_MIN_STACK`, as for threads of the standard library. A body that has large
    /// values in variables needs several times their size in a build without optimizations.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::configure().stack_size(256 * 1024).install().unwrap();
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = Some(bytes);
        self
    }

    /// Sets how much address space each thread has for its stack beyond `stack_size`, in bytes; 0 is none.
    ///
    /// A thread that waits for a call which has not started runs that call itself, and a `compute` call
    /// may run where it is made. Both happen only while the thread has `stack_size` left, that is, within
    /// the reserve. Beyond it, the thread blocks and another one runs the call. Without a reserve every wait
    /// blocks. Memory is used only as far as bodies nest. Where the system refuses the reserve, as under
    /// a limit on address space, threads are started without it.
    ///
    /// A system that backs stacks with huge pages (`transparent_hugepage` set to `always`, before Linux 6.7)
    /// may give each such stack two megabytes at once. A reserve of 0 avoids this.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::configure().stack_reserve(0).install().unwrap();
    /// ```
    pub fn stack_reserve(mut self, bytes: usize) -> Self {
        self.settings.stack_reserve = Some(bytes);
        self
    }

    /// Sets whether each body has a stack of its own, so that no body runs on top of another one.
    ///
    /// A thread that joins a call which has not started runs that call itself, on top of the body that joins. The two
    /// bodies then share thread-locals: the one on top sees what the one below has set, a borrowed `RefCell` is
    /// borrowed for both, and a `OnceCell` that the one below initializes is being initialized. With this setting, a
    /// body begins only where no other body is below it: at the bottom of a thread of the pool. A join blocks, a
    /// `compute` call is queued, and a [`scope`](crate::scope) leaves its closures to the pool.
    ///
    /// This costs what running in place saves. A join of a call that has not started takes two context switches, some
    /// microseconds, instead of a fraction of one, and each blocked body holds a thread: a recursion of calls takes
    /// as many threads as it is deep. At [`max_total_threads`](Configure::max_total_threads), a call that would
    /// run in place is refused. [`stack_reserve`](Configure::stack_reserve) has no effect. For a single function, use
    /// the option `own_stack` of the attribute.
    ///
    /// Two cases are excepted, in which bodies run on the stack of their caller: [sequential mode](Configure::sequential),
    /// and the closures of a scope if the system gives the pool no thread at all.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{configure, spawn};
    /// use std::thread;
    ///
    /// configure().own_stack(true).install().unwrap();
    /// let same_thread = spawn(|| {
    ///     let inner = spawn(|| thread::current().id());
    ///     *inner == thread::current().id()
    /// });
    /// assert!(!*same_thread);
    /// ```
    pub fn own_stack(mut self, own_stack: bool) -> Self {
        self.settings.own_stack = Some(own_stack);
        self
    }

    /// Sets how long an idle thread is kept; `Duration::MAX` keeps it until the shutdown.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::configure().keep_alive(Duration::from_secs(1)).install().unwrap();
    /// ```
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.keep_alive = Some(time);
        self
    }

    /// Sets after how long a wait writes a [`snapshot`](crate::snapshot) to the standard error,
    /// once, so that a program that hangs says why; zero is never. Several waits share a report if they
    /// can. A thread of its own writes the report, so it never blocks a caller.
    ///
    /// Debug builds on Linux (x86-64 and aarch64) report by default, once, if a wait for a call or the end of a scope
    /// takes 10 seconds, and needs a body that is blocked in a lock or channel without a timeout.
    /// `PYBACKGROUND_REPORT_AFTER=0` switches this off.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::configure().report_after(Duration::from_secs(60)).install().unwrap();
    /// ```
    pub fn report_after(mut self, time: Duration) -> Self {
        self.settings.report_after = Some(time);
        self
    }

    /// Sets whether each call runs to its end before it returns, on the thread of the caller, so that a
    /// debugger sees one call after the other.
    ///
    /// A body that waits for a later call hangs in this mode. Calls made by bodies nest on the stack of the
    /// caller: without optimisations, a recursion of about 3,000 calls overflows the eight megabytes of a
    /// usual main thread.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, configure, spawn};
    /// use std::thread;
    ///
    /// configure().sequential(true).install().unwrap();
    /// let x = spawn(|| thread::current().id());
    /// assert!(Lazy::is_ready(&x));
    /// assert_eq!(x, thread::current().id());
    /// ```
    pub fn sequential(mut self, sequential: bool) -> Self {
        self.settings.sequential = Some(sequential);
        self
    }

    /// Sets how the names of the threads that run bodies begin; without it, `background`. The threads of
    /// `thread_name("db")` are `db-0`, `db-1` and so on. Linux shows the first 15 bytes.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{configure, spawn};
    ///
    /// configure().thread_name("db").install().unwrap();
    /// assert_eq!(spawn(|| std::thread::current().name().map(str::to_owned)), Some("db-0".to_owned()));
    /// ```
    pub fn thread_name(mut self, name: &str) -> Self {
        self.settings.hooks.name = Some(name.to_owned());
        self
    }

    /// Sets what each thread that runs bodies does before its first body: setting its priority, say, or
    /// registering itself at a library. A later function replaces an earlier one.
    ///
    /// The thread takes no call before the function returns, so the function must not wait for calls. A panic of it
    /// is reported by the panic hook, and the thread goes on.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{configure, spawn};
    /// use std::cell::Cell;
    ///
    /// thread_local!(static IS_SET_UP: Cell<bool> = const { Cell::new(false) });
    ///
    /// configure().on_thread_start(|| IS_SET_UP.set(true)).install().unwrap();
    /// assert!(*spawn(|| IS_SET_UP.get()));
    /// ```
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.settings.hooks.start = Some(Arc::new(hook));
        self
    }

    /// Sets what each thread that runs bodies does after its last body, before the destructors of its thread-locals.
    ///
    /// A thread ends when it was idle for [`keep_alive`](Configure::keep_alive), or by a
    /// [`shutdown`](crate::shutdown), which waits for the function. When `main` returns, threads do not end but are
    /// cut off, and the function does not run.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{configure, shutdown, spawn};
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::Duration;
    ///
    /// static EXITS: AtomicUsize = AtomicUsize::new(0);
    ///
    /// configure().on_thread_exit(|| _ = EXITS.fetch_add(1, Ordering::SeqCst)).install().unwrap();
    /// assert_eq!(spawn(|| 1), 1);
    /// shutdown(Duration::from_secs(60)).unwrap();
    /// assert!(EXITS.load(Ordering::SeqCst) > 0);
    /// ```
    pub fn on_thread_exit(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.settings.hooks.exit = Some(Arc::new(hook));
        self
    }

    /// Carries a value from each call to its body: the context of `OpenTelemetry`, the fields of a log, a locale.
    ///
    /// `capture` runs on the thread that makes a call and returns what is to be carried. `enter` runs on the thread of
    /// the body, for an `async` body at each poll. It gets what was captured, sets it, calls its second argument, which
    /// runs the body, and takes back what it set. It also runs around the destructors of what a body captured, if
    /// the body never runs. Each call of `carry` adds a hook; the first is outermost.
    ///
    /// A body that runs where its call is made, as with `compute`, is in that thread's context anyway. A panic of `capture`
    /// propagates to the caller. Without a hook, this costs a call one relaxed load.
    ///
    /// With `OpenTelemetry`: `carry(Context::current, |context, run| { let _entered = context.clone().attach(); run() })`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{configure, spawn};
    /// use std::cell::Cell;
    ///
    /// thread_local!(static LOCALE: Cell<&str> = const { Cell::new("en") });
    ///
    /// configure()
    ///     .carry(
    ///         || LOCALE.get(),
    ///         |locale, run| {
    ///             let before = LOCALE.replace(locale);
    ///             run();
    ///             LOCALE.set(before);
    ///         },
    ///     )
    ///     .install()
    ///     .unwrap();
    /// LOCALE.set("fr");
    /// assert_eq!(spawn(|| LOCALE.get()), "fr");
    /// ```
    #[cfg(feature = "carry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "carry")))]
    pub fn carry<C: Send + 'static>(
        mut self,
        capture: impl Fn() -> C + Send + Sync + 'static,
        enter: impl Fn(&C, &mut dyn FnMut()) + Send + Sync + 'static,
    ) -> Self {
        self.settings.carriers.add(HookParts(capture, Arc::new(enter)));
        self
    }

    /// Installs the settings for the whole process.
    ///
    /// # Errors
    ///
    /// Fails if a value is not valid, here or in a variable of the environment; if settings were installed
    /// before; or if a call was made before.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::configure;
    ///
    /// let error = configure().workers(0).install().unwrap_err();
    /// assert_eq!(error.to_string(), "workers is 0; it has to be from 1 to 1000000");
    /// ```
    pub fn install(self) -> Result<(), ConfigError> {
        resolve(&self.settings, read_variable)?;
        let mut installed = lock_leaf(&INSTALLED);
        if installed.in_use {
            return Err(ConfigError::new(
                "the threads are running since the first call; configure them before it",
            ));
        }
        if installed.settings.is_some() {
            return Err(ConfigError::new(
                "settings were installed before; they hold for the whole process",
            ));
        }
        #[cfg(feature = "carry")]
        self.settings.carriers.install();
        installed.settings = Some(self.settings);
        Ok(())
    }
}

#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) use model::effective;

/// Returns the settings, which cannot be installed any more.
///
/// # Panics
///
/// Panics if a variable of the environment has an invalid value.
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
pub(crate) fn effective() -> Config {
    let settings = {
        let mut installed = lock_leaf(&INSTALLED);
        installed.in_use = true;
        installed.settings.clone().unwrap_or_default()
    };
    features::report_variables_without_effect();
    resolve(&settings, read_variable).unwrap_or_else(|error| panic!("{error}"))
}
