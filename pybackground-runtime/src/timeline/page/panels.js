/* What is around the chart: the sums, the advice, the functions, what failed, and what runs now. */

const count = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

function showSums(model, advice, find) {
  const sums = [
    ["elapsed", time(model.last() - model.begin)],
    ["sum of the bodies", time(advice.busy || 0)],
    ["speed-up", `${(advice.average || 0).toFixed(1)}×`, true],
    ["threads", String(model.rows.filter((row) => row.kind < WORKER && row.lanes.some((bars) => bars.length)).length)],
  ];
  const workers = model.rows.filter((row) => row.kind === WORKER).length;
  if (workers) sums.push(["processes", String(workers)]);
  find("sums").replaceChildren(
    ...sums.map(([name, value, star]) => {
      const pair = html("div", undefined, star ? "star" : "");
      pair.append(html("dt", name), html("dd", value));
      return pair;
    }),
  );
  const bad = OUTCOMES.map((word, at) => [word, model.calls.filter((call) => call.outcome === at).length]).slice(1);
  const parts = [`${count(model.made, "call")} of ${count(model.functions().length, "function")}`];
  parts.push(...bad.filter(([, times]) => times).map(([word, times]) => `${times.toLocaleString("en")} ${word}`));
  find("sentence").textContent = parts.join(" · ");
}

/** Says what is missing from the picture. */
function showGaps(model, isLive, find) {
  const notes = [];
  if (model.dropped) notes.push(`${count(model.dropped, "event")} are missing at the end: the file has its full size of 64 MiB.`);
  if (model.lost) notes.push(`${count(model.lost, "event")} are missing: they came faster than they could be written.`);
  if (model.gap) notes.push("Events are missing: the program keeps the last 32 MiB of them, and this page asked too late for others.");
  if (model.forgotten) notes.push(`Of ${count(model.made, "call")}, the last ${model.calls.length.toLocaleString("en")} are shown.`);
  if (!model.complete && !isLive) notes.push("The program was killed, its disk was full, or it still runs: the last moment is missing.");
  find("gaps").replaceChildren(...notes.map((note) => html("p", note)));
}

const wordsOf = (words) => words.filter(Boolean).map((word) => (word.code ? html("code", word.code) : word));

function showAdvice(model, advice, find, show) {
  const list = find("advice");
  const shown = advice.findings.slice(0, 4);
  if (!shown.length) {
    const most = `${advice.average.toFixed(1)} on average, ${advice.most} at most`;
    shown.push({ kind: "well", title: "Nothing stands out", words: [`Bodies ran at the same time: ${most}.`] });
  }
  list.replaceChildren(
    ...shown.map((finding) => {
      const item = html("li", undefined, finding.kind);
      item.append(html("strong", finding.title), html("span"));
      item.lastChild.append(...wordsOf(finding.words));
      if (finding.call || finding.range) {
        const button = html("button", "Show");
        button.setAttribute("aria-label", `Show: ${finding.title}`);
        button.addEventListener("click", () => show(finding));
        item.append(button);
      }
      return item;
    }),
  );
}

const COLUMNS = [
  ["function", (fn) => fn.name, null],
  ["calls", (fn) => fn.calls, (fn) => fn.calls.toLocaleString("en")],
  ["in all", (fn) => fn.ran, (fn) => time(fn.ran)],
  ["half within", (fn) => fn.percentile(0.5), (fn) => time(fn.percentile(0.5)), "p50: half of the bodies took no longer"],
  ["95 % within", (fn) => fn.percentile(0.95), (fn) => time(fn.percentile(0.95)), "p95: 19 of 20 bodies took no longer"],
  ["longest", (fn) => fn.most, (fn) => (fn.ended ? time(fn.most) : "–")],
  ["queued", (fn) => fn.queued / (fn.started || 1), (fn) => (fn.started ? time(fn.queued / fn.started) : "–"), "from the call to the begin of the body, on average"],
  ["failed", (fn) => fn.failed, (fn) => (fn.failed ? fn.failed.toLocaleString("en") : "")],
  ["unused", (fn) => fn.unused, (fn) => (fn.unused ? fn.unused.toLocaleString("en") : ""), "calls whose value nothing used"],
];

/** The table of functions. A click on a head sorts by it; a click on a name hides or shows the function. */
class FunctionTable {
  constructor(table, toggle) {
    Object.assign(this, { table, toggle, by: 2, down: true });
  }

