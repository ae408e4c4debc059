"use strict";

/* The run: reads lines of events into calls, bars on rows, and waits. Knows no pixels. Times are microseconds. */

const OUTCOMES = ["ok", "panicked", "timed out", "cancelled", "refused", "dropped", "crashed", "failed"];
const WAITS = ["ended", "time is over", "deadlock", "given up"];
const PLACES = ["on a thread", "in place, on the thread that joined it", "inline, where it was made"];

/** Rows of threads from outside come first, then the library's, then workers, then calls that never ran. */
const OUTSIDE = 0;
const BACKGROUND = 1;
const WORKER = 2;
const NEVER = 3;

/** Deeper bodies share the last lane. */
const MOST_LANES = 24;

/** Durations of so many calls of a function are kept for its percentiles. */
const MOST_DURATIONS = 50000;

/** Fills that dark text can be read on, told apart by those who see few colours too. */
const FILLS = [
  "#8fb8ff", "#ffb870", "#86d3a2", "#ff9fb2", "#c5a8ff", "#ecd162", "#6fd3d8", "#dcb690", "#bdd86c", "#e7a3e0",
];
const OTHER = "#b8c0cd";

const shortName = (path) => {
  const steps = path.replace(/<.*?>/g, "").split("::").filter((step) => step && !step.startsWith("{"));
  return steps.pop() || path;
};

/** Three digits or four, without zeros at the end. */
const digitsOf = (number) => String(Number(number.toPrecision(number < 100 ? 3 : 4)));

const time = (micros) => {
  if (!Number.isFinite(micros)) return "–";
  if (micros >= 6e8) return `${Math.floor(micros / 6e7).toLocaleString("en")} min`;
  if (micros >= 1e6) return `${digitsOf(micros / 1e6)} s`;
  if (micros >= 1e3) return `${digitsOf(micros / 1e3)} ms`;
  return `${micros >= 10 || micros === 0 ? Math.round(micros) : micros.toFixed(1)} µs`;
};

/** What most calls have none of. */
const NONE = Object.freeze([]);

/** Numbers that are appended, without an object for each. */
class Numbers {
  constructor() {
    this.values = new Float64Array(1024);
    this.length = 0;
  }

  push(value) {
    if (this.length === this.values.length) {
      const wider = new Float64Array(2 * this.length);
      wider.set(this.values);
      this.values = wider;
    }
    this.values[this.length] = value;
    this.length += 1;
  }

  /** The same in ascending order. */
  sorted() {
    return this.values.slice(0, this.length).sort();
  }
}

/** When a body was on top of its thread: for each stretch of time the call, the begin and the end. */
class Parts {
  constructor() {
    this.calls = [];
    this.begins = new Numbers();
    this.ends = new Numbers();
  }

  push(call, begin, end) {
    this.calls.push(call);
    this.begins.push(begin);
    this.ends.push(end);
  }
}

class Fn {
  constructor(path) {
    Object.assign(this, {
      path, name: shortName(path), calls: 0, ended: 0, failed: 0, unused: 0, ran: 0, queued: 0, started: 0, most: 0,
      running: 0, durations: new Numbers(), sorted: null, shown: true, matches: true, fill: null, slot: FILLS.length,
    });
  }

  add(duration) {
    this.ended += 1;
    this.ran += duration;
    if (duration > this.most) this.most = duration;
    // The newest replace the oldest.
    if (this.durations.length < MOST_DURATIONS) this.durations.push(duration);
    else this.durations.values[this.ended % MOST_DURATIONS] = duration;
    this.sorted = null;
  }

  percentile(share) {
    if (!this.durations.length) return NaN;
    this.sorted ||= this.durations.sorted();
    return this.sorted[Math.min(this.sorted.length - 1, Math.floor(share * this.sorted.length))];
  }
}

function addTo(call, list, item) {
  if (call[list] === NONE) call[list] = [item];
  else call[list].push(item);
}

class Row {
  constructor(kind, name) {
    Object.assign(this, { kind, name, lanes: [], waits: [], open: [], since: 0, gone: false, away: null });
    const number = /(\d+)$/.exec(name);
    this.order = number ? Number(number[1]) : 0;
  }

