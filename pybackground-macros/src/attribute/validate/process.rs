//! Rules about functions that run in another process: it has to find the function, and serde has to know
//! the types.

use quote::ToTokens;
use syn::{FnArg, GenericParam, ReturnType, Type};

use crate::attribute::messages;
use crate::attribute::parse::{Function, Options, is_lazy};
use crate::attribute::report::Report;
use crate::attribute::tokens;

pub(super) fn check(function: &Function, options: &Options, report: &mut Report) {
    if options.process.is_none() {
        if let Some((key, _)) = &options.memory {
            report.at(key, messages::MEMORY_NEEDS_PROCESS);
        }
        return;
    }
    let signature = &function.signature;
    if let Some(compute) = &options.compute {
        report.at(compute, messages::PROCESS_IS_NOT_COMPUTE);
    }
    if let Some(asyncness) = &signature.asyncness {
        report.at(asyncness, messages::PROCESS_IS_NOT_ASYNC);
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            report.at(parameter, messages::PROCESS_GENERIC);
        }
    }
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => report.at(receiver, messages::PROCESS_RECEIVER),
            FnArg::Typed(parameter) => {
                for lazy in parameter.attrs.iter().filter(|attribute| is_lazy(attribute)) {
                    report.at(lazy, messages::PROCESS_LAZY);
                }
                check_type(&parameter.ty, report);
            }
        }
    }
    if let ReturnType::Type(_, output) = &signature.output {
        check_type(output, report);
        if let Type::Never(never) = &**output {
            report.at(never, messages::PROCESS_NEVER);
        }
    }
}

fn check_type(ty: &Type, report: &mut Report) {
    if let Some(opaque) = tokens::find(ty.to_token_stream(), "impl") {
        report.at(opaque, messages::PROCESS_IMPL);
    }
    if let Some(this) = tokens::find(ty.to_token_stream(), "Self") {
        report.at(this, messages::PROCESS_SELF);
    }
}
