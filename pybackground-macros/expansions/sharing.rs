#[background(single_flight)]
fn load(page: u32, name: &str) -> Vec<u8> {
    fetch(page, name)
}

#[background(cache(size = MOST, ttl = "60s"))]
async fn parse() -> Result<u8, Error> {
    read().await
}

// ---- becomes ----

#[track_caller]
fn load(page: u32, name: &str) -> ::pybackground::Shared<Vec<u8>> {
    let __pybackground_arg0 = page;
    let __pybackground_arg0 = ::pybackground::__private::key(__pybackground_arg0);
    let __pybackground_arg1 = name;
    let __pybackground_arg1 = ::pybackground::__private::key_of(__pybackground_arg1);
    let __pybackground_inputs = ();
    let __pybackground_inputs = (__pybackground_arg0, __pybackground_inputs);
    let __pybackground_inputs = (__pybackground_arg1, __pybackground_inputs);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::ReturnsShared<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        ::pybackground::__private::Sharing::new({
            static __PYBACKGROUND_REUSE: ::pybackground::__private::Reuse = ::pybackground::__private::Reuse::single_flight();
            &__PYBACKGROUND_REUSE
        }),
        || &__pybackground_inputs,
        || {
            let (__pybackground_arg1, __pybackground_inputs) = (
                ::pybackground::__private::copy_of(&__pybackground_inputs.0),
                &__pybackground_inputs.1,
            );
            let (__pybackground_arg0, __pybackground_inputs) = (
                ::pybackground::__private::copy_of(&__pybackground_inputs.0),
                &__pybackground_inputs.1,
            );
            move || -> ::pybackground::__private::Same<Vec<u8>> {
                #[allow(clippy::shadow_unrelated)]
                let page = ::pybackground::__private::Given::take(__pybackground_arg0);
                let __pybackground_arg1 = __pybackground_arg1;
                #[allow(clippy::shadow_unrelated)]
                let name = ::pybackground::__private::Lent::get(&__pybackground_arg1);
                match () {
                    () => fetch(page, name),
                }
            }
        },
        |_: &::pybackground::__private::Same<Vec<u8>>| false,
    );
}
#[track_caller]
fn parse() -> ::pybackground::Shared<Result<u8, Error>> {
    let __pybackground_inputs = ();
    return ::pybackground::__private::cached! {
        < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::ReturnsShared < _ >>
        ::run_async(::pybackground::__private::Options::of(const {
        ::pybackground::__private::Definition.place() }),
        ::pybackground::__private::Sharing::new({ static __PYBACKGROUND_REUSE :
        ::pybackground::__private::Reuse = ::pybackground::__private::Reuse::cache(MOST);
        & __PYBACKGROUND_REUSE })
        .time_to_live(::pybackground::__private::LiteralDuration::new(60u64, 0u32)), || &
        __pybackground_inputs, || { async move { if let
        ::pybackground::__private::Maybe::Some(__pybackground_result) =
        ::pybackground::__private::never_any:: < ::pybackground::__private::Same < Result
        < u8, Error > > > () { return __pybackground_result; } return match
        ::pybackground::__private::never_any:: < ::pybackground::__private::Same < Result
        < u8, Error > > > () {
        ::pybackground::__private::Maybe::Some(__pybackground_result) =>
        __pybackground_result, ::pybackground::__private::Maybe::None => { read(). await
        } }; } }, | __pybackground_value : & ::pybackground::__private::Same < Result <
        u8, Error > > | ::pybackground::__private::Kept(__pybackground_value)
        [::pybackground::__private::IsKept],)
    };
}
