#[background(timeout = -1.0, retry = 3)]
pub const fn refused(list: &mut Vec<u8>) -> usize {
    list.len()
}

trait Declared {
    #[background]
    fn refused(&mut self) -> u8;
}

// ---- becomes ----

pub fn refused(list: &mut Vec<u8>) -> ::pybackground::Lazy<usize> {
    ::core::compile_error! {
        "a timeout is a length of time and cannot be negative, but this one is -1.0: write seconds (`1.5`), text (`\"250ms\"`; units ns, us, ms, s, m, h, d), or a `Duration`"
    }
    ::core::compile_error! {
        "`#[background]` has no option `retry`; it has `timeout`, `compute`, `limit`, `process`, `memory`, `name`, `crate`"
    }
    ::core::compile_error! {
        "a background call cannot be made at compile time, so the function cannot be `const`\ninstead: keep a `const fn` beside it, and call that in the body"
    }
    ::core::compile_error! {
        "a background call cannot borrow mutably from its caller, which goes on while the body runs\ninstead: take the value and give it back (`fn f(mut x: T) -> T`), share it (`Arc<Mutex<T>>`), or borrow inside `std::thread::scope`"
    }
}
trait Declared {
    fn refused(&mut self) -> ::pybackground::Lazy<u8>;
    ::core::compile_error! {
        "a background call cannot borrow `self` mutably from its caller, which goes on while the body runs\ninstead: take `mut self` and give it back (`-> Self`), or share it (`self: Arc<Self>` with a `Mutex` inside)"
    }
}
