//! Bodies that cannot end before all of them have begun: a pool with a cap never gets there.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::{nanoseconds, to_float};
use pybackground_benches::peer::{Peer, Pybackground, StdThread};
use pybackground_benches::work::Pace;

use crate::sleepers::MOST_AT_ONCE;

const BODIES: usize = 10_000;

/// When a body goes away although not all have come, and all others with it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const ROW: Row = Row {
    key: "together",
    title: "10,000 bodies that wait for each other, until the last begins",
    unit: Unit::Milliseconds,
    extras: MOST_AT_ONCE,
    against: Against::Contender("std::thread"),
    bars: &[Bar::ExtraAtLeast(0, 10_000.0)],
    contenders: &[
        ours("pybackground", together::<Pybackground>),
        peer("std::thread", together::<StdThread>),
        reference("Go goroutine", Run::Go("together")),
    ],
};

fn together<P: Peer>(_: Pace) -> Reading {
    let peer = P::start(None);
    peer.join(peer.call(|| 0));
    let meeting = Arc::new(Meeting::default());
    let start = Instant::now();
    let call = |_| {
        let meeting = meeting.clone();
        peer.call(move || {
            meeting.attend();
            1
        })
    };
    let calls: Vec<P::Call> = (0..BODIES).map(call).collect();
    assert_eq!(peer.sum(calls), BODIES as u64);
    let (most, last) = meeting.report();
    Reading { figure: nanoseconds(last - start), extras: vec![to_float(most)] }
}

#[derive(Default)]
struct Meeting {
    attendance: Mutex<Attendance>,
    over: Condvar,
}

#[derive(Default)]
struct Attendance {
    here: usize,
    most: usize,
    last_came: Option<Instant>,
    over: bool,
}

impl Meeting {
    /// Stays until all are here.
    fn attend(&self) {
        let mut attendance = self.attendance.lock().expect("nobody panics in a meeting");
        attendance.here += 1;
        attendance.most = attendance.most.max(attendance.here);
        attendance.last_came = Some(Instant::now());
        if attendance.here < BODIES {
            let waiting =
                self.over.wait_timeout_while(attendance, PATIENCE, |attendance| !attendance.over);
            (attendance, _) = waiting.expect("nobody panics in a meeting");
        }
        attendance.here -= 1;
        attendance.over = true;
        self.over.notify_all();
    }

    /// The most that were here at once, and when the last came.
    fn report(&self) -> (usize, Instant) {
        let attendance = self.attendance.lock().expect("nobody panics in a meeting");
        let last = attendance.last_came.expect("somebody came");
        (attendance.most, last)
    }
}
