#[background]
fn count(text: &str, numbers: &[u8], name: &'static str) -> usize {
    text.len() + numbers.len() + name.len()
}

// ---- becomes ----

#[track_caller]
fn count(text: &str, numbers: &[u8], name: &'static str) -> ::pybackground::Lazy<usize> {
    let __arg0 = text;
    let __arg0 = ::pybackground::__private::lend(__arg0);
    let __arg1 = numbers;
    let __arg1 = ::pybackground::__private::lend(__arg1);
    let __arg2 = name;
    let __arg2 = ::pybackground::__private::give(__arg2);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> usize {
            let __arg0 = __arg0;
            let text = ::pybackground::__private::Lent::get(&__arg0);
            let __arg1 = __arg1;
            let numbers = ::pybackground::__private::Lent::get(&__arg1);
            let name = ::pybackground::__private::Given::take(__arg2);
            match () {
                () => text.len() + numbers.len() + name.len(),
            }
        },
    )
}
