#[background]
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[background]
fn nothing() {}

// ---- becomes ----

#[track_caller]
pub fn add(a: i32, b: i32) -> ::pybackground::Lazy<i32> {
    let __arg0 = a;
    let __arg0 = ::pybackground::__private::give(__arg0);
    let __arg1 = b;
    let __arg1 = ::pybackground::__private::give(__arg1);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> i32 {
            let a = ::pybackground::__private::Given::take(__arg0);
            let b = ::pybackground::__private::Given::take(__arg1);
            match () {
                () => a + b,
            }
        },
    )
}
#[track_caller]
fn nothing() -> ::pybackground::Lazy<()> {
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(::pybackground::__private::Options::here(), move || -> () {})
}
