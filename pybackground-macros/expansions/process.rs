#[background(process, memory = "64MiB", timeout = "2s")]
fn length(text: &str, (add, _): (usize, u8)) -> usize {
    text.len() + add
}

// ---- becomes ----

#[track_caller]
fn length(text: &str, arg1: (usize, u8)) -> ::pybackground::Lazy<usize> {
    ::pybackground::__private::isolated! {
        let mut __arguments = ::pybackground::__private::process::Arguments::new(); <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArgRef < str >> ::give(& mut __arguments,
        "text", text); < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArg < (usize, u8) >> ::give(& mut
        __arguments, "(add , _)", arg1); < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessReturn < usize >>
        ::run(::pybackground::__private::Options::here()
        .timeout(::core::time::Duration::new(2u64, 0u32)), {
        #[::pybackground::__private::process::linkme::distributed_slice(::pybackground::__private::process::FUNCTIONS)]
        #[linkme(crate = ::pybackground::__private::process::linkme)] static __FUNCTION :
        ::pybackground::__private::process::Function =
        ::pybackground::__private::process::Function::new(::core::concat!(::core::module_path!(),
        "::", "length"), | __received | { let __arg0 = <
        ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArgRef < str >> ::take(__received, "text") ?;
        let __arg1 = < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessArg < (usize, u8) >> ::take(__received,
        "(add , _)") ?; < ::pybackground::__private::BackgroundCall as
        ::pybackground::__private::process::ProcessReturn < usize >> ::answer(move || -> usize
        { let __arg0 = __arg0; let text = ::pybackground::__private::Lent::get(& __arg0);
        let __arg1 = ::pybackground::__private::Given::take(__arg1); let (add, _) =
        __arg1; match () { () => { text.len() + add } } }) },); & __FUNCTION },
        ::core::option::Option::Some(67108864u64), __arguments, || (),)
    }
}
