#[background]
async fn fetch(url: &str) -> Result<String, Error> {
    let page = get(url).await?;
    Ok(page)
}

#[background]
async fn forever() -> ! {
    loop {
        step().await;
    }
}

// ---- becomes ----

#[track_caller]
fn fetch(url: &str) -> ::pybackground::Lazy<Result<String, Error>> {
    let __pybackground_arg0 = url;
    let __pybackground_arg0 = ::pybackground::__private::lend(__pybackground_arg0);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        async move {
            let __pybackground_arg0 = __pybackground_arg0;
            #[allow(clippy::shadow_unrelated)]
            let url = ::pybackground::__private::Lent::get(&__pybackground_arg0);
            if let ::pybackground::__private::Maybe::Some(__pybackground_result) = ::pybackground::__private::never_any::<
                ::pybackground::__private::Same<Result<String, Error>>,
            >() {
                return __pybackground_result;
            }
            return match ::pybackground::__private::never_any::<
                ::pybackground::__private::Same<Result<String, Error>>,
            >() {
                ::pybackground::__private::Maybe::Some(__pybackground_result) => {
                    __pybackground_result
                }
                ::pybackground::__private::Maybe::None => {
                    let page = get(url).await?;
                    Ok(page)
                }
            };
        },
    );
}
#[track_caller]
fn forever() -> ::pybackground::Lazy<
    <fn() -> ! as ::pybackground::__private::FunctionType>::Output,
> {
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        async move {
            loop {
                step().await;
            }
        },
    );
}
