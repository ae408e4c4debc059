//! The text of every refusal: what is wrong, then what to write instead.
//!
//! Kept together so that they read as one voice; `tests/ui` shows each where it appears.

pub(crate) const KEYS: &str = "`timeout`, `compute`, `limit`, `process`, `memory`, `name`, `crate`";

// What is refused of a function as a whole.

pub(crate) const NOT_A_FUNCTION: &str = "`#[background]` goes on a function, a method, or a method of a trait\n\
     instead: for a closure or a call in place, write `spawn(move || ..)`";

pub(crate) const CONTAINER: &str = "`#[background]` goes on a function or method, not on what holds it\n\
     instead: put the attribute on each method whose calls shall run in the background";

pub(crate) const CONST: &str = "a background call cannot be made at compile time, so the function cannot be `const`\n\
     instead: keep a `const fn` beside it, and call that in the body";

pub(crate) const EXTERN: &str = "a background function returns a `Lazy`, which has no meaning in a foreign ABI\n\
     instead: write a plain function, and an `extern` one that calls it and joins";

pub(crate) const VARIADIC: &str = "a background call cannot take a variable number of arguments\n\
     instead: take a slice or a `Vec`";

pub(crate) const MAIN: &str = "`main` cannot run in the background: the process ends when it returns\n\
     instead: put the attribute on the functions that `main` calls";

pub(crate) const TEST: &str = "a test must end before its result is known, so it cannot run in the background\n\
     instead: put the attribute on the functions that the test calls";

// What is refused of parameters, generics and results.

/// What is said of borrows. What to write instead depends on where the body runs.
pub(crate) struct Borrows {
    /// Of a parameter that is a `&mut`.
    pub(crate) mutable: &'static str,
    /// Of a borrow inside the type of a parameter.
    pub(crate) buried: &'static str,
    /// Of a result.
    pub(crate) returned: &'static str,
}

pub(crate) const BORROWS: Borrows = Borrows {
    mutable: "a background call cannot borrow mutably from its caller, which goes on while the body runs\n\
         instead: take the value and give it back (`fn f(mut x: T) -> T`), share it (`Arc<Mutex<T>>`), \
         or borrow inside `std::thread::scope`",
    buried: "a background call outlives what its caller lends: this borrow is inside a type, \
         where no copy can be made of what it refers to\n\
         instead: take an owned type (`String`, `Vec<T>`, `Cow<'static, str>`), `'static` data, or an `Arc`; \
         to borrow, use `std::thread::scope`",
    returned: "the result of a background call outlives what its caller lends, so it cannot borrow from an argument\n\
         instead: return an owned type (`String`, `Vec<T>`), `'static` data, or an `Arc`",
};

pub(crate) const BORROWS_SELF_MUTABLY: &str = "a background call cannot borrow `self` mutably from its caller, which goes on while the body runs\n\
     instead: take `mut self` and give it back (`-> Self`), or share it (`self: Arc<Self>` with a `Mutex` inside)";

pub(crate) const LAZY_RECEIVER: &str = "`#[lazy]` goes on a parameter: the receiver tells which method is called, so its value has to be there\n\
     instead: write a function that takes it as a parameter";

pub(crate) const LAZY_BORROWS: &str = "a `#[lazy]` parameter takes a value that may not be there yet, so there is nothing to borrow from\n\
     instead: take an owned type (`String`, `Vec<T>`), `'static` data, or an `Arc`";

pub(crate) const LAZY_IMPL: &str = "the type of a `#[lazy]` parameter tells a value from a `Lazy` of it, so it cannot be `impl Trait`\n\
     instead: name the type, or write a type parameter (`T: Trait + Send + 'static`) and say which at the call: `f::<u32>(x)`";

pub(crate) const LAZY_HAS_NO_VALUE: &str = "`#[lazy]` takes no value: write `#[lazy] x: T`";

pub(crate) fn unbounded(parameter: &impl std::fmt::Display) -> String {
    format!(
        "a value of type `{parameter}` crosses to another thread, which not every type can\n\
         instead: write `{parameter}: Send + 'static`, and `Clone` too where an argument is a `&{parameter}`"
    )
}

// What is refused of a function that runs in another process.

pub(crate) const PROCESS_IS_NOT_COMPUTE: &str = "`compute` says how a body shares the threads of this process, \
     and with `process` it has none of them\n\
     instead: leave out one of the two";

pub(crate) const PROCESS_IS_NOT_ASYNC: &str = "no executor runs in the other process, so an `async fn` cannot run there\n\
     instead: leave out `async`, and block on the future in the body";

pub(crate) const PROCESS_GENERIC: &str = "the other process has to know the function, and of a generic one there are as many as there are types\n\
     instead: write a function for each type, which calls the generic one";

pub(crate) const PROCESS_RECEIVER: &str = "the other process knows its functions by a list, and no entry of that can name `Self`\n\
     instead: write a function without `self` that takes what it needs of it, by value or as `&T`";

pub(crate) const PROCESS_SELF: &str = "the other process knows its functions by a list, and no entry of that can name `Self`\n\
     instead: write the name of the type";

