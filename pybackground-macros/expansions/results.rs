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
    let __pybackground_arg0 = fail;
    let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> ::pybackground::__private::Same<Result<_, Error>> {
            #[allow(clippy::shadow_unrelated)]
            let fail = ::pybackground::__private::Given::take(__pybackground_arg0);
            match () {
                () => numbers(fail),
            }
        },
    );
}
#[track_caller]
fn never(
    code: i32,
) -> ::pybackground::Lazy<
    <fn() -> ! as ::pybackground::__private::FunctionType>::Output,
> {
    let __pybackground_arg0 = code;
    let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> <fn() -> ! as ::pybackground::__private::FunctionType>::Output {
            #[allow(clippy::shadow_unrelated)]
            let code = ::pybackground::__private::Given::take(__pybackground_arg0);
            match () {
                () => panic!("{code}"),
            }
        },
    );
}
