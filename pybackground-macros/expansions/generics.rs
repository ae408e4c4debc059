#[background]
fn generic<'a, T: Clone + Send + 'static, const N: usize>(
    values: &'a [T; N],
    f: impl Fn(&T) + Send + 'static,
) -> Vec<T>
where
    T: Ord,
{
    values.iter().inspect(|value| f(value)).cloned().collect()
}

// ---- becomes ----

#[track_caller]
fn generic<'a, T: Clone + Send + 'static, const N: usize>(
    values: &'a [T; N],
    f: impl Fn(&T) + Send + 'static,
) -> ::pybackground::Lazy<Vec<T>>
where
    T: Ord,
{
    let __arg0 = values;
    let __arg0 = ::pybackground::__private::lend(__arg0);
    let __arg1 = f;
    let __arg1 = ::pybackground::__private::give(__arg1);
    <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::here(),
        move || -> Vec<T> {
            let __arg0 = __arg0;
            let values = ::pybackground::__private::Lent::get(&__arg0);
            let f = ::pybackground::__private::Given::take(__arg1);
            match () {
                () => values.iter().inspect(|value| f(value)).cloned().collect(),
            }
        },
    )
}
