//! The text of every error: what is wrong, then what to write instead.
//!
//! They are in one file so that they read as one voice. `tests/ui` shows where each one appears.

pub(crate) const KEYS: &str = "`timeout`, `run_timeout`, `compute`, `own_stack`, `limit`, `single_flight`, `cache`, `process`, `remote`, `retry`, `queue`, `memory`, `name`, `crate`";

// What is refused of a function as a whole.

pub(crate) const NOT_A_FUNCTION: &str = "`#[background]` goes on a function, a method, or a method of a trait\n\
     instead: for a closure or a call in place, write `spawn(move || ..)`";

pub(crate) const CONTAINER: &str = "`#[background]` goes on a function or method, not on the item that contains it\n\
     instead: put the attribute on each method that runs in the background";

/// Before the parser's own words.
pub(crate) const UNREAD: &str =
    "`#[background]` does not know this syntax, so the function would not run in the background";

pub(crate) const CONST: &str = "the compiler cannot make a background call, so the function cannot be `const`\n\
     instead: write a second function that is `const`, and call it in the body";

pub(crate) const EXTERN: &str = "a background function returns a `Lazy`, which a foreign ABI cannot pass\n\
     instead: put the attribute on a Rust function, and join its call in an `extern` function";

pub(crate) const VARIADIC: &str = "a background call cannot take a variable number of arguments\n\
     instead: take a slice or a `Vec`";

pub(crate) const MAIN: &str = "`main` cannot run in the background: the process ends when it returns\n\
     instead: put the attribute on the functions that `main` calls";

pub(crate) const DESTRUCTOR: &str = "a destructor cannot run in the background: the value is gone when `drop` returns\n\
     instead: give a call in `drop` what it needs: `spawn(move || ..)`";

pub(crate) const TEST: &str = "the test harness needs the result when the test returns, so a test cannot run in the background\n\
     instead: put the attribute on the functions that the test calls";

// What is refused of parameters, generics and results.

/// The errors about borrows. What to write instead depends on where the body runs.
pub(crate) struct Borrows {
    /// For a parameter that is a `&mut`.
    pub(crate) mutable: &'static str,
    /// For a borrow inside the type of a parameter.
    pub(crate) buried: &'static str,
    /// For a result that borrows.
    pub(crate) returned: &'static str,
}

pub(crate) const BORROWS: Borrows = Borrows {
    mutable: "a background call cannot borrow mutably from its caller, because the caller continues while the body runs\n\
         instead: take the value and return it (`fn f(mut x: T) -> T`), share it (`Arc<Mutex<T>>`), \
         or write the call as a closure in a scope, which may borrow: `pybackground::scope(|s| { s.spawn(|| ..); })`",
    buried: "a background call can outlive its caller's borrows, and this borrow is inside a type, \
         where the call cannot copy the value that it refers to\n\
         instead: take an owned type (`String`, `Vec<T>`, `Cow<'static, str>`), `'static` data, or an `Arc`; \
         or write the call as a closure in a scope, which may borrow: `pybackground::scope(|s| { s.spawn(|| ..); })`",
    returned: "the result of a background call can outlive its caller's borrows, so it cannot borrow from an argument\n\
         instead: return an owned type (`String`, `Vec<T>`), `'static` data, or an `Arc`",
};

pub(crate) const BORROWS_SELF_MUTABLY: &str = "a background call cannot borrow `self` mutably from its caller, because the caller continues while the body runs\n\
     instead: take `mut self` and return it (`-> Self`), share it (`self: Arc<Self>` with a `Mutex` inside), \
     or write the call as a closure in a scope, which may borrow: `pybackground::scope(|s| { s.spawn(|| ..); })`";

pub(crate) const LAZY_RECEIVER: &str = "`#[lazy]` goes on a parameter, not on the receiver: the receiver's value selects the method\n\
     instead: write a function that takes the value as a parameter";

pub(crate) const LAZY_BORROWS: &str = "a `#[lazy]` parameter takes a value that may not exist yet, so it cannot be a reference\n\
     instead: take an owned type (`String`, `Vec<T>`), `'static` data, or an `Arc`";

