//! `background(f)(args)`: makes any function a background function at the call.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Waker;

use crate::attribute::IntoTimeout;
use crate::call::{Path, path_of_enclosing_function};
use crate::dispatch::{dispatch, start};
use crate::lazy::Lazy;
use crate::options::Options;
use crate::small_value::is_large;
use crate::task::{Body, Limit, Step};

/// Makes a background function of any function or closure: calling it returns at once.
///
/// The arguments, up to eight, move to the thread that runs the function. For a method, pass a closure that
/// owns the object.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::background;
///
/// fn very_slow_task(arg: i32) -> i32 { arg }
///
/// let x = background(very_slow_task)(1);
/// let y = background(very_slow_task)(2);
/// let z = background(very_slow_task)(3);
/// assert_eq!(format!("{z} {y} {x}"), "3 2 1");
///
/// #[derive(Clone)]
/// struct Counter { step: i32 }
/// impl Counter {
///     fn after(&self, n: i32) -> i32 { n + self.step }
/// }
/// let counter = Counter { step: 10 };
/// let x = background(move |n| counter.after(n))(1);
/// assert_eq!(x, 11);
/// ```
#[track_caller]
pub fn background<F, Args>(function: F) -> Background<F, Args>
where
    F: Callable<Args>,
{
    Background::new(Arc::new(function), Options::here())
}

/// A function that runs in the background when it is called; made by [`background`].
///
/// It dereferences to `dyn Fn(..) -> Lazy<R>`, so it is called like the function itself.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::background;
///
/// let add = background(|a: i32, b: i32| a + b);
/// let (x, y) = (add(1, 2), add(3, 4));
/// assert_eq!(x + y, 10);
/// ```
pub struct Background<F, Args>
where
    F: Callable<Args>,
{
    function: Arc<F>,
    options: Options,
    call: Box<F::Call>,
}

impl<F, Args> Background<F, Args>
where
    F: Callable<Args>,
{
    fn new(function: Arc<F>, options: Options) -> Self {
        let call = F::call_with(function.clone(), options);
        Self { function, options, call }
    }

    /// Sets a timeout for each call: seconds as `f64`, a `Duration`, or text such as `"250ms"`.
    ///
    /// # Panics
    ///
    /// If the time is negative or not a number. The message has the function's name and the value.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Timeout, background};
    /// use std::thread::sleep;
    /// use std::time::Duration;
    ///
    /// let x = background(|| sleep(Duration::from_secs(5))).timeout(0.01)();
    /// assert!(x == Timeout);
    /// ```
    #[must_use = "the timeout applies to calls of the returned function"]
    #[track_caller]
    pub fn timeout(self, timeout: impl IntoTimeout) -> Self {
        let timeout = match timeout.into_timeout() {
            Ok(timeout) => timeout,
            Err(bad) => panic!("background({}): {bad}", std::any::type_name::<F>()),
        };
        Self::new(self.function, self.options.timeout(timeout))
    }

    /// Sets a timeout for the run of each call, which counts from the start of its body: see `run_timeout` of
    /// the attribute.
    ///
    /// # Panics
    ///
    /// As [`timeout`](Background::timeout).
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Timeout, background};
    /// use std::thread::sleep;
    /// use std::time::Duration;
    ///
    /// let x = background(|| sleep(Duration::from_secs(5))).run_timeout(0.01)();
    /// assert!(x == Timeout);
    /// ```
    #[must_use = "the timeout applies to calls of the returned function"]
    #[track_caller]
    pub fn run_timeout(self, timeout: impl IntoTimeout) -> Self {
        let timeout = match timeout.into_timeout() {
            Ok(timeout) => timeout,
            Err(bad) => panic!("background({}): {bad}", std::any::type_name::<F>()),
        };
        Self::new(self.function, self.options.run_timeout(timeout))
    }

    /// Keeps each body from running on top of another one, and others from running on top of it: see `own_stack` of the
    /// attribute.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::background;
    /// use std::cell::RefCell;
    ///
    /// thread_local!(static USER: RefCell<String> = RefCell::default());
    ///
    /// let user = background(|| USER.with_borrow(String::clone)).own_stack();
    /// let seen = background(move || {
    ///     USER.set("Ann".to_owned());
    ///     let seen = user().clone(); // joins on another thread's stack
    ///     USER.take();
    ///     seen
    /// });
    /// assert_eq!(*seen(), "");
    /// ```
    #[must_use = "the option applies to calls of the returned function"]
    pub fn own_stack(self) -> Self {
        Self::new(self.function, self.options.own_stack())
    }

    /// Sets a limit on how many bodies run at once, which other functions may share.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Limit, background};
    ///
    /// static DISK: Limit = Limit::new(2);
    ///
    /// let read = background(|file: &str| file.len()).limit(&DISK);
    /// let write = background(|file: &str| file.len()).limit(&DISK);
    /// assert_eq!(read("a") + write("bc"), 3);
    /// ```
    #[must_use = "the limit applies to calls of the returned function"]
    pub fn limit(self, limit: &'static Limit) -> Self {
        Self::new(self.function, self.options.limit(limit))
    }
}

