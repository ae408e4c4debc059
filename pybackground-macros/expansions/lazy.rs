#[background]
fn assemble(#[lazy] title: String, text: &str, #[lazy] pages: Vec<Page>) -> Book {
    Book::new(title, text, pages)
}

#[background]
async fn store(#[lazy] book: Book) {
    shelf().put(book).await;
}

// ---- becomes ----

#[track_caller]
#[allow(clippy::impl_trait_in_params)]
fn assemble(
    title: impl ::pybackground::__private::LazyArgument<String>,
    text: &str,
    pages: impl ::pybackground::__private::LazyArgument<Vec<Page>>,
) -> ::pybackground::Lazy<Book> {
    let __pybackground_arg0 = ::pybackground::__private::expected::<String>(title);
    let __pybackground_arg0 = ::pybackground::__private::awaited(__pybackground_arg0);
    let __pybackground_arg1 = text;
    let __pybackground_arg1 = ::pybackground::__private::lend(__pybackground_arg1);
    let __pybackground_arg2 = ::pybackground::__private::expected::<Vec<Page>>(pages);
    let __pybackground_arg2 = ::pybackground::__private::awaited(__pybackground_arg2);
    let __pybackground_inputs = ();
    let __pybackground_inputs = (__pybackground_arg0, __pybackground_inputs);
    let __pybackground_inputs = (__pybackground_arg2, __pybackground_inputs);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_with_inputs(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || __pybackground_inputs,
        move |__pybackground_inputs| -> ::pybackground::__private::Same<Book> {
            let (__pybackground_arg2, __pybackground_inputs) = __pybackground_inputs;
            let (__pybackground_arg0, __pybackground_inputs) = __pybackground_inputs;
            #[allow(clippy::shadow_unrelated)]
            let title = ::pybackground::__private::Given::take(__pybackground_arg0);
            let __pybackground_arg1 = __pybackground_arg1;
            #[allow(clippy::shadow_unrelated)]
            let text = ::pybackground::__private::Lent::get(&__pybackground_arg1);
            #[allow(clippy::shadow_unrelated)]
            let pages = ::pybackground::__private::Given::take(__pybackground_arg2);
            match () {
                () => Book::new(title, text, pages),
            }
        },
    );
}
#[track_caller]
#[allow(clippy::impl_trait_in_params)]
fn store(
    book: impl ::pybackground::__private::LazyArgument<Book>,
) -> ::pybackground::Lazy<()> {
    let __pybackground_arg0 = ::pybackground::__private::expected::<Book>(book);
    let __pybackground_arg0 = ::pybackground::__private::awaited(__pybackground_arg0);
    let __pybackground_inputs = ();
    let __pybackground_inputs = (__pybackground_arg0, __pybackground_inputs);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async_with_inputs(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || __pybackground_inputs,
        move |__pybackground_inputs| async move {
            let (__pybackground_arg0, __pybackground_inputs) = __pybackground_inputs;
            #[allow(clippy::shadow_unrelated)]
            let book = ::pybackground::__private::Given::take(__pybackground_arg0);
            if let ::pybackground::__private::Maybe::Some(__pybackground_result) = ::pybackground::__private::never_any::<
                (),
            >() {
                return __pybackground_result;
            }
            return match ::pybackground::__private::never_any::<()>() {
                ::pybackground::__private::Maybe::Some(__pybackground_result) => {
                    __pybackground_result
                }
                ::pybackground::__private::Maybe::None => {
                    shelf().put(book).await;
                }
            };
        },
    );
}
