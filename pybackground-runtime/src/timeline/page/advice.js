/* What a person should look at first: which parts ran alone, and why. Pure: model in, findings out. */

const code = (text) => ({ code: text });
const percent = (part, whole) => `${Math.round((100 * part) / whole)} %`;
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const median = (numbers) => {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length ? sorted[sorted.length >> 1] : NaN;
};

/** The places of numbers in ascending order. Each is sorted together with its place, as one number. */
function order(numbers, count, least, span) {
  const steps = Math.floor(Number.MAX_SAFE_INTEGER / (count + 1) / Math.max(1, span));
  const scale = steps > 0 ? steps : Number.MAX_SAFE_INTEGER / (count + 1) / (2 * span);
  const [keys, places] = [new Float64Array(count), new Uint32Array(count)];
  for (let at = 0; at < count; at += 1) keys[at] = Math.floor((numbers[at] - least) * scale) * count + at;
  keys.sort();
  for (let at = 0; at < count; at += 1) places[at] = keys[at] % count;
  return places;
}

/** The stretches of time in which one body ran, or none, each with the call that ran. */
function stretches(model) {
  const last = model.last();
  const parts = new Parts();
  parts.calls = [...model.parts.calls];
  for (const side of ["begins", "ends"]) {
    parts[side].values = model.parts[side].values.slice();
    parts[side].length = model.parts[side].length;
  }
  for (const row of model.rows) {
    const top = row.open[row.open.length - 1];
    if (top && !top.isWait && last > row.since) parts.push(top.call, row.since, last);
  }
  const count = parts.calls.length;
  const [begins, finishes] = [parts.begins.values, parts.ends.values];
  const span = last - model.begin;
  const starts = order(begins, count, model.begin, span);
  const ends = order(finishes, count, model.begin, span);
  const found = { alone: [], idle: 0, busy: 0, most: 0, afterLast: null };
  let [at, ended, running, sum, from] = [0, 0, 0, 0, model.begin];
  while (ended < count) {
    const isBegin = at < count && begins[starts[at]] < finishes[ends[ended]];
    const now = isBegin ? begins[starts[at]] : finishes[ends[ended]];
    if (now > from) {
      found.busy += running * (now - from);
      // The sum of the numbers of those that run is the number of the one that runs alone.
      if (running === 1) {
        const call = parts.calls[sum];
        const before = found.alone[found.alone.length - 1];
        if (before && before.call === call && before.end === from) before.end = now;
        else found.alone.push({ call, begin: from, end: now });
      } else if (running === 0) found.idle += now - from;
      from = now;
    }
    if (isBegin) {
      running += 1;
      sum += starts[at];
      at += 1;
    } else {
      running -= 1;
      sum -= ends[ended];
      ended += 1;
    }
    if (running > found.most) found.most = running;
  }
  found.idle += Math.max(0, last - from);
  return found;
}

/** The place that waited longest for calls of a function, and who waited there. */
function waiter(calls) {
  const places = new Map();
  for (const call of calls) {
    for (const wait of call.waiters) {
      const who = wait.under ? wait.under.call.fn.name : wait.row.name;
      const known = places.get(`${who} ${wait.place}`) || { who, place: wait.place, sum: 0 };
      known.sum += Math.min(wait.end, Number.MAX_VALUE) - wait.begin;
      places.set(`${who} ${wait.place}`, known);
    }
  }
  return [...places.values()].sort((a, b) => b.sum - a.sum)[0] || null;
}

/** Values that are waited for before the next call is made: f(1) + f(2) + f(3). */
function chains(model) {
  const last = model.last();
  const makers = new Map();
  for (const wait of model.waits) {
    const key = wait.under ? wait.under.call : wait.row;
    const list = makers.get(key) || [];
    list.push(wait);
    makers.set(key, list);
  }
  const found = [];
  for (const [maker, waits] of makers) {
    const made = (call) => (maker instanceof Row ? !call.parent && call.row === maker : call.parent === maker);
    let links = [];
    const finish = () => {
      if (links.length > 1) found.push({ maker, links, sum: total(links.map((wait) => Math.min(wait.end, last) - wait.begin)) });
      links = [];
    };
    for (const wait of waits) {
      if (!wait.on || !made(wait.on)) continue;
      const before = links[links.length - 1];
      if (!before) links = [wait];
      else if (wait.on.created >= before.end) links.push(wait);
      else if (wait.on.created < before.begin) {
        // It was made before the last wait, so that one did not delay it.
        if (links.length === 1) links = [wait];
        else {
          finish();
          links = [wait];
        }
      }
    }
    finish();
  }
  return found.sort((a, b) => b.sum - a.sum);
}