impl<F, Args> Deref for Background<F, Args>
where
    F: Callable<Args>,
{
    type Target = F::Call;

    fn deref(&self) -> &F::Call {
        &self.call
    }
}

/// A function of up to eight arguments that [`background`] can run.
///
/// All functions and closures implement it if threads can share them, and if their arguments and result
/// are `Send`.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Callable, background};
///
/// fn start<F: Callable<(u32,)>>(function: F) {
///     let _background = background(function);
/// }
/// start(|x: u32| x + 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`background` cannot run this in the background",
    label = "not a function or closure that can move to another thread",
    note = "it takes up to eight arguments; each of them and the result must be `Send + 'static`",
    note = "a closure must own the values it uses: write `background(move |..| ..)`, and clone values that are used elsewhere"
)]
pub trait Callable<Args>: Send + Sync + 'static + Sized {
    /// The type of the background function: `dyn Fn(..) -> Lazy<R>`.
    type Call: ?Sized;

    #[doc(hidden)]
    fn call_with(function: Arc<Self>, options: Options) -> Box<Self::Call>;
}

/// A function with the arguments of one call.
struct Applied<F, Args, R> {
    function: Arc<F>,
    arguments: Args,
    result: PhantomData<fn() -> R>,
}

macro_rules! callable {
    ($($argument:ident)*) => {
        impl<F, R, $($argument),*> Callable<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
            R: Send + 'static,
            $($argument: Send + 'static,)*
        {
            type Call = dyn Fn($($argument),*) -> Lazy<R> + Send + Sync;

            #[allow(non_snake_case, reason = "the arguments are named as their types")]
            fn call_with(function: Arc<Self>, options: Options) -> Box<Self::Call> {
                Box::new(move |$($argument),*| {
                    if const { is_large::<R>() || is_large::<($($argument,)*)>() } {
                        let function = function.clone();
                        let options = options.named_by(path_of_enclosing_function::<F>);
                        return dispatch(options, move || function($($argument),*));
                    }
                    let arguments = ($($argument,)*);
                    start(options, Applied { function: function.clone(), arguments, result: PhantomData })
                })
            }
        }

        impl<F, R, $($argument),*> Body for Applied<F, ($($argument,)*), R>
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
            R: Send + 'static,
            $($argument: Send + 'static,)*
        {
            type Output = R;
            type Label = ();
            const IS_SYNC: bool = true;

            fn label(&self) {}

            fn function((): ()) -> Path {
                path_of_enclosing_function::<F>
            }

            #[allow(non_snake_case, reason = "the arguments are named as their types")]
            fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
                let ($($argument,)*) = self.arguments;
                Step::Finished((self.function)($($argument),*))
            }
        }
    };
}

callable! {}
callable! { A }
callable! { A B }
callable! { A B C }
callable! { A B C D }
callable! { A B C D E }
callable! { A B C D E G }
callable! { A B C D E G H }
callable! { A B C D E G H I }