pub(crate) const LAZY_IMPL: &str = "a `#[lazy]` parameter takes a `T` or a `Lazy<T>`, and its type decides which, so it cannot be `impl Trait`\n\
     instead: name the type, or write a type parameter (`T: Trait + Send + 'static`) and name its type at the call: `f::<u32>(x)`";

pub(crate) const LAZY_HAS_NO_VALUE: &str = "`#[lazy]` takes no value: write `#[lazy] x: T`";

pub(crate) fn unbounded(parameter: &impl std::fmt::Display) -> String {
    format!(
        "a value of type `{parameter}` moves to another thread, and not every type can\n\
         instead: write `{parameter}: Send + 'static`, and add `Clone` if an argument is a `&{parameter}`"
    )
}

// What is refused of a function that runs in another process.

pub(crate) const PROCESS_IS_NOT_COMPUTE: &str = "`compute` is about the threads of this process, and a body with `process` runs on none of them\n\
     instead: leave out one of the two";

pub(crate) const PROCESS_HAS_OWN_STACK: &str = "`own_stack` is about the threads of this process, and a body elsewhere runs on none of them\n\
     instead: leave out `own_stack`: no other body is on the stack of a body in another process";

pub(crate) const PROCESS_IS_NOT_ASYNC: &str = "the other process has no executor, so an `async fn` cannot run there\n\
     instead: leave out `async`, and block on the future in the body";

pub(crate) const PROCESS_GENERIC: &str = "the other process finds the function in a list, and a generic function has an entry for no type\n\
     instead: for each type write a function that calls the generic one";

pub(crate) const PROCESS_RECEIVER: &str = "the other process finds the function in a list, and an entry of the list cannot name `Self`\n\
     instead: write a function without `self` that takes the values it needs, by value or as `&T`";

pub(crate) const PROCESS_SELF: &str = "the other process finds the function in a list, and an entry of the list cannot name `Self`\n\
     instead: write the name of the type";

pub(crate) const PROCESS_IMPL: &str = "arguments and results of another process are serialized, and serde has to know their type\n\
     instead: write the type (`Vec<T>` for an iterator, `String` for a `Display`)";

pub(crate) const PROCESS_LAZY: &str = "the arguments of another process are serialized when the call is made, so their values have to exist\n\
     instead: take the value, and make the call in the body of a background function that has it as a `#[lazy]` parameter";

pub(crate) const PROCESS_BORROWS: Borrows = Borrows {
    mutable: "another process works on a copy, so the caller would not see its changes\n\
         instead: take the value and return it (`fn f(mut x: T) -> T`)",
    buried: "the arguments of another process are copied, and this borrow is inside a type, where the call cannot \
         copy the value that it refers to\n\
         instead: take an owned type (`String`, `Vec<T>`, `Cow<'static, str>`)",
    returned: "the result of another process is a new value, so it cannot borrow from an argument\n\
         instead: return an owned type (`String`, `Vec<T>`)",
};

pub(crate) const PROCESS_STATIC: &str = "the arguments and the result of another process are new values, so they cannot be `'static` references\n\
     instead: take `&str` or `&T`, which the call copies, or an owned type (`String`, `Vec<T>`); return an owned type";

pub(crate) const PROCESS_NEVER: &str = "a body that never returns has no result that another process could send\n\
     instead: return `()`";

// What is refused of the attribute's own arguments.

pub(crate) fn unknown_key(key: &impl std::fmt::Display) -> String {
    format!("`#[background]` has no option `{key}`; it has {KEYS}")
}

pub(crate) fn duplicate_key(key: &impl std::fmt::Display) -> String {
    format!("option `{key}` is given twice; each of {KEYS} can be given once")
}

pub(crate) const NOT_A_KEY: &str = "expected an option of `#[background]`: `timeout`, `run_timeout`, `compute`, `own_stack`, `limit`, `single_flight`, `cache`, `process`, `remote`, `retry`, `queue`, `memory`, `name` or `crate`";