pub(crate) const PROCESS_IMPL: &str = "what goes to another process or comes from it is written down by serde, which has to know the type\n\
     instead: write the type (`Vec<T>` for an iterator, `String` for what is displayed)";

pub(crate) const PROCESS_LAZY: &str = "what goes to another process is written down when the call is made, so it cannot be on its way\n\
     instead: take the value itself, and make the call in the body of a background function that has it as `#[lazy]` parameter";

pub(crate) const PROCESS_BORROWS: Borrows = Borrows {
    mutable: "another process works on a copy, of which the caller would see nothing\n\
         instead: take the value and give it back (`fn f(mut x: T) -> T`)",
    buried: "what goes to another process is copied, and this borrow is inside a type, where no copy can be made \
         of what it refers to\n\
         instead: take an owned type (`String`, `Vec<T>`, `Cow<'static, str>`)",
    returned: "what comes from another process is new here, so there is nothing that it could borrow from\n\
         instead: return an owned type (`String`, `Vec<T>`)",
};

pub(crate) const PROCESS_STATIC: &str = "what comes from another process is new, so there is nothing `'static` that it could refer to\n\
     instead: take `&str` or `&T`, of which the body gets a copy, or an owned type (`String`, `Vec<T>`); return an owned type";

pub(crate) const PROCESS_NEVER: &str = "a body in another process that never returns can only be killed, and has no result to pass back\n\
     instead: return `()`";

// What is refused of the attribute's own arguments.

pub(crate) fn unknown_key(key: &impl std::fmt::Display) -> String {
    format!("`#[background]` has no option `{key}`; it has {KEYS}")
}

pub(crate) fn duplicate_key(key: &impl std::fmt::Display) -> String {
    format!("option `{key}` is given twice; each of {KEYS} can be given once")
}

pub(crate) const NOT_A_KEY: &str = "expected an option of `#[background]`: `timeout`, `compute`, `limit`, `process`, `memory`, `name` or `crate`";

pub(crate) const COMPUTE_HAS_NO_VALUE: &str =
    "`compute` takes no value: write `#[background(compute)]`, or leave it out";

pub(crate) const COMPUTE_IS_NOT_ASYNC: &str = "`compute` is for a body that keeps its thread busy, \
     an `async fn` gives its thread back while it waits\n\
     instead: leave out one of the two; `timeout`, `limit`, `name` and `crate` go with both";

pub(crate) const PROCESS_HAS_NO_VALUE: &str =
    "`process` takes no value: write `#[background(process)]`, or leave it out";

pub(crate) const MEMORY_NEEDS_VALUE: &str = "`memory` needs a value: a whole number of bytes (`memory = 1_000_000`), \
     text with a unit (`memory = \"512MiB\"`; units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a constant of type `u64`";

pub(crate) const MEMORY_IS_ZERO: &str =
    "with a memory of 0 bytes no body would ever run: write 1 or more, or leave out `memory`";

pub(crate) fn memory_not_understood(value: &str) -> String {
    format!(
        "`{value}` is no amount of memory: write a whole number of bytes (`1_000_000`), text with a unit \
         (`\"512MiB\"`; units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a constant of type `u64`"
    )
}

pub(crate) fn memory_too_large(value: &str) -> String {
    format!(
        "`{value}` is more than any machine has: write fewer than 2⁶⁴ bytes, or leave out `memory`"
    )
}

pub(crate) const MEMORY_NEEDS_PROCESS: &str = "`memory` limits the process of a body, but this one runs in the caller's\n\
     instead: add `process`, or leave out `memory`";

pub(crate) const TIMEOUT_NEEDS_VALUE: &str = "`timeout` needs a value: seconds (`timeout = 1.5`), text (`timeout = \"250ms\"`), \
     or an expression of type `Duration`";

pub(crate) const LIMIT_NEEDS_VALUE: &str =
    "`limit` needs a value: how many calls of this function may run at once (`limit = 4`)";

pub(crate) const LIMIT_IS_ZERO: &str =
    "with a limit of 0 no call would ever run: write 1 or more, or leave out `limit`";

pub(crate) const NAME_NEEDS_VALUE: &str =
    "`name` needs a value: a string literal that is not empty (`name = \"fetch\"`)";

pub(crate) const CRATE_NEEDS_VALUE: &str = "`crate` needs a value: the path at which this crate knows `pybackground`, \
     without quotes (`crate = my_name_for_it`)";

pub(crate) const OPTION_WITHOUT_BODY: &str = "a declaration without a body runs nothing, so this option would have no effect\n\
     instead: put it on the implementations; only `crate` goes here";

pub(crate) fn timeout_mentions(parameter: &impl std::fmt::Display) -> String {
    format!(
        "a timeout belongs to the function and is evaluated outside of its parameters, so it cannot use `{parameter}`\n\
         instead: give the timeout to one call, with `Lazy::with_timeout(f(..), duration)`"
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
    format!("{value} is no length of time: {FORMS}")
}
