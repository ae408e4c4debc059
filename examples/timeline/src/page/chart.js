/* Drawing: elements are made once; to zoom is to move them. */

const LANE = 27;
const BAR = 20;
const PAD = 7;
/** Beyond so many links they say nothing, and only those of the chosen body are drawn. */
const MOST_LINKS = 90;

function element(name, attributes = {}, parent = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}

class Chart {
  constructor(model, chart, ruler) {
    Object.assign(this, { model, chart, ruler });
    const margin = (model.end - model.begin) * 0.012 || 1;
    this.all = [model.begin - margin, model.end + margin];
    this.view = [...this.all];
    this.place();
    this.build();
  }

  place() {
    let y = 0;
    for (const row of this.model.rows) {
      row.lane = Math.max(5, Math.min(LANE, 320 / row.lanes));
      row.y = y;
      row.height = row.lanes * row.lane + 2 * PAD;
      y += row.height;
    }
    this.height = y;
  }

  top(bar) {
    return bar.row.y + PAD + bar.lane * bar.row.lane;
  }

  middle(bar) {
    return this.top(bar) + Math.min(BAR, bar.row.lane - 2) / 2;
  }

  build() {
    const { model, chart } = this;
    chart.replaceChildren();
    chart.setAttribute("height", this.height);
    const defs = element("defs", {}, chart);
    const hatch = (id, colour, width) => {
      const pattern = element("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, defs);
      element("line", { x1: 0, y1: 0, x2: 0, y2: 6, "stroke-width": width, style: `stroke:${colour}` }, pattern);
    };
    hatch("hatch", "color-mix(in srgb, #20242c 46%, transparent)", 3.4);
    hatch("thin", "color-mix(in srgb, var(--soft) 55%, transparent)", 3);
    hatch("late", "var(--bad)", 3);
    const tip = element("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse" }, defs);
    element("path", { d: "M0 0L8 4L0 8Z", style: "fill:context-stroke" }, tip);

    const bands = element("g", {}, chart);
    this.grid = element("g", { class: "grid" }, chart);
    const bars = element("g", {}, chart);
    const links = element("g", {}, chart);
    this.names = element("g", { class: "names" }, chart);

    this.bands = model.rows.map((row) => {
      const band = element("g", { class: "row" }, bands);
      return element("rect", { x: 0, y: row.y, height: row.height }, band);
    });
    for (const row of model.rows) for (const bar of row.bars) this.buildBar(bar, bars);
    for (const wait of model.waits) this.buildWait(wait, bars);
    this.links = this.buildLinks(links);
    this.buildNames();
  }

  buildBar(bar, parent) {
    const { call } = bar;
    const height = Math.max(2, Math.min(BAR, bar.row.lane - 2));
    const group = element("g", { class: "bar", "data-call": call.id, style: `--fill:${call.fn.fill}` }, parent);
    bar.parts = { group };
    if (bar.begin > bar.queued) bar.parts.queue = element("path", { class: "queue" }, group);
    const y = this.top(bar);
    if (call.steps.length) bar.parts.body = element("rect", { class: "body", y, height, rx: Math.min(4, height / 3) }, group);
    const runsOn = call.outcome === "timeout" || call.outcome === "cancelled";
    if (runsOn && bar.end > call.ended) bar.parts.late = element("rect", { class: "late", y, height, rx: 3 }, group);
    if (call.lacksValue) bar.parts.bad = element("path", { class: "bad" }, group);
    if (height >= 15 && call.steps.length) bar.parts.text = element("text", { y: y + height / 2 + 4 }, group);
    group.bar = bar;
  }

  buildWait(wait, parent) {
    const height = Math.max(2, Math.min(BAR, wait.row.lane - 2));
    const group = element("g", { class: "wait" }, parent);
    const owner = wait.by ? wait.under || wait.by.bars[0] : null;
    if (wait.by) group.dataset.call = wait.by.id;
    wait.rect = element("rect", { class: wait.by ? "hatch" : "alone", y: this.top(wait), height, rx: wait.by ? 0 : 4 }, group);
    group.wait = wait;
    group.bar = owner;
    wait.group = group;
  }

  /** From a caller to the body, and from a body to who waited for its end. */
  buildLinks(parent) {
    const { calls, waits } = this.model;
    const few = calls.length + waits.length <= MOST_LINKS;
    const made = [];
    const add = (kind, from, to, ...of) => {
      const path = element("path", { class: `link ${kind}`, "marker-end": "url(#tip)" }, parent);
      made.push({ path, kind, from, to, of, few });
    };
    for (const call of calls) {
      const from = call.from || { row: call.callerRow, lane: 0 };
      const [y, to] = [this.middle(from), this.middle(call.bars[0])];
      // Into the queue line from above, or into the body from below.
      add("call", [call.called, y], [call.called, to < y ? to + 13 : to + 7], call);
    }
    for (const wait of waits) {
      const last = wait.on && wait.on.bars[wait.on.bars.length - 1];
      if (last && last.end <= wait.end) add("end", [last.end, this.middle(last)], [wait.end, this.middle(wait)], wait.on, wait.by);
    }
    return made;
  }

  buildNames() {
    this.back = element("rect", { x: 0, y: 0, height: this.height }, this.names);
    this.edge = element("line", { y1: 0, y2: this.height }, this.names);
    this.labels = this.model.rows.map((row) => {
      const label = element("text", { x: 16, y: row.y + PAD + BAR / 2 + 4, class: row.idle ? "idle" : "" }, this.names);
      label.row = row;
      return label;
    });
  }