  show(model) {
    const head = html("tr");
    COLUMNS.forEach(([name, , , title], at) => {
      const cell = html("th");
      const button = html("button", name);
      if (title) button.title = title;
      cell.setAttribute("aria-sort", at === this.by ? (this.down ? "descending" : "ascending") : "none");
      button.addEventListener("click", () => {
        this.down = at === this.by ? !this.down : at > 0;
        this.by = at;
        this.show(model);
      });
      cell.append(button);
      head.append(cell);
    });
    const key = COLUMNS[this.by][1];
    const order = (a, b) => {
      const [x, y] = [key(a), key(b)];
      const less = typeof x === "string" ? x.localeCompare(y) : (Number.isNaN(x) ? -1 : x) - (Number.isNaN(y) ? -1 : y);
      return this.down ? -less : less;
    };
    const fns = model.functions().filter((fn) => fn.matches).sort(order).slice(0, 200);
    const most = Math.max(...fns.map((fn) => fn.ran), 1e-9);
    const rows = fns.map((fn) => {
      const row = html("tr");
      for (const [at, [, , text]] of COLUMNS.entries()) {
        const cell = html("td", text ? text(fn) : undefined);
        if (at === 0) {
          const button = html("button", undefined, "name");
          button.style.setProperty("--fill", fn.fill);
          button.title = fn.path;
          button.setAttribute("aria-pressed", String(fn.shown));
          button.append(html("i"), fn.name);
          button.addEventListener("click", () => this.toggle(fn));
          cell.append(button);
        }
        if (at === 2) cell.style.setProperty("--share", `${(100 * fn.ran) / most}%`);
        if (at === 7 && fn.failed) cell.className = "bad";
        row.append(cell);
      }
      return row;
    });
    this.table.replaceChildren(html("thead"), html("tbody"));
    this.table.tHead.append(head);
    this.table.tBodies[0].append(...rows);
  }
}

/** The functions as buttons that hide and show them, as many as there is room for. */
function showLegend(model, legend, toggle) {
  const fns = model.functions();
  const shown = fns.slice(0, 10);
  legend.replaceChildren(
    ...shown.map((fn) => {
      const button = html("button");
      button.title = fn.path;
      button.style.setProperty("--fill", fn.fill);
      const each = fn.ended ? fn.ran / fn.ended : NaN;
      const times = !fn.ended ? (fn.running ? "runs" : "never ran") : fn.calls > 1 ? `${fn.calls.toLocaleString("en")} × ${time(each)}` : time(each);
      button.append(html("i"), html("span", fn.name), html("small", times));
      button.setAttribute("aria-pressed", String(fn.shown));
      button.addEventListener("click", () => toggle(fn));
      return button;
    }),
  );
  if (fns.length > shown.length) legend.append(html("span", `and ${count(fns.length - shown.length, "more")}`.replace(/s$/, "")));
}

/** What failed and why, the newest last. */
function showFailures(model, find, choose) {
  const failed = model.calls.filter((call) => call.outcome > 0);
  const cycles = model.waits.filter((wait) => wait.outcome === 2);
  find("failed").hidden = !failed.length && !cycles.length;
  find("failures").replaceChildren(
    ...[...cycles.slice(-20), ...failed.slice(-100)].map((it) => {
      const item = html("li");
      const button = html("button", undefined, "name");
      const fn = it.isWait ? it.fn : it.fn;
      button.style.setProperty("--fill", fn.fill || OTHER);
      button.append(html("i"), fn.name);
      button.addEventListener("click", () => choose(it.isWait ? it : firstBar(it)));
      item.append(button, html("b", it.isWait ? "deadlock" : OUTCOMES[it.outcome], "bad"), html("span", it.text || it.place));
      return item;
    }),
  );
  find("more-failures").textContent = failed.length > 100 ? `The last 100 of ${count(failed.length, "call")}.` : "";
}

const STALL = 5e6;

/** What the program does now. */
function showNow(model, rates, find, choose) {
  const last = model.last();
  const open = model.calls.filter((call) => call.outcome < 0 && !call.isCut);
  const running = open.filter((call) => call.bars.some((bar) => bar.end === Infinity));
  const queued = open.filter((call) => !call.bars.length);
  const waits = model.waits.filter((wait) => wait.end === Infinity);
  const stalled = waits.filter((wait) => last - wait.begin > STALL);
  const cycles = model.waits.filter((wait) => wait.outcome === 2).length;
  const suspended = open.length - running.length - queued.length;
  const numbers = [
    ["running", running.length], ["queued", queued.length], ["suspended", suspended], ["waits", waits.length],
    ["calls/s", Math.round(rates.calls)], ["failed", model.failed], ["stalled", stalled.length], ["cycles", cycles],
  ];
  find("numbers").replaceChildren(
    ...numbers.map(([name, value]) => {
      const isBad = value > 0 && ["failed", "stalled", "cycles"].includes(name);
      const pair = html("div", undefined, isBad ? "bad" : "");
      pair.append(html("dt", name), html("dd", value.toLocaleString("en")));
      return pair;
    }),
  );
  const longest = [...running].sort((a, b) => a.bars[0].begin - b.bars[0].begin).slice(0, 5);
  const items = longest.map((call) => [call.fn, `for ${time(last - call.bars[0].begin)}`, firstBar(call)]);
  for (const wait of stalled.slice(0, 5)) {
    const who = wait.under ? wait.under.call.fn.name : wait.row.name;
    items.push([wait.fn, `${who} waits for it for ${time(last - wait.begin)}${wait.place ? `, at ${wait.place}` : ""}`, wait]);
  }
  find("running").replaceChildren(
    ...items.map(([fn, text, item]) => {
      const entry = html("li");
      const button = html("button", undefined, "name");
      button.style.setProperty("--fill", fn.fill || OTHER);
      button.append(html("i"), fn.name);
      button.addEventListener("click", () => choose(item));
      entry.append(button, html("span", text));
      return entry;
    }),
  );
}
