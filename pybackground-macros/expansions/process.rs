#[background(process, memory = "64MiB", timeout = "2s")]
fn length(text: &str, (add, _): (usize, u8)) -> usize {
    text.len() + add
}

// ---- becomes ----

#[track_caller]
fn length(text: &str, __pybackground_arg1: (usize, u8)) -> ::pybackground::Lazy<usize> {
    ::pybackground::__private::isolated! {
        let mut __pybackground_arguments =
        ::pybackground::__private::process::Arguments::new(); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArgRef < _ >> ::give(& mut
        __pybackground_arguments, "text", text); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArg < _ >> ::give(& mut
        __pybackground_arguments, "(add , _)", __pybackground_arg1); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessReturn <
        ::pybackground::__private::Same < usize > >>
        ::run(::pybackground::__private::Options::of(const {
        ::pybackground::__private::Definition.place() })
        .timeout(::pybackground::__private::LiteralDuration::new(2u64, 0u32)), {
        #[::pybackground::__private::process::linkme::distributed_slice(::pybackground::__private::process::FUNCTIONS)]
        #[linkme(crate = ::pybackground::__private::process::linkme)] static
        __PYBACKGROUND_FUNCTION : ::pybackground::__private::process::ChildFunction =
        ::pybackground::__private::process::ChildFunction::new(::pybackground::__private::core::concat!(::pybackground::__private::core::module_path!(),
        "::", "length"), | __pybackground_received | { let __pybackground_arg0 = <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArgRef < str >>
        ::take(__pybackground_received, "text") ?; let __pybackground_arg1 = <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArg < (usize, u8) >>
        ::take(__pybackground_received, "(add , _)") ?; <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessReturn <
        ::pybackground::__private::Same < usize > >> ::answer(move || ->
        ::pybackground::__private::Same < usize > { let __pybackground_arg0 =
        __pybackground_arg0; #[allow(clippy::shadow_unrelated)] let text =
        ::pybackground::__private::Lent::get(& __pybackground_arg0); let
        __pybackground_arg1 =
        ::pybackground::__private::Given::take(__pybackground_arg1);
        #[allow(clippy::shadow_unrelated)] let (add, _) = __pybackground_arg1; match () {
        () => { text.len() + add } } }) },); & __PYBACKGROUND_FUNCTION },
        ::pybackground::__private::Maybe::Some(67108864u64), __pybackground_arguments, ||
        (),)
    }
}