/** So many bodies of a lane are looked at. */
const MOST_BARS = 2000;

/** Bodies of one function that begin together and end one after the other, as those that wait for a lock. */
function stairs(model) {
  const found = [];
  const groups = new Map();
  for (const row of model.rows) {
    if (row.kind === WORKER) continue;
    for (const bars of row.lanes) {
      // Of very many, the last are enough.
      for (let at = Math.max(0, bars.length - MOST_BARS); at < bars.length; at += 1) {
        const bar = bars[at];
        if (!Number.isFinite(bar.end) || bar.call.bars.length > 2) continue;
        const list = groups.get(bar.call.fn);
        if (list) list.push(bar);
        else groups.set(bar.call.fn, [bar]);
      }
    }
  }
  const judge = (fn, group) => {
    if (group.length < 4) return;
    const byEnd = [...group].sort((a, b) => a.end - b.end);
    const gaps = byEnd.slice(1).map((bar, at) => bar.end - byEnd[at].end);
    const gap = median(gaps);
    const even = gaps.filter((one) => one > 0.4 * gap && one < 1.8 * gap).length / gaps.length;
    const [first, slowest] = [byEnd[0], byEnd[byEnd.length - 1]];
    const lengths = group.map((bar) => bar.end - bar.begin);
    const shortest = Math.min(...lengths);
    // The time between two ends is the time under the lock; without a lock all bodies take about as long.
    const grows = Math.max(...lengths) > 2.5 * shortest && gap > 0.4 * shortest;
    // Bodies that wait by themselves for other calls are told of elsewhere.
    const waits = total(group.map((bar) => total(bar.call.waits.map((wait) => wait.end - wait.begin))));
    const ran = total(group.map((bar) => bar.end - bar.begin));
    if (even >= 0.7 && grows && waits < ran / 4) {
      found.push({ fn, bars: byEnd, gap, sum: slowest.end - first.end });
    }
  };
  for (const [fn, bars] of groups) {
    bars.sort((a, b) => a.begin - b.begin);
    let [group, latest] = [[], Infinity];
    for (const bar of bars) {
      if (bar.begin > latest) {
        judge(fn, group);
        group = [];
      }
      latest = group.length ? Math.max(latest, bar.end) : bar.end;
      group.push(bar);
    }
    judge(fn, group);
  }
  return found.sort((a, b) => b.sum - a.sum);
}

