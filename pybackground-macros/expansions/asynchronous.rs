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
    let __arg0 = url;
    let __arg0 = ::pybackground::__private::lend(__arg0);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async(
        ::pybackground::__private::Options::here(),
        async move {
            if let ::core::option::Option::Some(__result) = ::pybackground::__private::never_any::<
                Result<String, Error>,
            >() {
                return __result;
            }
            let __arg0 = __arg0;
            let url = ::pybackground::__private::Lent::get(&__arg0);
            match () {
                () => {
                    let page = get(url).await?;
                    Ok(page)
                }
            }
        },
    )
}
#[track_caller]
fn forever() -> ::pybackground::Lazy<
    <fn() -> ! as ::pybackground::__private::Function>::Output,
> {
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async(
        ::pybackground::__private::Options::here(),
        async move {
            loop {
                step().await;
            }
        },
    )
}
