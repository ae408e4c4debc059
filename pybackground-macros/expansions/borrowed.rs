#[background]
fn count(text: &str, numbers: &[u8], name: &'static str) -> usize {
    text.len() + numbers.len() + name.len()
}

// ---- becomes ----

#[track_caller]
fn count(text: &str, numbers: &[u8], name: &'static str) -> ::pybackground::Lazy<usize> {
    let __pybackground_arg0 = text;
    let __pybackground_arg0 = ::pybackground::__private::lend(__pybackground_arg0);
    let __pybackground_arg1 = numbers;
    let __pybackground_arg1 = ::pybackground::__private::lend(__pybackground_arg1);
    let __pybackground_arg2 = name;
    let __pybackground_arg2 = ::pybackground::__private::give(__pybackground_arg2);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> ::pybackground::__private::Same<usize> {
            let __pybackground_arg0 = __pybackground_arg0;
            #[allow(clippy::shadow_unrelated)]
            let text = ::pybackground::__private::Lent::get(&__pybackground_arg0);
            let __pybackground_arg1 = __pybackground_arg1;
            #[allow(clippy::shadow_unrelated)]
            let numbers = ::pybackground::__private::Lent::get(&__pybackground_arg1);
            #[allow(clippy::shadow_unrelated)]
            let name = ::pybackground::__private::Given::take(__pybackground_arg2);
            match () {
                () => text.len() + numbers.len() + name.len(),
            }
        },
    );
}
