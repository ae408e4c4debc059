#[background]
fn patterns(
    (a, _): (u8, String),
    mut list: Vec<u8>,
    _: String,
    _unused: u8,
    &byte: &u8,
    ref mut text: String,
) {
    list.push(a + byte);
    text.clear();
}

// ---- becomes ----

#[track_caller]
fn patterns(
    __pybackground_arg0: (u8, String),
    list: Vec<u8>,
    __pybackground_arg2: String,
    _unused: u8,
    __pybackground_arg4: &u8,
    __pybackground_arg5: String,
) -> ::pybackground::Lazy<()> {
    let __pybackground_arg0 = __pybackground_arg0;
    let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
    let __pybackground_arg1 = list;
    let __pybackground_arg1 = ::pybackground::__private::give(__pybackground_arg1);
    let __pybackground_arg2 = __pybackground_arg2;
    let __pybackground_arg2 = ::pybackground::__private::give(__pybackground_arg2);
    let __pybackground_arg3 = _unused;
    let __pybackground_arg3 = ::pybackground::__private::give(__pybackground_arg3);
    let __pybackground_arg4 = __pybackground_arg4;
    let __pybackground_arg4 = ::pybackground::__private::lend(__pybackground_arg4);
    let __pybackground_arg5 = __pybackground_arg5;
    let __pybackground_arg5 = ::pybackground::__private::give(__pybackground_arg5);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> () {
            let __pybackground_arg0 = ::pybackground::__private::Given::take(
                __pybackground_arg0,
            );
            #[allow(clippy::shadow_unrelated)]
            let (a, _) = __pybackground_arg0;
            #[allow(clippy::shadow_unrelated)]
            let mut list = ::pybackground::__private::Given::take(__pybackground_arg1);
            let __pybackground_arg2 = ::pybackground::__private::Given::take(
                __pybackground_arg2,
            );
            #[allow(clippy::shadow_unrelated)]
            let _ = __pybackground_arg2;
            #[allow(clippy::shadow_unrelated)]
            let _unused = ::pybackground::__private::Given::take(__pybackground_arg3);
            let __pybackground_arg4 = __pybackground_arg4;
            #[allow(clippy::shadow_unrelated)]
            let &byte = ::pybackground::__private::Lent::get(&__pybackground_arg4);
            let mut __pybackground_arg5 = ::pybackground::__private::Given::take(
                __pybackground_arg5,
            );
            #[allow(clippy::shadow_unrelated)]
            let ref mut text = __pybackground_arg5;
            match () {
                () => {
                    list.push(a + byte);
                    text.clear();
                }
            }
        },
    );
}
