#[background]
/// Documented.
#[must_use]
#[inline]
fn attributes(#[cfg(unix)] a: u8, #[allow(unused_variables)] b: (u8, u8)) -> u8 {
    #![allow(clippy::needless_return)]
    return 1;
}

#[background]
#[track_caller]
unsafe fn tracked() {}

// ---- becomes ----

/// Documented.
#[inline]
#[track_caller]
fn attributes(#[cfg(unix)] a: u8, b: (u8, u8)) -> ::pybackground::Lazy<u8> {
    #![allow(clippy::needless_return)]
    #[cfg(unix)]
    let __pybackground_arg0 = a;
    #[cfg(unix)]
    let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
    let __pybackground_arg1 = b;
    let __pybackground_arg1 = ::pybackground::__private::give(__pybackground_arg1);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> ::pybackground::__private::Same<u8> {
            #[cfg(unix)]
            #[allow(clippy::shadow_unrelated)]
            let a = ::pybackground::__private::Given::take(__pybackground_arg0);
            #[allow(clippy::shadow_unrelated)]
            #[allow(unused_variables)]
            let b = ::pybackground::__private::Given::take(__pybackground_arg1);
            match () {
                () => {
                    return 1;
                }
            }
        },
    );
}
#[track_caller]
unsafe fn tracked() -> ::pybackground::Lazy<()> {
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> () {},
    );
}
