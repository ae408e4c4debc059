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
    arg0: (u8, String),
    list: Vec<u8>,
    arg2: String,
    _unused: u8,
    arg4: &u8,
    arg5: String,
) -> ::pybackground::Lazy<()> {
    let __arg0 = arg0;
    let __arg0 = ::pybackground::__private::give(__arg0);
    let __arg1 = list;
    let __arg1 = ::pybackground::__private::give(__arg1);
    let __arg2 = arg2;
    let __arg2 = ::pybackground::__private::give(__arg2);
    let __arg3 = _unused;
    let __arg3 = ::pybackground::__private::give(__arg3);
    let __arg4 = arg4;
    let __arg4 = ::pybackground::__private::lend(__arg4);
    let __arg5 = arg5;
    let __arg5 = ::pybackground::__private::give(__arg5);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> () {
            let __arg0 = ::pybackground::__private::Given::take(__arg0);
            let (a, _) = __arg0;
            let mut list = ::pybackground::__private::Given::take(__arg1);
            let __arg2 = ::pybackground::__private::Given::take(__arg2);
            let _ = __arg2;
            let _unused = ::pybackground::__private::Given::take(__arg3);
            let __arg4 = __arg4;
            let &byte = ::pybackground::__private::Lent::get(&__arg4);
            let mut __arg5 = ::pybackground::__private::Given::take(__arg5);
            let ref mut text = __arg5;
            match () {
                () => {
                    list.push(a + byte);
                    text.clear();
                }
            }
        },
    )
}
