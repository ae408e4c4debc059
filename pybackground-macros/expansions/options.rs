#[background(timeout = "250ms", run_timeout = patience(), limit = MOST, name = "work")]
fn literal() -> u8 {
    1
}

#[background(compute, timeout = patience(), limit = 4, crate = background_calls)]
fn expression(patience: u8) -> u8 {
    patience
}

#[background(own_stack, limit = 4)]
fn own_stack() -> u8 {
    1
}

// ---- becomes ----

#[track_caller]
fn literal() -> ::pybackground::Lazy<u8> {
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
                ::pybackground::__private::Definition.place()
            })
            .name("work")
            .limit({
                use ::pybackground::__private::AnyLimit as _;
                static __PYBACKGROUND_LIMIT: ::pybackground::__private::ChosenLimit = {
                    ::pybackground::__private::is_limit(&(MOST));
                    ::pybackground::__private::LimitValue(&(MOST)).choose()
                };
                ::pybackground::__private::ChosenLimit::get(&__PYBACKGROUND_LIMIT)
            })
            .timeout(::pybackground::__private::LiteralDuration::new(0u64, 250000000u32))
            .run_timeout(::pybackground::__private::timeout(patience(), "literal")),
        move || -> ::pybackground::__private::Same<u8> { 1 },
    );
}
#[track_caller]
fn expression(patience: u8) -> background_calls::Lazy<u8> {
    let __pybackground_arg0 = patience;
    let __pybackground_arg0 = background_calls::__private::give(__pybackground_arg0);
    return <background_calls::__private::BackgroundCall as background_calls::__private::Returns<
        _,
    >>::run(
        background_calls::__private::Options::of(const {
                background_calls::__private::Definition.place()
            })
            .compute()
            .limit({
                static __PYBACKGROUND_LIMIT: background_calls::__private::Limit = background_calls::__private::Limit::new(
                    4,
                );
                &__PYBACKGROUND_LIMIT
            })
            .timeout(background_calls::__private::timeout(patience(), "expression")),
        move || -> background_calls::__private::Same<u8> {
            #[allow(clippy::shadow_unrelated)]
            let patience = background_calls::__private::Given::take(__pybackground_arg0);
            match () {
                () => patience,
            }
        },
    );
}
#[track_caller]
fn own_stack() -> ::pybackground::Lazy<u8> {
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
                ::pybackground::__private::Definition.place()
            })
            .own_stack()
            .limit({
                static __PYBACKGROUND_LIMIT: ::pybackground::__private::Limit = ::pybackground::__private::Limit::new(
                    4,
                );
                &__PYBACKGROUND_LIMIT
            }),
        move || -> ::pybackground::__private::Same<u8> { 1 },
    );
}