pub(crate) const COMPUTE_HAS_NO_VALUE: &str =
    "`compute` takes no value: write `#[background(compute)]`, or leave it out";

pub(crate) const COMPUTE_IS_NOT_ASYNC: &str = "`compute` is for a body that keeps its thread busy, \
     and an `async fn` releases its thread while it waits\n\
     instead: leave out one of the two; `timeout`, `run_timeout`, `limit`, `name` and `crate` go with both";

pub(crate) const OWN_STACK_HAS_NO_VALUE: &str =
    "`own_stack` takes no value: write `#[background(own_stack)]`, or leave it out";

pub(crate) const OWN_STACK_IS_NOT_COMPUTE: &str = "`compute` lets the body run on the stack of its caller, and `own_stack` keeps it from that\n\
     instead: leave out one of the two";

pub(crate) const PROCESS_HAS_NO_VALUE: &str =
    "`process` takes no value: write `#[background(process)]`, or leave it out";

pub(crate) const REMOTE_HAS_NO_VALUE: &str = "`remote` takes no value: write `#[background(remote)]`, or leave it out; the address is a setting of the program";

pub(crate) const RETRY_NEEDS_VALUE: &str = "`retry` needs a value: how often the body may start again after its worker \
     disappeared, a whole number from 0 to 100 (`retry = 3`)";

pub(crate) const QUEUE_NEEDS_VALUE: &str = "`queue` needs a value: 1 to 32 of the signs a-z, 0-9, `-` and `_`, as a string literal (`queue = \"gpu\"`)";

pub(crate) fn needs_remote(key: &impl std::fmt::Display) -> String {
    format!(
        "`{key}` is about bodies on other machines, but this body runs on the machine of its caller\n\
         instead: add `remote`, or leave out `{key}`"
    )
}

pub(crate) const REMOTE_IS_NOT_PROCESS: &str = "a body with `remote` runs in a process of its worker anyway, so `process` says nothing more\n\
     instead: leave out one of the two; without a server, `remote` runs bodies in processes of this machine";

pub(crate) const MEMORY_NEEDS_VALUE: &str = "`memory` needs a value: a whole number of bytes (`memory = 1_000_000`), \
     text with a unit (`memory = \"512MiB\"`; units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a constant of type `u64`";

pub(crate) const MEMORY_IS_ZERO: &str =
    "with a memory of 0 bytes no body can run: write 1 or more, or leave out `memory`";

pub(crate) fn memory_not_understood(value: &str) -> String {
    format!(
        "`{value}` is not an amount of memory: write a whole number of bytes (`1_000_000`), text with a unit \
         (`\"512MiB\"`; units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a constant of type `u64`"
    )
}

pub(crate) fn memory_too_large(value: &str) -> String {
    format!(
        "`{value}` is more memory than any machine has: write fewer than 2⁶⁴ bytes, or leave out `memory`"
    )
}

pub(crate) const MEMORY_NEEDS_PROCESS: &str = "`memory` limits the process of a body, but this body runs in the process of its caller\n\
     instead: add `process` or `remote`, or leave out `memory`";

pub(crate) const TIMEOUT_NEEDS_VALUE: &str = "`timeout` needs a value: seconds (`timeout = 1.5`), text (`timeout = \"250ms\"`), \
     or an expression of type `Duration`";

pub(crate) const RUN_TIMEOUT_NEEDS_VALUE: &str = "`run_timeout` needs a value: seconds (`run_timeout = 1.5`), text (`run_timeout = \"250ms\"`), \
     or an expression of type `Duration`";

pub(crate) const LIMIT_NEEDS_VALUE: &str = "`limit` needs a value: how many calls of this function may run at once (`limit = 4`), \
     or a `static` of type `Limit` that several functions share (`limit = DATABASE`)";

pub(crate) const LIMIT_BY_REFERENCE: &str = "`limit` takes the name of the `static`, not a reference to it\n\
     instead: write `limit = DATABASE`, without the `&`";

