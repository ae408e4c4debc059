"use strict";

/* The run, prepared for drawing: what lies on which row, and what belongs together. Knows no pixels. */

/** Fills that dark text can be read on, told apart by those who see few colours too. */
const FILLS = [
  "#8fb8ff", "#ffb870", "#86d3a2", "#ff9fb2", "#c5a8ff", "#ecd162", "#6fd3d8", "#dcb690", "#bdd86c", "#e7a3e0",
];
const OTHER = "#b8c0cd";

const shortName = (path) => path.split("::").filter((step) => !step.startsWith("{")).pop() || path;

const time = (micros) => {
  if (micros >= 1e6) return `${(micros / 1e6).toPrecision(3)} s`;
  if (micros >= 1e3) return `${(micros / 1e3).toPrecision(micros < 1e5 ? 3 : 4).replace(/\.0+$/, "")} ms`;
  return `${micros >= 10 || micros === 0 ? Math.round(micros) : micros.toFixed(1)} µs`;
};

/** Puts intervals that are sorted by their begin on as few lanes as they need; returns how many. */
function pack(intervals) {
  const ends = [];
  for (const interval of intervals) {
    let lane = ends.findIndex((end) => end <= interval.begin);
    if (lane < 0) lane = ends.length;
    ends[lane] = interval.end;
    interval.lane = lane;
  }
  return Math.max(1, ends.length);
}

/** Puts each body one lane below the one it lies on; returns how many lanes there are. */
function stack(bars) {
  const open = [];
  let lanes = 1;
  for (const bar of bars) {
    while (open.length && open[open.length - 1].end <= bar.begin) open.pop();
    bar.lane = open.length;
    open.push(bar);
    lanes = Math.max(lanes, open.length);
  }
  return lanes;
}

function prepare(run) {
  const calls = run.calls.map((call, id) => ({
    ...call, id, name: shortName(call.function), how: call.ran, bars: [], waits: [],
  }));
  const rows = run.threads.map((name) => ({ name, bars: [], waits: [] }));

  for (const call of calls) {
    call.steps.forEach(([thread, begin, end], at) => {
      const bar = { call, begin, end, row: rows[thread], queued: at === 0 ? call.called : begin };
      call.bars.push(bar);
      rows[thread].bars.push(bar);
    });
  }
  for (const row of rows) {
    row.bars.sort((a, b) => a.begin - b.begin || b.end - a.end);
    row.lanes = stack(row.bars);
  }

  const waits = run.waits.map((wait) => {
    const by = wait.by === null ? null : calls[wait.by];
    const row = rows[wait.thread];
    const under = row.bars.filter((bar) => bar.begin <= wait.begin && bar.end >= wait.end).pop();
    const told = { ...wait, by, on: wait.on === null ? null : calls[wait.on], row, lane: under ? under.lane : 0, under };
    row.waits.push(told);
    if (by) by.waits.push(told);
    return told;
  });

  const never = calls.filter((call) => !call.bars.length);
  if (never.length) {
    const row = { name: "never ran", bars: [], waits: [], idle: true };
    for (const call of never) {
      const bar = { call, begin: call.ended, end: call.ended, row, queued: call.called };
      call.bars.push(bar);
      row.bars.push(bar);
    }
    const spans = row.bars.map((bar) => ({ bar, begin: bar.queued, end: bar.end }));
    spans.sort((a, b) => a.begin - b.begin);
    row.lanes = pack(spans);
    for (const span of spans) span.bar.lane = span.lane;
    rows.push(row);
  }

  for (const call of calls) {
    call.maker = call.parent === null ? null : calls[call.parent];
    // Where it was called from: the body that called, where that one was then.
    call.from = call.maker && call.maker.bars.find((bar) => bar.begin <= call.called && call.called <= bar.end);
    call.callerRow = rows[call.caller];
    call.ran = call.steps.reduce((sum, [, begin, end]) => sum + end - begin, 0);
    call.waited = call.waits.reduce((sum, wait) => sum + wait.end - wait.begin, 0);
    call.lacksValue = !["ok", ""].includes(call.outcome);
  }

  return { ...run, calls, waits, rows, functions: functions(calls) };
}

/** The functions, those that ran longest first, each with its colour. */
function functions(calls) {
  const known = new Map();
  for (const call of calls) {
    const fn = known.get(call.function) || { name: call.name, path: call.function, calls: 0, ran: 0, shown: true };
    fn.calls += 1;
    fn.ran += call.ran;
    call.fn = fn;
    known.set(call.function, fn);
  }
  const sorted = [...known.values()].sort((a, b) => b.ran - a.ran);
  sorted.forEach((fn, at) => { fn.fill = FILLS[at] || OTHER; });
  return sorted;
}
