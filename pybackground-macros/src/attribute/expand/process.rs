//! The new body of a function that runs in another process, here or on another machine: it serializes the arguments, and
//! the old body becomes an entry in the list of functions for other processes.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Signature, Type};

use super::names::{self, Argument};
use super::output::Output;
use super::{Runtime, call};
use crate::attribute::groups;
use crate::attribute::parse::{Memory, Options};
use crate::attribute::validate::{Passing, outermost_reference};

// Input:  { x.len() }, with `process`
// Output: private::isolated! {
//             let mut __arguments = private::process::Arguments::new();
//             <private::BackgroundCall as private::process::ProcessArgRef<_>>::give(&mut __arguments, "x", x);
//             <private::BackgroundCall as private::process::ProcessReturn<usize>>::run(
//                 private::Options::of(const { private::Definition.place() }),
//                 {
//                     #[distributed_slice(FUNCTIONS)]
//                     static __FUNCTION: private::process::ChildFunction = ChildFunction::new("path::f", |__received| {
//                         let __arg0 = <private::BackgroundCall as private::process::ProcessArgRef<str>>::take(__received, "x")?;
//                         <private::BackgroundCall as private::process::ProcessReturn<usize>>::answer(move || -> usize { .. })
//                     });
//                     &__FUNCTION
//                 },
//                 None,
//                 __arguments,
//                 || (),
//             )
//         }
pub(super) fn call(
    signature: &Signature,
    arguments: &[Argument<'_>],
    options: &Options,
    output: &Output,
    runtime: &Runtime,
    block: &Group,
) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let kind = Kind::of(options);
    let inputs = || signature.inputs.iter().zip(arguments);
    let given = inputs().map(|(input, argument)| give(kind, input, argument, runtime));
    let taken = inputs().map(|(input, argument)| take(kind, input, argument, runtime));
    let body = call::bind(arguments, block.clone(), false, output, runtime);
    let call_options = call::call_options(signature, options, runtime);
    let name = signature.ident.to_string();
    let name = options.name.as_ref().filter(|_| options.remote.is_some()).map_or_else(
        || quote_spanned!(here=> #private::core::concat!(#private::core::module_path!(), "::", #name)),
        ToTokens::to_token_stream,
    );
    let (function, written, received) = (names::item("function", here), written(), received());
    let of_body = &output.of_body;
    // The compiler merges errors at one place, and two expressions require serde of the result.
    let span = names::mixed(output.span);
    let (at_output, returns) =
        (kind.module(output.span, runtime), kind.requirement("Return", span));
    let call_type = runtime.private(output.span);
    let answers =
        quote_spanned!(span=> <#call_type::BackgroundCall as #at_output::#returns<#of_body>>);
    match kind {
        Kind::Process => {
            let memory = match memory(options, runtime) {
                None => quote_spanned!(here=> #private::Maybe::None),
                Some(memory) => {
                    quote_spanned!(here=> #private::Maybe::Some(#memory))
                }
            };
            quote_spanned! {here=>
                #private::isolated! {
                    let mut #written = #private::process::Arguments::new();
                    #(#given)*
                    #answers::run(
                        #call_options,
                        {
                            #[#private::process::linkme::distributed_slice(#private::process::FUNCTIONS)]
                            #[linkme(crate = #private::process::linkme)]
                            static #function: #private::process::ChildFunction = #private::process::ChildFunction::new(
                                #name,
                                |#received| {
                                    #(#taken)*
                                    #answers::answer(move || -> #of_body #body)
                                },
                            );
                            &#function
                        },
                        #memory,
                        #written,
                        || (),
                    )
                }
            }
        }
        Kind::Remote => {
            let shapes = inputs().map(|(input, argument)| shape(input, argument, runtime));
            let terms = terms(options, runtime);
            let entry = names::item("entry", here);
            let shape = names::local("shape", here);
            quote_spanned! {here=>
                #private::remote_call! {
                    let mut #written = #private::remote::arguments();
                    #(#given)*
                    #answers::run(
                        #call_options,
                        {
                            #[#private::remote::linkme::distributed_slice(#private::remote::CHILD_FUNCTIONS)]
                            #[linkme(crate = #private::remote::linkme)]
                            static #function: #private::remote::ChildFunction = #private::remote::ChildFunction::new(
                                #name,
                                |#received| {
                                    #private::remote::enter(#received)?;
                                    #(#taken)*
                                    #answers::answer(move || -> #of_body #body)
                                },
                            );
                            #[#private::remote::linkme::distributed_slice(#private::remote::FUNCTIONS)]
                            #[linkme(crate = #private::remote::linkme)]
                            static #entry: #private::remote::Function = #private::remote::Function::new(
                                &#function,
                                #name,
                                |#shape| {
                                    #(#shapes)*
                                    #answers::shape(#shape);
                                },
                                #terms,
                            );
                            &#entry
                        },
                        #written,
                        || (),
                    )
                }
            }
        }
    }
}

/// Which of the two attributes is expanded.
#[derive(Clone, Copy)]
enum Kind {
    Process,
    Remote,
}

impl Kind {
    fn of(options: &Options) -> Self {
        if options.remote.is_some() { Self::Remote } else { Self::Process }
    }

