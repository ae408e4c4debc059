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
    let __pybackground_arg0 = values;
    let __pybackground_arg0 = ::pybackground::__private::lend(__pybackground_arg0);
    let __pybackground_arg1 = f;
    let __pybackground_arg1 = ::pybackground::__private::give(__pybackground_arg1);
    return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
        _,
    >>::run(
        ::pybackground::__private::Options::of(const {
            ::pybackground::__private::Definition.place()
        }),
        move || -> ::pybackground::__private::Same<Vec<T>> {
            let __pybackground_arg0 = __pybackground_arg0;
            #[allow(clippy::shadow_unrelated)]
            let values = ::pybackground::__private::Lent::get(&__pybackground_arg0);
            #[allow(clippy::shadow_unrelated)]
            let f = ::pybackground::__private::Given::take(__pybackground_arg1);
            match () {
                () => values.iter().inspect(|value| f(value)).cloned().collect(),
            }
        },
    );
}
