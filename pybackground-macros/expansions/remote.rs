#[background(remote, retry = 3, queue = "gpu", limit = 8, memory = "2GiB")]
fn length(text: &str, add: usize) -> usize {
    text.len() + add
}

// ---- becomes ----

#[track_caller]
fn length(text: &str, add: usize) -> ::pybackground::Lazy<usize> {
    ::pybackground::__private::remote_call! {
        let mut __pybackground_arguments =
        ::pybackground::__private::remote::arguments(); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArgRef < _ >> ::give(& mut
        __pybackground_arguments, "text", text); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArg < _ >> ::give(& mut
        __pybackground_arguments, "add", add); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteReturn < ::pybackground::__private::Same
        < usize > >> ::run(::pybackground::__private::Options::of(const {
        ::pybackground::__private::Definition.place() }).limit({ static
        __PYBACKGROUND_LIMIT : ::pybackground::__private::Limit =
        ::pybackground::__private::Limit::new(8); & __PYBACKGROUND_LIMIT }), {
        #[::pybackground::__private::remote::linkme::distributed_slice(::pybackground::__private::remote::CHILD_FUNCTIONS)]
        #[linkme(crate = ::pybackground::__private::remote::linkme)] static
        __PYBACKGROUND_FUNCTION : ::pybackground::__private::remote::ChildFunction =
        ::pybackground::__private::remote::ChildFunction::new(::pybackground::__private::core::concat!(::pybackground::__private::core::module_path!(),
        "::", "length"), | __pybackground_received | {
        ::pybackground::__private::remote::enter(__pybackground_received) ?; let
        __pybackground_arg0 = < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArgRef < str >>
        ::take(__pybackground_received, "text") ?; let __pybackground_arg1 = <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArg < usize >>
        ::take(__pybackground_received, "add") ?; <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteReturn < ::pybackground::__private::Same
        < usize > >> ::answer(move || -> ::pybackground::__private::Same < usize > { let
        __pybackground_arg0 = __pybackground_arg0; #[allow(clippy::shadow_unrelated)] let
        text = ::pybackground::__private::Lent::get(& __pybackground_arg0);
        #[allow(clippy::shadow_unrelated)] let add =
        ::pybackground::__private::Given::take(__pybackground_arg1); match () { () => {
        text.len() + add } } }) },);
        #[::pybackground::__private::remote::linkme::distributed_slice(::pybackground::__private::remote::FUNCTIONS)]
        #[linkme(crate = ::pybackground::__private::remote::linkme)] static
        __PYBACKGROUND_ENTRY : ::pybackground::__private::remote::Function =
        ::pybackground::__private::remote::Function::new(& __PYBACKGROUND_FUNCTION,
        ::pybackground::__private::core::concat!(::pybackground::__private::core::module_path!(),
        "::", "length"), | __pybackground_shape | { <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArgRef < str >>
        ::shape(__pybackground_shape); < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteArg < usize >>
        ::shape(__pybackground_shape); < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::remote::RemoteReturn < ::pybackground::__private::Same
        < usize > >> ::shape(__pybackground_shape); },
        ::pybackground::__private::remote::Terms::new().queue("gpu").retry(3u32)
        .memory(2147483648u64).limit({ use ::pybackground::__private::AnyLimit as _;
        ::pybackground::__private::is_limit(& (8));
        ::pybackground::__private::LimitValue(& (8)).number() }),); &
        __PYBACKGROUND_ENTRY }, __pybackground_arguments, || (),)
    }
}
