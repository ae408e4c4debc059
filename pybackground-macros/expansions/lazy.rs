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
fn assemble(
    title: impl ::pybackground::__private::LazyArgument<String>,
    text: &str,
    pages: impl ::pybackground::__private::LazyArgument<Vec<Page>>,
) -> ::pybackground::Lazy<Book> {
    let __arg0 = title;
    let __arg0 = ::pybackground::__private::expect::<String>(__arg0);
    let __arg1 = text;
    let __arg1 = ::pybackground::__private::lend(__arg1);
    let __arg2 = pages;
    let __arg2 = ::pybackground::__private::expect::<Vec<Page>>(__arg2);
    let __inputs = ();
    let __inputs = (__arg0, __inputs);
    let __inputs = (__arg2, __inputs);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_with_inputs(
        ::pybackground::__private::Options::here(),
        __inputs,
        move |__inputs| -> Book {
            let (__arg2, __inputs) = __inputs;
            let (__arg0, __inputs) = __inputs;
            let title = ::pybackground::__private::Given::take(__arg0);
            let __arg1 = __arg1;
            let text = ::pybackground::__private::Lent::get(&__arg1);
            let pages = ::pybackground::__private::Given::take(__arg2);
            match () {
                () => Book::new(title, text, pages),
            }
        },
    )
}
#[track_caller]
fn store(
    book: impl ::pybackground::__private::LazyArgument<Book>,
) -> ::pybackground::Lazy<()> {
    let __arg0 = book;
    let __arg0 = ::pybackground::__private::expect::<Book>(__arg0);
    let __inputs = ();
    let __inputs = (__arg0, __inputs);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run_async_with_inputs(
        ::pybackground::__private::Options::here(),
        __inputs,
        move |__inputs| async move {
            if let ::core::option::Option::Some(__result) = ::pybackground::__private::never_any::<
                (),
            >() {
                return __result;
            }
            let (__arg0, __inputs) = __inputs;
            let book = ::pybackground::__private::Given::take(__arg0);
            match () {
                () => {
                    shelf().put(book).await;
                }
            }
        },
    )
}