/** Findings, the most important first: a text of words and code, and what to show of it. */
function advise(model) {
  const last = model.last();
  const elapsed = last - model.begin;
  if (!model.made || !(elapsed > 0)) return { findings: [], most: 0, average: 0, alone: 0 };
  const { alone, idle, busy, most } = stretches(model);
  const findings = [];
  const long = elapsed * 0.1;
  const serial = total(alone.map(({ begin, end }) => end - begin));

  const byFn = new Map();
  for (const { call, begin, end } of alone) {
    const known = byFn.get(call.fn) || { fn: call.fn, sum: 0, calls: new Set(), longest: null };
    known.sum += end - begin;
    known.calls.add(call);
    if (!known.longest || end - begin > known.longest.end - known.longest.begin) known.longest = { call, begin, end };
    byFn.set(call.fn, known);
  }
  const [top] = [...byFn.values()].sort((a, b) => b.sum - a.sum);
  if (top && serial >= long && model.made > 1) {
    const who = waiter(top.calls);
    const words = [`For ${time(serial)} of ${time(elapsed)} (${percent(serial, elapsed)}) only one body ran: `, code(top.fn.name)];
    words.push(top.sum > serial * 0.9 ? "" : ` for ${time(top.sum)} of it`);
    if (who && who.place) words.push(", for which ", code(who.who), " waits at ", code(who.place));
    findings.push({ kind: "alone", title: "What ran alone", words: [...words, "."], weight: Infinity, call: top.longest.call, range: top.longest });
  }

  const [chain] = chains(model);
  if (chain && chain.sum >= long) {
    const fns = [...new Set(chain.links.map((wait) => wait.on.fn.name))];
    const maker = chain.maker instanceof Row ? chain.maker.name : chain.maker.fn.name;
    const places = [...new Set(chain.links.map((wait) => wait.place).filter(Boolean))];
    findings.push({
      kind: "chain",
      title: "Calls one after the other",
      words: [
        code(maker), ` waits for a value and only then makes the next call, ${chain.links.length > 2 ? `${chain.links.length - 1} times in a row` : "once"}: `,
        ...fns.slice(0, 2).flatMap((name, at) => [at ? ", " : "", code(name)]), fns.length > 2 ? ", …" : "",
        ...(places.length ? [", at ", code(places[0])] : []),
        `. It waits for ${time(chain.sum)}. Make all calls first, and use their values afterwards.`,
      ],
      weight: chain.sum,
      call: chain.links[0].on,
      range: { begin: chain.links[0].on.created, end: Math.min(last, chain.links[chain.links.length - 1].end) },
    });
  }

  const [stair] = stairs(model);
  if (stair && stair.sum >= long) {
    findings.push({
      kind: "lock",
      title: "Bodies that wait for each other",
      words: [
        `${stair.bars.length} bodies of `, code(stair.fn.name), ` begin together and end one after the other, ${time(stair.gap)} apart, as if for a `,
        "lock or a single connection. Hold it only for the step that needs it.",
      ],
      weight: stair.sum,
      call: stair.bars[stair.bars.length - 1].call,
      range: { begin: Math.min(...stair.bars.map((bar) => bar.begin)), end: stair.bars[stair.bars.length - 1].end },
    });
  }

  const inChain = new Set(chain && chain.sum >= long ? chain.links.map((wait) => wait.on) : []);
  const inStair = new Set(stair && stair.sum >= long ? stair.bars.map((bar) => bar.call) : []);
  const loners = new Map();
  for (const { call, begin, end } of alone) {
    const known = loners.get(call);
    if (!known || end - begin > known.sum) loners.set(call, { call, sum: end - begin, begin, end });
  }
  const straggler = [...loners.values()].filter((it) => it.sum >= long && !inChain.has(it.call) && !inStair.has(it.call)).sort((a, b) => b.sum - a.sum)[0];
  if (straggler) {
    const { call } = straggler;
    const siblings = model.calls.filter((it) => it !== call && it.parent === call.parent && it.row === call.row && it.created <= straggler.begin);
    const before = siblings.filter((it) => it.bars.length && it.ended <= straggler.begin + straggler.sum * 0.1 && it.ended > call.created);
    if (before.length > 1) {
      findings.push({
        kind: "straggler",
        title: "One straggler",
        words: [
          code(call.fn.name), ...(call.place ? [", ", placeLabel(call), " ", code(placeOf(call)), ","] : []),
          ` runs alone for ${time(straggler.sum)} after ${before.length} other calls have ended. `,
          before.some((it) => it.created < call.created) && queuedFor(call) > long ? "Make it first, or split it." : "Split it into several calls.",
        ],
        weight: straggler.sum,
        call,
        range: straggler,
      });
    }
  }

  const ofEach = new Map();
  for (const call of model.calls) {
    if (!call.bars.length || !(call.created >= 0)) continue;
    const list = ofEach.get(call.fn);
    if (list) list.push(call);
    else ofEach.set(call.fn, [call]);
  }
  for (const [fn, calls] of ofEach) {
    if (calls.length < 4) continue;
    const held = median(calls.map((call) => (Number.isNaN(call.queued) ? 0 : call.queued - call.created)));
    const queued = median(calls.map((call) => call.bars[0].begin - (Number.isNaN(call.queued) ? call.created : call.queued)));
    if (held > long) {
      findings.push({
        kind: "limit", title: "Held back", weight: held, call: calls[calls.length >> 1],
        words: [`Half of the ${calls.length} calls of `, code(fn.name), ` were held back for ${time(held)} or longer: by its `, code("limit"), " or by values that they need."],
      });
    } else if (queued > long && queued > 3 * fn.percentile(0.5)) {
      findings.push({
        kind: "queue", title: "Long queue", weight: queued, call: calls[calls.length >> 1],
        words: [`Half of the ${calls.length} calls of `, code(fn.name), ` were queued for ${time(queued)} or longer: all threads were busy with other bodies.`],
      });
    }
  }

  // What ran in a gap is unknown.
  if (idle > elapsed * 0.25 && model.made > 1 && !model.lost && !model.gap) {
    findings.push({
      kind: "idle", title: "Nothing ran", weight: idle,
      words: [`For ${time(idle)} of ${time(elapsed)} (${percent(idle, elapsed)}) no body ran: the threads that make the calls worked or slept themselves.`],
    });
  }
  const unused = model.functions().filter((fn) => fn.unused);
  if (unused.length) {
    const names = unused.slice(0, 3).flatMap((fn, at) => [at ? ", " : "", code(fn.name), ` (${fn.unused.toLocaleString("en")})`]);
    findings.push({
      kind: "unused", title: "Never used", weight: 0, call: model.calls.find((call) => call.unused),
      words: ["Nothing used the values of ", ...names, unused.length > 3 ? ", …" : "", ". A failure of these calls goes unseen. Join them, or ", code("Lazy::detach"), " them."],
    });
  }
  findings.sort((a, b) => b.weight - a.weight);
  return { findings, most, average: busy / elapsed, alone: serial, busy };
}
