//! A program that is not linked with pybackground, and loads a library that is.
//!
//! ```text
//! loading-host LIBRARY MILLISECONDS    loads it, calls its function, and prints what that returned
//! loading-host                         how the library starts it as a child: waits for input, and prints how
//!                                      many bytes it got
//! loading-host, with `AS_CHILD=leave`  the same, but it ends at once
//! loading-host, with `AS_CHILD=load:LIBRARY`  the same, but it loads the library first
//! ```

use std::ffi::CString;
use std::io::Read;

/// Calls `double_elsewhere` of the library at this path.
fn call(library: &str, patience: u32) -> i64 {
    let function = symbol(library);
    #[allow(unsafe_code, reason = "the function is known by its name only")]
    // SAFETY: it has this signature in `library.rs`.
    let function = unsafe {
        std::mem::transmute::<*mut libc::c_void, extern "C" fn(u32, u32) -> i64>(function)
    };
    function(4, patience)
}

/// Loads the library at this path, and finds its function.
fn symbol(library: &str) -> *mut libc::c_void {
    let path = CString::new(library).unwrap();
    #[allow(unsafe_code, reason = "there is no other way to load a library")]
    // SAFETY: both strings end with a zero, and the library is part of this test.
    let function = unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        assert!(!library.is_null(), "{path:?} cannot be loaded");
        libc::dlsym(library, c"double_elsewhere".as_ptr())
    };
    assert!(!function.is_null(), "{path:?} has no such function");
    function
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [library, patience] = arguments.as_slice() {
        println!("returned {}", call(library, patience.parse().unwrap()));
        return;
    }
    let how = std::env::var("AS_CHILD").unwrap_or_default();
    if how == "leave" {
        std::process::exit(9);
    }
    if let Some(library) = how.strip_prefix("load:") {
        symbol(library);
    }
    let fed = std::io::stdin().read(&mut [0; 64]).unwrap();
    println!("was fed {fed} bytes");
}
