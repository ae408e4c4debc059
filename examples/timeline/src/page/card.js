/* The card that tells of one body, and the sums above the chart. */

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

const OUTCOMES = { ok: "ok", timeout: "timed out", "": "still runs" };

function cardOf(call, threads) {
  const head = html("h2");
  head.style.setProperty("--fill", call.fn.fill);
  const outcome = OUTCOMES[call.outcome] || call.outcome;
  head.append(html("i"), call.name, html("b", outcome, call.lacksValue ? "bad" : ""));
  const began = call.steps.length ? call.steps[0][1] : call.ended;
  const polls = call.steps.length > 1 ? ` in ${call.steps.length} steps` : "";
  const pieces = [head, html("code", call.function)];
  pieces.push(facts([
    ["called at", call.location],
    ["called by", call.maker ? call.maker.name : threads[call.caller]],
    ["queued", time(began - call.called)],
    ["ran", call.steps.length ? `${time(call.ran)}${polls}, ${call.how}` : "never"],
    ["waited", call.waited ? `${time(call.waited)}` : ""],
    ["for", [...new Set(call.waits.map((wait) => (wait.on ? `${wait.on.name} ${time(wait.end - wait.begin)}` : "")))].join(", ")],
    ["thread", [...new Set(call.steps.map(([thread]) => threads[thread]))].join(", ")],
  ]));
  for (const note of call.notes) pieces.push(html("p", note));
  return pieces;
}

function cardOfWait(wait, threads) {
  return [
    html("h2", `waits for ${wait.on ? wait.on.name : "a call"}`),
    html("code", wait.on ? wait.on.function : ""),
    facts([["waits at", wait.location], ["for", time(wait.end - wait.begin)], ["how it ended", wait.outcome], ["thread", threads[wait.thread]]]),
  ];
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

const count = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

function showSums(model, sums, sentence) {
  if (!model.calls.length) return;
  const sum = (name, value, star) => {
    const pair = html("div", undefined, star ? "star" : "");
    pair.append(html("dt", name), html("dd", value));
    sums.append(pair);
  };
  sum("elapsed", time(model.elapsed));
  sum("sum of the bodies", time(model.work));
  sum("speed-up", `${(model.work / model.elapsed).toFixed(1)}×`, true);
  sum("threads", String(model.workers));

  const outcomes = new Map();
  for (const call of model.calls) if (call.lacksValue) outcomes.set(call.outcome, (outcomes.get(call.outcome) || 0) + 1);
  const bad = [...outcomes].map(([outcome, times]) => `${times} ${OUTCOMES[outcome] || outcome}`);
  const parts = [count(model.calls.length, "call"), `of ${count(model.functions.length, "function")}`];
  sentence.textContent = [parts.join(" "), ...bad].join(" · ");
}