  lane(at) {
    while (this.lanes.length <= at) {
      this.lanes.push([]);
      this.waits.push([]);
    }
    return this.lanes[at];
  }

  /** The body on top, below waits. */
  body() {
    for (let at = this.open.length - 1; at >= 0; at -= 1) if (!this.open[at].isWait) return this.open[at];
    return null;
  }
}

class Model {
  constructor() {
    Object.assign(this, {
      program: {}, names: [], fns: new Map(), threads: new Map(), workers: new Map(), rows: [], calls: [], waits: [],
      ids: new Map(), parts: new Parts(), begin: Infinity, end: 0, now: 0, dropped: 0, lost: 0, forgotten: 0, made: 0, ended: 0,
      failed: 0, complete: false, gap: false, rest: "", version: 0, row: null, recent: null, time: 0,
    });
    this.unknown = this.fn("(a call that was not recorded)");
    this.unknown.fill = OTHER;
    this.never = new Row(NEVER, "never ran");
  }

  fn(path) {
    let fn = this.fns.get(path);
    if (!fn) {
      fn = new Fn(path);
      this.fns.set(path, fn);
    }
    return fn;
  }

  call(thread, number) {
    let ids = this.ids.get(thread);
    if (!ids) {
      ids = [];
      this.ids.set(thread, ids);
    }
    return ids[number] || this.newCall(ids, thread, number);
  }

  newCall(ids, thread, number) {
    const call = {
      thread, number, fn: this.unknown, place: "", created: NaN, queued: NaN, row: null, parent: null, bars: NONE, waits: NONE,
      waiters: NONE, ran: 0, how: 0, ended: NaN, outcome: -1, text: "", runsOn: false, isCut: false, isCounted: false, unused: false, worker: null, shade: null,
    };
    ids[number] = call;
    this.calls.push(call);
    return call;
  }

  thread(number) {
    let row = this.threads.get(number);
    if (!row) {
      row = new Row(OUTSIDE, `thread ${number}`);
      this.threads.set(number, row);
      this.rows.push(row);
    }
    return row;
  }

  nameThread(number, name) {
    // A thread that has ended leaves its row to the next of that name.
    const earlier = this.rows.find((row) => row.name === name && row.gone && row.kind < WORKER);
    const row = this.threads.get(number) || earlier;
    if (!row) {
      const made = new Row(/^background-\d/.test(name) ? BACKGROUND : OUTSIDE, name);
      this.threads.set(number, made);
      this.rows.push(made);
      return;
    }
    row.gone = false;
    this.threads.set(number, row);
  }