  /** Moves everything to where it is in the present view. */
  draw() {
    this.width = this.chart.clientWidth || 1000;
    this.gutter = this.width < 560 ? 64 : 132;
    const { width, gutter } = this;
    for (const band of this.bands) band.setAttribute("width", width);
    this.back.setAttribute("width", gutter);
    this.edge.setAttribute("x1", gutter);
    this.edge.setAttribute("x2", gutter);
    for (const label of this.labels) {
      label.textContent = gutter < 100 ? label.row.name.replace("background-", "b-").slice(0, 7) : label.row.name.slice(0, 17);
    }
    for (const row of this.model.rows) {
      for (const bar of row.bars) this.drawBar(bar);
      for (const wait of row.waits) this.stretch(wait.rect, wait.begin, wait.end);
    }
    for (const link of this.links) this.drawLink(link);
    this.drawRuler();
  }

  x(time) {
    const [from, to] = this.view;
    return this.gutter + ((time - from) / (to - from)) * (this.width - this.gutter);
  }

  time(x) {
    const [from, to] = this.view;
    return from + ((x - this.gutter) / (this.width - this.gutter)) * (to - from);
  }

  /** Far outside there is nothing to see, and a browser's numbers end. */
  clamped(time) {
    return Math.max(this.gutter - 50, Math.min(this.width + 50, this.x(time)));
  }

  stretch(rect, begin, end) {
    const x = this.clamped(begin);
    rect.setAttribute("x", x);
    rect.setAttribute("width", Math.max(1.5, this.clamped(end) - x));
  }

  drawBar(bar) {
    const { parts, call } = bar;
    const [x, end, y] = [this.clamped(bar.begin), this.clamped(bar.end), this.top(bar)];
    const height = Math.max(2, Math.min(BAR, bar.row.lane - 2));
    const low = y + height + (bar.row.lane > 12 ? 2.5 : 0);
    if (parts.queue) {
      const first = this.clamped(bar.queued);
      parts.queue.setAttribute("d", `M${first} ${low - 4}V${low}H${x}${parts.body ? "" : `V${low - 4}`}`);
    }
    if (parts.body) this.stretch(parts.body, bar.begin, bar.end);
    if (parts.late) this.stretch(parts.late, Math.max(bar.begin, call.ended), bar.end);
    if (parts.bad) parts.bad.setAttribute("d", `M${Math.max(x + 1.5, end)} ${y}V${y + height}`);
    if (parts.text) {
      const left = Math.max(x, this.gutter) + 6;
      const fits = Math.floor((end - left - 4) / 6.7);
      parts.text.setAttribute("x", left);
      parts.text.textContent = fits >= call.name.length ? call.name : fits > 3 ? `${call.name.slice(0, fits - 1)}…` : "";
    }
  }

  /** A call goes straight to where its queue time begins; the end of a body bows to who waited for it. */
  drawLink({ path, kind, from, to }) {
    const [x1, x2] = [this.clamped(from[0]), this.clamped(to[0])];
    if (kind === "call") {
      path.setAttribute("d", `M${x1} ${from[1]}V${to[1]}`);
    } else {
      const bow = Math.min(14, Math.abs(to[1] - from[1]) / 3);
      path.setAttribute("d", `M${x1} ${from[1]}C${x1 + bow} ${from[1]} ${x2 + bow} ${to[1]} ${x2 + 1} ${to[1]}`);
    }
  }

  drawRuler() {
    const [from, to] = this.view;
    const most = Math.max(2, (this.width - this.gutter) / 92);
    const raw = (to - from) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
    this.ruler.replaceChildren();
    this.grid.replaceChildren();
    const begin = this.model.begin;
    for (let at = begin + Math.ceil((from - begin) / step) * step; at <= to; at += step) {
      const x = this.x(at);
      if (x < this.gutter + 2) continue;
      element("line", { x1: x, x2: x, y1: 0, y2: this.height }, this.grid);
      const label = element("text", { x, y: 21, "text-anchor": "middle" }, this.ruler);
      label.textContent = at - begin < step / 2 ? "0" : time(Math.round((at - begin) * 1000) / 1000);
      if (x > this.width - 30) label.setAttribute("text-anchor", "end");
    }
  }

  /** Shows a range of time, but no less than a microsecond, and nothing outside of the run. */
  show(from, to) {
    const [first, last] = this.all;
    const length = Math.min(last - first, Math.max(1, to - from));
    const begin = Math.max(first, Math.min(last - length, from + (to - from - length) / 2));
    this.view = [begin, begin + length];
    this.draw();
  }

  zoom(factor, around = (this.view[0] + this.view[1]) / 2) {
    const [from, to] = this.view;
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  /** Puts a body and what belongs to it before the others. */
  choose(bar) {
    const near = new Set();
    if (bar) {
      near.add(bar.call.id);
      for (const link of this.links) if (link.of.includes(bar.call)) for (const call of link.of) if (call) near.add(call.id);
      if (bar.call.maker) near.add(bar.call.maker.id);
    }
    this.chart.classList.toggle("quiet", Boolean(bar));
    for (const group of this.chart.querySelectorAll(".bar, .wait")) {
      group.classList.toggle("near", near.has(Number(group.dataset.call)));
      group.classList.toggle("chosen", Boolean(bar) && Number(group.dataset.call) === bar.call.id);
    }
    this.filter();
    for (const link of this.links) {
      const isNear = Boolean(bar) && link.of.includes(bar.call);
      link.path.classList.toggle("near", isNear);
      link.path.style.display = (link.few || isNear) && link.of.every((call) => !call || call.fn.shown) ? "" : "none";
    }
  }

  /** Fades the functions that are not to be shown. */
  filter() {
    for (const group of this.chart.querySelectorAll("[data-call]")) {
      group.classList.toggle("off", !this.model.calls[group.dataset.call].fn.shown);
    }
  }
}