    /// The runtime's module with the requirements.
    fn module(self, span: Span, runtime: &Runtime) -> TokenStream {
        let (private, span) = (runtime.private(span), names::mixed(span));
        match self {
            Self::Process => quote_spanned!(span=> #private::process),
            Self::Remote => quote_spanned!(span=> #private::remote),
        }
    }

    /// The trait that requires something of a type.
    fn requirement(self, what: &str, span: Span) -> Ident {
        match self {
            Self::Process => Ident::new(&format!("Process{what}"), span),
            Self::Remote => Ident::new(&format!("Remote{what}"), span),
        }
    }
}

// Input:  memory = "1MiB"
// Output: 1048576
/// The value of `memory`.
fn memory(options: &Options, runtime: &Runtime) -> Option<TokenStream> {
    let (_, memory) = options.memory.as_ref()?;
    Some(match memory {
        Memory::Literal(bytes) => quote_spanned!(Span::mixed_site()=> #bytes),
        Memory::Expression(constant) => {
            let span = names::mixed(constant.span());
            let private = runtime.private(span);
            let constant = groups::parenthesized(constant.to_token_stream());
            let name = names::item("memory", span);
            // `cargo check` evaluates items, but no inline constants.
            quote_spanned! {span=> {
                const #name: #private::core::primitive::u64 = #private::process::memory(#constant);
                #name
            }}
        }
    })
}

// Input:  remote, retry = 3, queue = "gpu"
// Output: private::remote::Terms::new().retry(3).queue("gpu")
/// How workers run the function.
fn terms(options: &Options, runtime: &Runtime) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let mut terms = quote_spanned!(here=> #private::remote::Terms::new());
    if let Some((_, queue)) = &options.queue {
        terms.extend(quote_spanned!(here=> .queue(#queue)));
    }
    if let Some((_, retry)) = &options.retry {
        terms.extend(quote_spanned!(here=> .retry(#retry)));
    }
    if let Some(memory) = memory(options, runtime) {
        terms.extend(quote_spanned!(here=> .memory(#memory)));
    }
    if let Some(limit) = &options.limit {
        let span = names::mixed(limit.span());
        let private = runtime.private(span);
        let limit = groups::parenthesized(limit.to_token_stream());
        terms.extend(quote_spanned! {span=>
            .limit({
                use #private::AnyLimit as _;
                #private::is_limit(&(#limit));
                #private::LimitValue(&(#limit)).number()
            })
        });
    }
    terms
}

/// The caller's side of an argument: serializes it.
fn give(kind: Kind, input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (_, span) = carried(input, argument);
    let outer = &argument.outer;
    let (configured, name, written) = (configured(argument), name(argument), written());
    // Where the type is unknown, the compiler suggests other things for the argument of a trait than for a parameter.
    let ty = quote_spanned!(span=> _);
    let requires = requires(kind, &ty, span, argument, runtime);
    quote_spanned!(span=> #configured #requires::give(&mut #written, #name, #outer);)
}

/// The body's side of an argument: deserializes it.
fn take(kind: Kind, input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let carrier = &argument.carrier;
    let (configured, name, received) = (configured(argument), name(argument), received());
    let requires = requires(kind, &ty, span, argument, runtime);
    quote_spanned!(span=> #configured let #carrier = #requires::take(#received, #name)?;)
}

/// The argument's part of the function's shape.
fn shape(input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let (configured, shape) = (configured(argument), names::local("shape", Span::mixed_site()));
    let requires = requires(Kind::Remote, &ty, span, argument, runtime);
    quote_spanned!(span=> #configured #requires::shape(#shape);)
}

/// What the runtime requires of an argument.
fn requires(
    kind: Kind,
    ty: &TokenStream,
    span: Span,
    argument: &Argument<'_>,
    runtime: &Runtime,
) -> TokenStream {
    let (private, module) = (runtime.private(span), kind.module(span, runtime));
    let requirement = match argument.passing {
        Passing::Moved | Passing::Awaited => kind.requirement("Arg", span),
        Passing::Copied => kind.requirement("ArgRef", span),
    };
    quote_spanned!(span=> <#private::BackgroundCall as #module::#requirement<#ty>>)
}

/// The type that is serialized, and the span for its errors.
fn carried(input: &FnArg, argument: &Argument<'_>) -> (TokenStream, Span) {
    let FnArg::Typed(input) = input else {
        unreachable!("receivers are refused");
    };
    let ty: &Type = match argument.passing {
        Passing::Copied => outermost_reference(&input.ty).map_or(&input.ty, |lent| &lent.elem),
        Passing::Moved | Passing::Awaited => &input.ty,
    };
    (groups::parenthesized(ty.to_token_stream()), names::mixed(ty.span()))
}

/// The variable that holds the serialized arguments in the caller.
fn written() -> Ident {
    names::local("arguments", Span::mixed_site())
}

/// The variable that holds the serialized arguments in the child.
fn received() -> Ident {
    names::local("received", Span::mixed_site())
}

/// The name of an argument in errors.
fn name(argument: &Argument<'_>) -> String {
    if argument.is_named { argument.outer.to_string() } else { argument.pattern.to_string() }
}

fn configured(argument: &Argument<'_>) -> TokenStream {
    let attributes = argument.attributes.iter().filter(|attribute| call::is_cfg(attribute));
    quote!(#(#attributes)*)
}
