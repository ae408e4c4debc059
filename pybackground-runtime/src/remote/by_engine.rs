//! The backend of every other address: an engine sends the call to a worker, and the body of the call is suspended until
//! the answer has come.

use std::task::Waker;
use std::time::Duration;

use super::context::CallerContext;
use super::engine::{Engine, Order, Withdraw};
use super::function::{self, Function};
use super::reply::ReplySlot;
use super::settings::Settings;
use crate::error::{Failure, Part, Progress};
use crate::events;
use crate::process::expansion::Arguments;
use crate::process::{Answer, Backend, InFlight, Started, at_close};
use crate::snapshot::report_remote_by;

/// Calls go to workers.
pub(super) struct ByEngine;

/// A call that is ready to be sent.
pub(super) struct ReadyCall {
    engine: &'static dyn Engine,
    settings: &'static Settings,
    order: Order,
}

impl ReadyCall {
    pub(super) fn new(
        settings: &'static Settings,
        engine: &'static dyn Engine,
        function: &'static Function,
        arguments: Arguments,
        run_timeout: Option<Duration>,
    ) -> Result<Self, Failure> {
        function::all().map_err(|why| Failure::Unserved { why: why.to_owned() })?;
        let mut arguments =
            arguments.into_bytes().map_err(|why| Failure::Codec { what: Part::Arguments, why })?;
        let (mut context, length) =
            CallerContext::of_arguments(&arguments).expect("the expansion begins with the context");
        if let Some(limit) = function.bodies_at_once() {
            let fingerprint = function.fingerprint();
            let above = context.limited.iter().filter(|above| **above == fingerprint).count();
            if above >= limit {
                return Err(Failure::OwnLimit { limit });
            }
            context.limited.push(fingerprint);
            context.replace_in(&mut arguments, length);
        }
        let CallerContext { depth, trace_parent, .. } = context;
        let order = Order { function, arguments, depth, run_timeout, trace_parent };
        Ok(Self { engine, settings, order })
    }
}

impl Backend for ByEngine {
    type Order = ReadyCall;
    type InFlight = SentCall;
    const IS_SYNC: bool = false;
    const WHEN_CLOSED: Progress = Progress::Withdrawn;

    fn start(order: ReadyCall, waker: impl FnOnce() -> Waker) -> Started<SentCall> {
        let ReadyCall { engine, settings, order } = order;
        at_close(super::engine::close);
        report_remote_by(super::engine::report);
        events::part_of(order.trace_parent.as_deref());
        let (slot, reply) = ReplySlot::new(waker());
        let sent = events::Sent::now();
        let withdraw = engine.start(settings, order, reply);
        Started::InFlight(SentCall { slot, withdraw: Some(withdraw), sent })
    }
}

/// A call that was sent.
pub(super) struct SentCall {
    slot: ReplySlot,
    withdraw: Option<Withdraw>,
    sent: events::Sent,
}

impl InFlight for SentCall {
    fn answer(&mut self, waker: impl FnOnce() -> Waker) -> Option<Answer> {
        let outcome = self.slot.take(waker)?;
        self.withdraw = None;
        if let Some(worker) = outcome.worker() {
            self.sent.answered(|| format!("worker {worker}"));
        }
        Some(outcome.into_answer())
    }
}

impl Drop for SentCall {
    fn drop(&mut self) {
        if let Some(withdraw) = self.withdraw.take() {
            withdraw();
        }
    }
}