pub(crate) const LIMIT_IS_NOT_SHARED: &str = "no other function could name this limit, and nothing could set it\n\
     instead: write `limit = 4` for a limit of this function alone; to share it, write \
     `static DATABASE: Limit = Limit::new(4);` and `limit = DATABASE`";

pub(crate) const LIMIT_IS_ZERO: &str =
    "with a limit of 0 no call can run: write 1 or more, or leave out `limit`";

pub(crate) const SINGLE_FLIGHT_HAS_NO_VALUE: &str =
    "`single_flight` takes no value: write `#[background(single_flight)]`, or leave it out";

pub(crate) const CACHE_SHARES_FLIGHTS: &str = "`cache` shares calls that run, as `single_flight` does, and keeps their values\n\
     instead: leave out `single_flight`";

pub(crate) const CACHE_NEEDS_PARENTHESES: &str = "`cache` takes its values in parentheses\n\
     instead: write `cache(size = 100, ttl = \"60s\")`, or `cache` alone, which keeps 1,000 values";

pub(crate) const CACHE_HAS_TWO_VALUES: &str = "`cache` takes how many values it keeps, and for how long, each once\n\
     instead: write `cache(size = 100, ttl = \"60s\")`; each of the two may be left out";

pub(crate) const CACHE_SIZE_NEEDS_VALUE: &str =
    "`size` needs a value: how many values are kept (`size = 100`)";

pub(crate) const CACHE_SIZE_IS_ZERO: &str =
    "a cache of size 0 keeps nothing: write 1 or more, or `single_flight`";

pub(crate) const CACHE_TTL_NEEDS_VALUE: &str = "`ttl` needs a value, for how long a value is kept: seconds (`ttl = 1.5`), text (`ttl = \"60s\"`), \
     or an expression of type `Duration`";

pub(crate) const SHARED_LAZY: &str = "equal calls are found by their arguments, so the values have to exist when the call is made\n\
     instead: take the value, and make the call in the body of a background function that has it as a `#[lazy]` parameter";

pub(crate) const SHARED_PROCESS: &str = "a call whose body leaves this process (`process`, `remote`) cannot be shared by equal calls\n\
     instead: leave out one of the two, and put `single_flight` or `cache` on a second function whose body calls this one";

pub(crate) const NAME_NEEDS_VALUE: &str =
    "`name` needs a value: a string literal that is not empty (`name = \"fetch\"`)";

pub(crate) const CRATE_NEEDS_VALUE: &str = "`crate` needs a value: the path of `pybackground` in this crate, \
     without quotes (`crate = my_name_for_it`)";

pub(crate) const OPTION_WITHOUT_BODY: &str = "a declaration has no body, so this option would have no effect\n\
     instead: put the option on the implementations; a declaration takes only `crate`, and `single_flight` or `cache`, \
     which make its result a `Shared`";

pub(crate) fn option_mentions(option: &str, parameter: &impl std::fmt::Display) -> String {
    let instead = match option {
        "timeout" => "instead: give one call a timeout by `Lazy::with_timeout(f(..), duration)`",
        _ => "instead: use a literal or a constant",
    };
    format!(
        "`{option}` belongs to the function, not to a call, so its value cannot use the parameter `{parameter}`\n\
         {instead}"
    )
}

// What is refused of a literal timeout.

const FORMS: &str =
    "write seconds (`1.5`), text (`\"250ms\"`; units ns, us, ms, s, m, h, d), or a `Duration`";

pub(crate) fn timeout_negative(value: &str) -> String {
    format!(
        "a timeout is a length of time and cannot be negative, but this one is {value}: {FORMS}"
    )
}

pub(crate) fn timeout_not_finite(value: &str) -> String {
    format!(
        "a timeout must be a finite number, but this one is {value}: {FORMS}; \
         for no timeout leave it out"
    )
}

pub(crate) fn timeout_not_understood(value: &str) -> String {
    format!("{value} is not a length of time: {FORMS}")
}
