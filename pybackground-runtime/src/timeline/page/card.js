/* The card that tells of one body or one wait. */

function html(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function facts(pairs) {
  const list = html("dl");
  for (const [name, value] of pairs) if (value) list.append(html("dt", name), html("dd", value));
  return list;
}

const outcomeOf = (call) => {
  if (call.outcome >= 0) return OUTCOMES[call.outcome];
  const bar = call.bars[call.bars.length - 1];
  if (call.isCut) return "unknown";
  if (!bar) return "queued";
  return Number.isFinite(bar.end) ? "suspended" : "runs";
};

function waitsOf(waits, name, last) {
  const sums = new Map();
  for (const wait of waits) {
    const who = name(wait);
    sums.set(who, (sums.get(who) || 0) + Math.min(wait.end, last) - wait.begin);
  }
  const all = [...sums].map(([who, sum]) => `${who} ${time(sum)}`);
  return all.length > 4 ? `${all.slice(0, 4).join(", ")}, and ${all.length - 4} more` : all.join(", ");
}

function cardOf(call, model) {
  const last = model.last();
  const head = html("h2");
  head.style.setProperty("--fill", call.fn.fill);
  head.append(html("i"), call.fn.name, html("b", outcomeOf(call), call.outcome > 0 ? "bad" : ""));
  const bars = call.bars.filter((bar) => !bar.isAway);
  const open = bars.find((bar) => !Number.isFinite(bar.end));
  const ran = call.ran + (open ? last - open.begin : 0);
  const steps = bars.length > 1 ? ` in ${bars.length} steps` : "";
  const held = Number.isNaN(call.queued) ? 0 : call.queued - call.created;
  const queued = (bars.length ? bars[0].begin : Number.isNaN(call.ended) ? last : call.ended) - call.created - held;
  const threads = [...new Set(bars.map((bar) => bar.row.name))];
  const waited = call.waits.reduce((sum, wait) => sum + Math.min(wait.end, last) - wait.begin, 0);
  const pieces = [head, html("code", call.fn.path)];
  pieces.push(facts([
    [placeLabel(call), placeOf(call)],
    ["called by", makerName(call)],
    ["called", Number.isNaN(call.created) ? "" : `${time(call.created - model.begin)} after the first call`],
    ["held back", held ? time(held) : ""],
    ["queued", queued >= 0 ? time(queued) : ""],
    ["ran", bars.length ? `${time(ran)}${steps}, ${PLACES[call.how] || ""}` : "never"],
    ["waited", waited ? `${time(waited)} for ${waitsOf(call.waits, (wait) => wait.fn.name, last)}` : ""],
    ["waited for by", call.waiters.length ? waitsOf(call.waiters, (wait) => (wait.under ? wait.under.call.fn.name : wait.row.name), last) : ""],
    [threads.length > 1 ? "threads" : "thread", threads.length > 4 ? `${threads.slice(0, 4).join(", ")} and ${threads.length - 4} more` : threads.join(", ")],
    ["worker", call.worker ? call.worker.name : ""],
  ]));
  if (call.text) pieces.push(html("p", call.text));
  if (call.runsOn) {
    const end = bars.length ? bars[bars.length - 1].end : Infinity;
    const late = Number.isFinite(end) ? `ran on for ${time(end - call.ended)}` : "runs on";
    pieces.push(html("p", `The body ${late} after its call was closed.`));
  }
  if (call.isCut && call.outcome < 0) pieces.push(html("p", "Events that follow are missing.", "soft"));
  if (call.unused) pieces.push(html("p", "Nothing used the value.", "soft"));
  return pieces;
}

function cardOfWait(wait, model) {
  const pieces = [
    html("h2", `waits for ${wait.fn.name}`),
    html("code", wait.fn.path),
    facts([
      ["waits at", wait.place],
      ["for", time(Math.min(wait.end, model.last()) - wait.begin)],
      ["how it ended", wait.outcome >= 0 ? WAITS[wait.outcome] : Number.isFinite(wait.end) ? "unknown" : "it waits still"],
      [wait.on ? placeLabel(wait.on) : "", wait.on ? placeOf(wait.on) : ""],
      ["thread", wait.row.name],
    ]),
  ];
  if (wait.text) pieces.push(html("p", wait.text));
  return pieces;
}

/** Shows a card beside a point, where there is room for it. */
function showCard(card, pieces, x, y) {
  card.replaceChildren(...pieces);
  card.hidden = false;
  const { width, height } = card.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - 16 - width : x + 16;
  const top = y + 18 + height > innerHeight ? y - 14 - height : y + 18;
  card.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  card.style.top = `${Math.max(8, top)}px`;
}
