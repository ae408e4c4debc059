#[background]
fn opaque(fail: bool) -> Result<impl Iterator<Item = impl Display>, Error> {
    numbers(fail)
}

#[background]
fn never(code: i32) -> ! {
    panic!("{code}")
}

// ---- becomes ----

#[track_caller]
fn opaque(
    fail: bool,
) -> ::pybackground::Lazy<
    Result<impl Iterator<Item = impl Display + 'static> + 'static, Error>,
> {
    let __arg0 = fail;
    let __arg0 = ::pybackground::__private::give(__arg0);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> Result<_, Error> {
            let fail = ::pybackground::__private::Given::take(__arg0);
            match () {
                () => numbers(fail),
            }
        },
    )
}
#[track_caller]
fn never(
    code: i32,
) -> ::pybackground::Lazy<<fn() -> ! as ::pybackground::__private::Function>::Output> {
    let __arg0 = code;
    let __arg0 = ::pybackground::__private::give(__arg0);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> <fn() -> ! as ::pybackground::__private::Function>::Output {
            let code = ::pybackground::__private::Given::take(__arg0);
            match () {
                () => panic!("{code}"),
            }
        },
    )
}
