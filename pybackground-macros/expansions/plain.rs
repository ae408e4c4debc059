#[background]
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[background]
fn nothing() {}

// ---- becomes ----

#[track_caller]
pub fn add(a: i32, b: i32) -> ::pybackground::Lazy<i32> {
    let __pybackground_arg0 = a;
    let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
    let __pybackground_arg1 = b;
    let __pybackground_arg1 = ::pybackground::__private::give(__pybackground_arg1);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> ::pybackground::__private::Same<i32> {
            #[allow(clippy::shadow_unrelated)]
            let a = ::pybackground::__private::Given::take(__pybackground_arg0);
            #[allow(clippy::shadow_unrelated)]
            let b = ::pybackground::__private::Given::take(__pybackground_arg1);
            match () {
                () => a + b,
            }
        },
    );
}
#[track_caller]
fn nothing() -> ::pybackground::Lazy<()> {
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> () {},
    );
}
