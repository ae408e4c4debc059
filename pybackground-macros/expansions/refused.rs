#[background(timeout = -1.0, retry = 3)]
pub const fn refused(list: &mut Vec<u8>) -> usize {
    list.len()
}

trait Declared {
    #[background]
    fn refused(&mut self) -> u8;
}

impl Drop for Connection {
    #[background]
    fn drop(&mut self) {
        self.close();
    }
}

// ---- becomes ----

#[allow(unexpected_cfgs)]
pub fn refused(list: &mut Vec<u8>) -> ::pybackground::Lazy<usize> {
    #[cfg(rust_analyzer)] { list.len() }
    ::core::compile_error! {
        "a timeout is a length of time and cannot be negative, but this one is -1.0: write seconds (`1.5`), text (`\"250ms\"`; units ns, us, ms, s, m, h, d), or a `Duration`"
    }
    ::core::compile_error! {
        "the compiler cannot make a background call, so the function cannot be `const`\ninstead: write a second function that is `const`, and call it in the body"
    }
    ::core::compile_error! {
        "a background call cannot borrow mutably from its caller, because the caller continues while the body runs\ninstead: take the value and return it (`fn f(mut x: T) -> T`), share it (`Arc<Mutex<T>>`), or write the call as a closure in a scope, which may borrow: `pybackground::scope(|s| { s.spawn(|| ..); })`"
    }
    ::core::compile_error! {
        "`retry` is about bodies on other machines, but this body runs on the machine of its caller\ninstead: add `remote`, or leave out `retry`"
    }
}
trait Declared {
    #[allow(unexpected_cfgs)]
    fn refused(&mut self) -> ::pybackground::Lazy<u8>;
    ::core::compile_error! {
        "a background call cannot borrow `self` mutably from its caller, because the caller continues while the body runs\ninstead: take `mut self` and return it (`-> Self`), share it (`self: Arc<Self>` with a `Mutex` inside), or write the call as a closure in a scope, which may borrow: `pybackground::scope(|s| { s.spawn(|| ..); })`"
    }
}
impl Drop for Connection {
    #[allow(unexpected_cfgs)]
    fn drop(&mut self) {
        #[cfg(rust_analyzer)]
        {
            self.close();
        }
        ::core::compile_error! {
            "a destructor cannot run in the background: the value is gone when `drop` returns\ninstead: give a call in `drop` what it needs: `spawn(move || ..)`"
        }
    }
}
