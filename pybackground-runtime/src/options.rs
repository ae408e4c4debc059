//! The options of one call.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, Name, Path};
use crate::cancel;
use crate::error::CallResult;
use crate::events::CallEvents;
use crate::site;
#[cfg(not(debug_assertions))]
use crate::site::CallSite;
use crate::stacks::CallKey;
use crate::task::{Body, Header, Limit, Task, Timeouts};

/// The body may run where the call is made.
const COMPUTES: u8 = 1;
/// The call is more than queued when it is made.
const HAS_CONDITIONS: u8 = 2;
/// The body shares its stack with no other.
const HAS_OWN_STACK: u8 = 4;

/// The place of a call, and what the attribute's options say.
///
/// The compiler folds every function here, so a call without options does not pay for them.
#[derive(Clone, Copy)]
pub struct Options {
    site: &'static Location<'static>,
    name: Option<Name>,
    limit: Option<&'static Limit>,
    timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    /// In one byte, or the compiler would store the options in memory for each call.
    flags: u8,
    /// Where the function is defined, if the attribute made it.
    definition: Option<&'static Location<'static>>,
}

impl Options {
    /// Options of a call at the caller's line.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn here() -> Self {
        Self::at(Location::caller())
    }

    /// Options of a call that is said to be made at `site`.
    #[inline]
    pub(crate) const fn at(site: &'static Location<'static>) -> Self {
        Self {
            site,
            name: None,
            limit: None,
            timeout: None,
            run_timeout: None,
            flags: 0,
            definition: None,
        }
    }

    /// Options of a call at the caller's line, of a function that is defined at `definition`.
    ///
    /// If the function was passed by name to the standard library, as in `words.map(length)`, then the
    /// caller's line is none of the user's, and the definition takes its place.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn of(definition: &'static Location<'static>) -> Self {
        Self { definition: Some(definition), ..Self::at(Location::caller()) }
    }

    #[inline]
    const fn with(self, flags: u8) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    /// The body computes and waits for nothing but other calls.
    #[inline]
    #[must_use]
    pub const fn compute(self) -> Self {
        self.with(COMPUTES)
    }

    /// The body shares its stack with no other body.
    #[inline]
    #[must_use]
    pub const fn own_stack(self) -> Self {
        self.with(HAS_OWN_STACK | HAS_CONDITIONS)
    }

    /// The function's name in messages, instead of its path.
    #[inline]
    #[must_use]
    pub const fn name(self, name: &'static str) -> Self {
        Self { name: Some(Name::Text(name)), ..self }
    }

    /// The limit on how many bodies run at once, of the function and of others that share it.
    #[inline]
    #[must_use]
    pub const fn limit(self, limit: &'static Limit) -> Self {
        Self { limit: Some(limit), ..self }.with(HAS_CONDITIONS)
    }

    /// The same options without those that another machine observes: the limit, and the time from the start of the body.
    #[cfg(feature = "remote")]
    pub(crate) fn for_another_machine(self) -> Self {
        let flags = if self.timeout.is_some() { HAS_CONDITIONS } else { 0 };
        Self { limit: None, run_timeout: None, flags, ..self }
    }

    /// The time from the call to its deadline.
    #[inline]
    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }.with(HAS_CONDITIONS)
    }

    /// The time from the start of the body to the deadline of the call.
    #[inline]
    #[must_use]
    pub const fn run_timeout(self, timeout: Duration) -> Self {
        Self { run_timeout: Some(timeout), ..self }.with(HAS_CONDITIONS)
    }

    /// The same options, with the function's path as the name unless there is a name.
    pub(crate) fn named_by(self, path: Path) -> Self {
        Self { name: Some(self.name.unwrap_or(Name::Path(path))), ..self }
    }

    /// The place of the call and of the definition, if the options say nothing else about a call that is queued.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub(crate) fn plain(&self) -> Option<(CallSite, Option<CallSite>)> {
        let is_plain = self.name.is_none() && !self.have_conditions();
        is_plain.then_some((self.site, self.definition))
    }

    /// Options that say nothing but this.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub(crate) const fn of_plain(site: CallSite, definition: Option<CallSite>) -> Self {
        Self { definition, ..Self::at(site) }
    }

    /// The same options, field by field.
    #[inline]
    pub(crate) fn rebuilt(&self) -> Self {
        let Self { site, name, limit, timeout, run_timeout, flags, definition } = *self;
        Self { site, name, limit, timeout, run_timeout, flags, definition }
    }

    /// The line that stands for the call. Asked for once a call, and not on the way of one that runs in place.
    #[inline]
    pub(crate) fn site(&self) -> &'static Location<'static> {
        site::of_call(self.site, self.definition)
    }

    #[inline]
    pub(crate) fn slots(&self) -> Option<&'static Limit> {
        self.limit
    }

    #[inline]
    pub(crate) fn has_own_stack(&self) -> bool {
        self.flags & HAS_OWN_STACK != 0
    }

    #[inline]
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts { of_call: self.timeout, of_run: self.run_timeout }
    }

    /// The task of a call with these options, to be queued, or held if it needs a permit.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, the body would cost as much")]
    pub(crate) fn task<B: Body>(&self, body: B) -> Arc<Task<B>> {
        // What may unwind comes first: the task is then built in place.
        let label = body.label();
        let path = B::function(label);
        let events = CallEvents::created(|| self.key(path), || self.call_or(path));
        if B::BELONGS_TO_SCOPE {
            // The scope sees to its end.
            events.used();
        }
        let parent = cancel::current();
        Task::new(self.header(events), label, body, parent, self.need_permit())
    }

    /// The task of a call that waits for dependencies.
    pub(crate) fn held_task<B: Body>(&self, body: B) -> Arc<Task<B>> {
        let label = body.label();
        let path = B::function(label);
        let events = CallEvents::created(|| self.key(path), || self.call_or(path));
        Task::held(self.header(events), label, body)
    }

    /// The task of a call that has its outcome from the start, which has been reported.
    pub(crate) fn ended_task<B: Body>(
        &self,
        label: B::Label,
        outcome: CallResult<B::Output>,
    ) -> Arc<Task<B>> {
        Task::ended(self.header(CallEvents::none()), label, outcome)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "most of it is decided while compiling")]
    fn header(&self, events: CallEvents) -> Header {
        if self.need_permit() {
            Header::with_permit(self.site(), self.name, self.limit, self.has_own_stack(), events)
        } else {
            Header::new(self.site(), self.name, events)
        }
    }

    /// Whether the call is more than queued when it is made.
    #[inline]
    pub(crate) fn have_conditions(&self) -> bool {
        self.flags & HAS_CONDITIONS != 0
    }

    /// Whether the call waits for a permit, with or without a limit.
    #[inline]
    fn need_permit(&self) -> bool {
        self.have_conditions() && (self.limit.is_some() || self.has_own_stack())
    }

    /// The call of a function whose path is found only if the options have no name.
    pub(crate) fn call_or(&self, function: Path) -> Call {
        Call::new(self.name.map_or_else(function, Name::text), self.site())
    }

    /// What identifies this kind of call, of `function` unless the options have a name.
    #[inline]
    pub(crate) fn key(&self, function: Path) -> CallKey {
        let name = self.name.map_or(function as usize, Name::key);
        (std::ptr::from_ref(self.site).addr(), name)
    }

    /// Whether a busy worker may run the body where the call is made.
    #[inline]
    pub(crate) fn may_run_inline(&self) -> bool {
        self.flags & (COMPUTES | HAS_CONDITIONS) == COMPUTES
    }
}