  /** Reads lines. What follows the last end of a line waits for the rest of it. */
  feed(chunk) {
    const text = this.rest + chunk;
    const end = text.lastIndexOf("\n") + 1;
    this.rest = text.slice(end);
    let at = 0;
    const digits = () => {
      at += 1;
      let number = 0;
      for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(at)) {
        number = number * 10 + code - 48;
        at += 1;
      }
      return number;
    };
    let thread = this.threadNumber;
    const known = () => {
      const number = digits();
      if (text.charCodeAt(at) !== 46) return number ? this.call(thread, number) : null;
      return this.call(number, digits());
    };
    // The call of an event: the one of the event before, the next of the same maker, or one that has a number.
    const own = () => {
      const sign = text[at + 1];
      if (sign === "=" || sign === "+") at += 2;
      if (sign === "+") this.recent = this.call(this.recent.thread, this.recent.number + 1);
      else if (sign !== "=") this.recent = known();
      return this.recent;
    };
    const json = (stop) => (text.charCodeAt(at) === 32 ? JSON.parse(text.slice(at + 1, stop)) : "");
    while (at < end) {
      const stop = text.indexOf("\n", at);
      const letter = text[at];
      at += 1;
      if (letter >= "a") {
        if (letter === "t") {
          this.tick(digits() / 1000);
        } else {
          this.time += digits() / 1000;
          this.event(letter, own, known, digits, () => json(stop));
        }
      } else if (letter === "T") {
        thread = digits();
        this.threadNumber = thread;
        this.recent = null;
        this.row = this.thread(thread);
        this.time = digits() / 1000;
      } else if (letter === "N") {
        const number = digits();
        const [path, place] = json(stop);
        this.names[number] = { fn: path ? this.fn(path) : null, place };
      } else if (letter === "H") {
        const number = digits();
        this.nameThread(number, json(stop));
      } else if (letter === "W") {
        const number = digits();
        if (!this.workers.has(number)) {
          const row = new Row(WORKER, json(stop));
          this.workers.set(number, row);
          this.rows.push(row);
        }
      } else if (letter === "P") {
        this.program = json(stop);
      } else if (letter === "D") {
        // Nothing follows.
        if (!this.dropped) this.interruptAll();
        this.dropped = digits();
      } else if (letter === "Z") {
        this.tick(digits() / 1000);
        this.complete = true;
      } else if (letter === "G") {
        this.gap = true;
        this.interruptAll();
      }
      at = stop + 1;
    }
    this.version += 1;
  }

  tick(now) {
    if (now > this.now) this.now = now;
  }

  event(letter, own, known, digits, json) {
    const { row, time } = this;
    if (time > this.end) this.end = time;
    if (letter === "c") {
      const call = own();
      const name = this.names[digits()];
      call.parent = known();
      call.created = time;
      call.row = row;
      if (name) call.fn = name.fn;
      call.place = name ? name.place : "";
      call.fn.calls += 1;
      this.made += 1;
      if (time < this.begin) this.begin = time;
      // Another thread's events of the call may have come before.
      if (call.bars !== NONE || call.outcome >= 0) this.settle(call);
    } else if (letter === "s" || letter === "r") {
      const call = own();
      if (letter === "s") {
        call.how = digits();
        if (call.row) {
          call.fn.queued += time - call.created;
          call.fn.started += 1;
        }
      }
      this.switchTo(row, time);
      let depth = 0;
      for (let at = 0; at < row.open.length; at += 1) if (!row.open[at].isWait) depth += 1;
      const bar = { call, row, begin: time, end: Infinity, lane: Math.min(depth, MOST_LANES - 1), isWait: false };
      addTo(call, "bars", bar);
      row.lane(bar.lane).push(bar);
      row.open.push(bar);
      call.isCut = false;
      if (call.row) call.fn.running += 1;
    } else if (letter === "l") {
      this.leave(own());
    } else if (letter === "f" || letter === "e" || letter === "x") {
      const call = own();
      if (letter === "f") this.leave(call);
      call.outcome = digits();
      call.ended = time;
      call.runsOn = letter === "x";
      call.text = json();
      this.ended += 1;
      if (call.outcome !== 0) this.failed += 1;
      if (call.row && call.outcome !== 0) call.fn.failed += 1;
      this.count(call);
    } else if (letter === "w") {
      const on = own();
      const place = this.names[digits() - 1];
      const name = this.names[digits()];
      this.switchTo(row, time);
      const under = row.body();
      const wait = {
        row, on, fn: name ? name.fn : this.unknown, place: place ? place.place : "", under, begin: time, end: Infinity,
        lane: under ? under.lane : 0, outcome: -1, text: "", isWait: true,
      };
      row.lane(wait.lane);
      row.waits[wait.lane].push(wait);
      row.open.push(wait);
      this.waits.push(wait);
      if (on) addTo(on, "waiters", wait);
      if (under) addTo(under.call, "waits", wait);
    } else if (letter === "v") {
      const outcome = digits();
      const text = json();
      this.switchTo(row, time);
      while (row.open.length) {
        const wait = row.open.pop();
        this.close(wait, time);
        if (wait.isWait) {
          wait.outcome = outcome;
          wait.text = text;
          break;
        }
      }
    } else if (letter === "q") {
      own().queued = time;
    } else if (letter === "a") {
      const call = own();
      const worker = this.workers.get(digits());
      if (!worker || !call) return;
      const lane = worker.lanes.findIndex((bars) => !bars.length || bars[bars.length - 1].end <= time);
      const at = lane < 0 ? worker.lanes.length : lane;
      const bar = { call, row: worker, begin: time, end: Infinity, lane: at, isWait: false, isAway: true };
      worker.lane(at).push(bar);
      call.worker = worker;
      addTo(call, "bars", bar);
      row.away = bar;
    } else if (letter === "o") {
      const call = own();
      const worker = this.workers.get(digits());
      const begin = time - digits() / 1000;
      if (!worker || !call) return;
      const lane = worker.lanes.findIndex((bars) => !bars.length || bars[bars.length - 1].end <= begin);
      const at = lane < 0 ? worker.lanes.length : lane;
      const bar = { call, row: worker, begin, end: time, lane: at, isWait: false, isAway: true };
      worker.lane(at).push(bar);
      call.worker = worker;
      call.ran += time - begin;
      addTo(call, "bars", bar);
      this.parts.push(call, begin, time);
    } else if (letter === "b") {
      own();
      if (row.away) row.away.end = time;
      row.away = null;
    } else if (letter === "u") {
      const call = own();
      call.unused = true;
      if (call.row) call.fn.unused += 1;
    } else if (letter === "g") {
      this.lost += digits();
      this.interrupt(row, time);
    } else if (letter === "h") {
      row.gone = true;
      this.threads.delete(this.threadNumber);
    }
  }

  close(open, time) {
    open.end = time;
    if (open.isWait) return;
    const { call } = open;
    call.ran += time - open.begin;
    if (call.isCounted) call.fn.ran += time - open.begin;
    if (call.row) call.fn.running -= 1;
  }

  /** Counts a call that has its outcome, and whose body has left its threads. */
  count(call) {
    if (call.isCounted || !call.row || call.outcome < 0 || !call.bars.length) return;
    if (call.bars.some((bar) => bar.end === Infinity && !bar.isAway)) return;
    call.isCounted = true;
    call.fn.add(call.ran);
  }

  /** The body of a call leaves this thread. */
  leave(call) {
    const { row, time } = this;
    this.switchTo(row, time);
    while (row.open.length) {
      const bar = row.open.pop();
      this.close(bar, time);
      if (bar.call === call && !bar.isWait) break;
    }
    this.count(call);
  }

  /** Ends what is open on a row for the page: the events that end it may be missing. */
  interrupt(row, time) {
    this.switchTo(row, time);
    for (const open of row.open) {
      this.close(open, time);
      if (!open.isWait) open.call.isCut = true;
    }
    row.open.length = 0;
    if (row.away) row.away.end = time;
    row.away = null;
  }

  /** Goes on like a page that was opened now: the ends of all open calls may be missing. */
  interruptAll() {
    const time = this.last();
    for (const row of this.rows) this.interrupt(row, time);
    this.remove((call) => call.outcome < 0);
  }

  /** Counts what was known of a call before its function was. */
  settle(call) {
    const { fn, bars } = call;
    fn.running += bars.filter((bar) => bar.end === Infinity && !bar.isAway).length;
    if (bars.length) {
      fn.queued += bars[0].begin - call.created;
      fn.started += 1;
    }
    if (call.outcome > 0) fn.failed += 1;
    this.count(call);
    if (call.unused) fn.unused += 1;
  }

  /** The body on top of a row ran until now: keeps when it did, for the advice. */
  switchTo(row, time) {
    const top = row.open[row.open.length - 1];
    if (top && !top.isWait && time > row.since) this.parts.push(top.call, row.since, time);
    row.since = time;
  }

  /** Removes calls, and returns how many. */
  remove(isGone) {
    const before = this.calls.length;
    this.calls = this.calls.filter((call) => {
      const stays = !isGone(call);
      if (!stays) delete this.ids.get(call.thread)[call.number];
      return stays;
    });
    return before - this.calls.length;
  }

  /** Forgets what ended long ago, so that a page that follows a program for days stays small. */
  forget(most) {
    if (this.calls.length <= most) return;
    // When a call that was not recorded was made is unknown.
    const kept = this.calls.slice(-(most >> 1)).find((call) => !Number.isNaN(call.created));
    if (!kept) return;
    const cut = kept.created;
    const isOver = (call) => (call.outcome >= 0 ? call.ended < cut : call.isCut);
    const isOld = (call) => isOver(call) && call.bars.every((bar) => bar.end < cut);
    this.forgotten += this.remove(isOld);
    for (const row of this.rows) {
      row.lanes = row.lanes.map((bars) => bars.filter((bar) => bar.end >= cut));
      row.waits = row.waits.map((waits) => waits.filter((wait) => wait.end >= cut));
    }
    this.waits = this.waits.filter((wait) => wait.end >= cut);
    const parts = new Parts();
    this.parts.calls.forEach((call, at) => {
      const [begin, end] = [this.parts.begins.values[at], this.parts.ends.values[at]];
      if (end >= cut) parts.push(call, begin, end);
    });
    this.parts = parts;
    this.begin = cut;
    this.forgetRows();
  }

  /** Forgets threads that have ended, and workers, without anything to show. They are named again before their next event. */
  forgetRows() {
    const rows = new Set(this.calls.map((call) => call.row));
    const threads = new Set(this.calls.map((call) => call.thread));
    const stays = (row) => rows.has(row) || (row.kind < WORKER && !row.gone) || row.lanes.some((bars) => bars.length) || row.waits.some((waits) => waits.length);
    this.rows = this.rows.filter(stays);
    for (const [number, row] of this.workers) if (!stays(row)) this.workers.delete(number);
    for (const thread of this.ids.keys()) if (!threads.has(thread)) this.ids.delete(thread);
  }

  /** The end of what is open: the last thing that is known of the program. */
  last() {
    const isOver = (this.complete || this.dropped) && this.rows.every((row) => !row.open.length);
    return isOver ? this.end : Math.max(this.end, this.now);
  }

  /** The functions, those that ran longest first. Those without a colour get one. */
  functions() {
    const used = [...this.fns.values()].filter((fn) => fn.calls || fn.running);
    const sorted = used.sort((a, b) => b.ran - a.ran || b.calls - a.calls);
    const taken = new Set(sorted.map((fn) => fn.fill && fn.slot));
    for (const fn of sorted) {
      if (fn.fill) continue;
      const free = FILLS.findIndex((_, slot) => !taken.has(slot));
      fn.slot = free < 0 ? FILLS.length : free;
      fn.fill = FILLS[fn.slot] || OTHER;
      taken.add(fn.slot);
    }
    return sorted;
  }

  /** The rows in the order in which they are shown. */
  shownRows() {
    const never = this.calls.filter((call) => !call.bars.length && call.outcome > 0);
    this.never.lanes = [];
    this.never.waits = [];
    const ends = [];
    for (const call of never) {
      const begin = Number.isNaN(call.created) ? call.ended : call.created;
      let lane = ends.findIndex((end) => end <= begin);
      if (lane < 0) lane = Math.min(ends.length, 5);
      ends[lane] = call.ended;
      const bar = { call, row: this.never, begin: call.ended, end: call.ended, lane, isWait: false, isNever: true };
      call.shade = bar;
      this.never.lane(lane).push(bar);
    }
    const rows = this.rows.filter((row) => row.lanes.some((bars) => bars.length) || row.waits.some((waits) => waits.length));
    const makers = new Set(this.calls.map((call) => call.row));
    for (const row of this.rows) if (!rows.includes(row) && makers.has(row)) rows.push(row);
    if (never.length) rows.push(this.never);
    return rows.sort((a, b) => a.kind - b.kind || a.order - b.order || (a.name < b.name ? -1 : 1));
  }
}

/** Where a call is shown first: its first body, or where it would have been. */
const firstBar = (call) => (call ? call.bars[0] || call.shade || null : null);

const makerName = (call) => (call.parent ? call.parent.fn.name : call.row ? call.row.name : "a thread");
const queuedFor = (call) => (call.bars.length ? call.bars[0].begin : call.ended) - call.created;

/** The line of a call, or of its function if the standard library made the call. */
const placeLabel = (call) => (call.place.startsWith("defined at ") ? "defined at" : "called at");
const placeOf = (call) => call.place.replace("defined at ", "");
