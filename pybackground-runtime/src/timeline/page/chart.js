/* Drawing on a canvas: only what is in view, and where bodies are too short for a bar, how busy the row was. */

/** Beyond so many links they say nothing, and only those of the chosen body are drawn. */
const MOST_LINKS = 90;

/** Bodies shorter than this many pixels are drawn together, in buckets of pixels. */
const SHORT = 2;
const BUCKET = 3;

/** The colours of load: those of functions, that of the others, that of the faded ones, that of waits. */
const SLOTS = FILLS.length + 3;
const FADED = FILLS.length + 1;
const WAITING = FILLS.length + 2;

class Chart {
  constructor(model, main, canvas) {
    Object.assign(this, { model, main, canvas, context: canvas.getContext("2d") });
    Object.assign(this, { view: [0, 1], chosen: null, hovered: null, filter: () => true, range: null, frames: 0, isFit: true });
    this.load = new Float32Array(0);
    this.widths = new Map();
    this.restyle();
  }

  /** Reads the colours of the style sheet. */
  restyle() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.colours = Object.fromEntries(["paper", "panel", "ink", "soft", "line", "band", "accent", "bad"].map((name) => [name, colour(name)]));
    this.fills = [...FILLS, OTHER, this.colours.soft, this.colours.soft];
    const hatch = (stroke, width) => {
      const tile = document.createElement("canvas");
      const size = Math.round(8 * devicePixelRatio);
      tile.width = size;
      tile.height = size;
      const context = tile.getContext("2d");
      context.strokeStyle = stroke;
      context.lineWidth = width * devicePixelRatio;
      context.lineCap = "square";
      for (const shift of [-size, 0, size]) {
        context.beginPath();
        context.moveTo(shift, size);
        context.lineTo(shift + size, 0);
        context.stroke();
      }
      const pattern = this.context.createPattern(tile, "repeat");
      pattern.setTransform(new DOMMatrix().scale(1 / devicePixelRatio));
      return pattern;
    };
    this.hatches = { wait: hatch("rgba(32, 36, 44, 0.46)", 2.4), alone: hatch(this.colours.soft, 1.5), late: hatch(this.colours.bad, 2.2) };
  }

  /** Takes in what the model has now. */
  update() {
    const { model } = this;
    const margin = (model.last() - model.begin) * 0.012 || 1;
    this.all = [model.begin - margin, model.last() + margin];
    this.scale = innerWidth >= 2600 ? 1.4 : 1;
    this.layout = new Layout(model.shownRows(), this.scale);
    if (this.isFit) this.view = [...this.all];
    this.few = model.calls.length + model.waits.length <= MOST_LINKS;
    this.ruler = Math.round(32 * this.scale);
    this.main.style.height = `${this.layout.height + this.ruler}px`;
  }

  request() {
    if (this.requested) return;
    this.requested = true;
    requestAnimationFrame(() => {
      this.requested = false;
      this.draw();
    });
  }

  x(time) {
    const [from, to] = this.view;
    return this.gutter + ((time - from) / (to - from)) * (this.width - this.gutter);
  }

  time(x) {
    const [from, to] = this.view;
    return from + ((x - this.gutter) / (this.width - this.gutter)) * (to - from);
  }

  /** Far outside there is nothing to see, and a canvas' numbers end. */
  clamped(time) {
    return Math.max(this.gutter - 60, Math.min(this.width + 60, this.x(time)));
  }

  measure() {
    const ratio = devicePixelRatio || 1;
    this.width = this.main.clientWidth;
    this.height = Math.min(this.layout.height + this.ruler, innerHeight);
    this.gutter = (this.width < 560 ? 64 : 132) * this.scale;
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.style.height = `${this.height}px`;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const top = this.main.getBoundingClientRect().top;
    this.offset = Math.max(0, Math.min(-top, this.layout.height + this.ruler - this.height));
  }

  draw() {
    if (!this.layout) return;
    const start = performance.now();
    this.measure();
    const { context, layout, colours } = this;
    this.last = this.model.last();
    this.bars = 0;
    this.near = this.nearOf(this.chosen || this.hovered);
    context.font = `500 ${12 * this.scale}px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
    context.textBaseline = "middle";
    context.fillStyle = colours.panel;
    context.fillRect(0, 0, this.width, this.height);

    context.save();
    context.translate(0, this.ruler - this.offset);
    const [top, bottom] = [this.offset, this.offset + this.height - this.ruler];
    const rows = layout.rows.filter((row) => row.y < bottom && row.y + row.height > top);
    layout.rows.forEach((row, at) => {
      if (at % 2 === 0 || !rows.includes(row)) return;
      context.fillStyle = colours.band;
      context.fillRect(0, row.y, this.width, row.height);
    });
    this.drawGrid(top, bottom);
    context.save();
    context.beginPath();
    context.rect(this.gutter, top, this.width - this.gutter, bottom - top);
    context.clip();
    for (const row of rows) this.drawRow(row);
    this.drawLinks();
    context.restore();
    this.drawNames(rows, top, bottom);
    context.restore();
    this.drawRuler();
    this.frames += 1;
    this.cost = performance.now() - start;
  }

  drawGrid(top, bottom) {
    const { context } = this;
    context.fillStyle = this.colours.line;
    for (const { x } of this.ticks()) context.fillRect(Math.round(x), top, 1, bottom - top);
  }

  ticks() {
    const [from, to] = this.view;
    const most = Math.max(2, (this.width - this.gutter) / (92 * this.scale));
    const raw = (to - from) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
    const { begin } = this.model;
    const ticks = [];
    for (let at = Math.ceil((from - begin) / step) * step; begin + at <= to; at += step) {
      const x = this.x(begin + at);
      if (x >= this.gutter + 2) ticks.push({ x, text: Math.abs(at) < step / 2 ? "0" : (at < 0 ? "−" : "") + time(Math.round(Math.abs(at) * 1000) / 1000) });
    }
    return ticks;
  }

  drawRuler() {
    const { context, colours } = this;
    context.fillStyle = colours.panel;
    context.fillRect(0, 0, this.width, this.ruler);
    context.fillStyle = colours.line;
    context.fillRect(0, this.ruler - 1, this.width, 1);
    context.font = `${12 * this.scale}px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
    context.fillStyle = colours.soft;
    for (const { x, text } of this.ticks()) {
      const isLast = x > this.width - 30 * this.scale;
      context.textAlign = isLast ? "right" : "center";
      context.fillText(text, isLast ? this.width - 6 : x, this.ruler / 2);
    }
    context.textAlign = "left";
    if (this.range) {
      context.globalAlpha = 0.18;
      context.fillStyle = colours.accent;
      context.fillRect(this.range[0], 0, this.range[1] - this.range[0], this.height);
      context.globalAlpha = 1;
    }
  }

  drawNames(rows, top, bottom) {
    const { context, colours } = this;
    context.fillStyle = colours.panel;
    context.fillRect(0, top, this.gutter, bottom - top);
    context.fillStyle = colours.line;
    context.fillRect(this.gutter - 1, top, 1, bottom - top);
    context.font = `${12.5 * this.scale}px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
    const narrow = this.gutter < 100;
    for (const row of rows) {
      const name = narrow ? row.name.replace("background-", "b-").replace("process ", "p ") : row.name;
      context.fillStyle = row.kind === NEVER || row.kind === WORKER ? colours.soft : colours.ink;
      // The name of a tall row stays in view.
      const y = Math.min(Math.max(row.y, top), row.y + row.height - row.laneHeight - 2 * row.pad);
      context.fillText(this.fitted(name, this.gutter - (narrow ? 14 : 24) * this.scale), (narrow ? 8 : 16) * this.scale, y + row.pad + row.barHeight / 2);
    }
  }

  /** A text, cut to a width. */
  fitted(text, width) {
    const { context } = this;
    const key = context.font + text;
    let full = this.widths.get(key);
    if (full === undefined) {
      full = context.measureText(text).width;
      this.widths.set(key, full);
    }
    if (full <= width) return text;
    const letters = Math.floor((width / full) * text.length) - 1;
    return letters > 1 ? `${text.slice(0, letters)}…` : "";
  }

  isShown(call) {
    return call.fn.shown && call.fn.matches && this.filter(call);
  }

  drawRow(row) {
    row.lanes.forEach((bars, lane) => {
      const y = row.y + row.pad + lane * row.laneHeight;
      this.drawLane(row, bars, row.waits[lane], y);
    });
  }

  drawLane(row, bars, waits, y) {
    const { context, last } = this;
    const [from, to] = this.view;
    const perPixel = (this.width - this.gutter) / (to - from);
    const shortest = SHORT / perPixel;
    const height = row.barHeight;
    const buckets = Math.ceil(this.width / BUCKET) + 1;
    if (this.load.length < buckets * SLOTS) this.load = new Float32Array(buckets * SLOTS);
    const { load } = this;
    let [lowest, highest] = [buckets, -1];
    const add = (begin, length, slot) => {
      // A stretch is shared out among the buckets it lies in; a short one lies in one or two.
      const x = this.gutter + (begin - from) * perPixel;
      const bucket = Math.max(0, Math.min(buckets - 1, (x / BUCKET) | 0));
      load[bucket * SLOTS + slot] += (length * perPixel) / BUCKET;
      if (bucket < lowest) lowest = bucket;
      if (bucket > highest) highest = bucket;
    };
    const failures = [];
    const wide = [];
    for (let at = firstAfter(bars, from); at < bars.length && bars[at].begin < to; at += 1) {
      const bar = bars[at];
      const length = (bar.end < last ? bar.end : last) - bar.begin;
      if (length >= shortest || bar.isNever) {
        wide.push(bar);
        continue;
      }
      const { call } = bar;
      const isShown = this.isShown(call);
      add(bar.begin, length, isShown ? call.fn.slot : FADED);
      if (call.outcome > 0 && isShown) failures.push(bar);
    }
    // Waits of a thread that runs no body are load of their own.
    const narrow = [];
    for (let at = firstAfter(waits, from); at < waits.length && waits[at].begin < to; at += 1) {
      const wait = waits[at];
      const length = (wait.end < last ? wait.end : last) - wait.begin;
      if (length >= shortest) narrow.push(wait);
      else if (!wait.under) add(wait.begin, length, WAITING);
    }
    if (highest >= 0) this.drawLoad(lowest, highest, y, height);
    context.fillStyle = this.colours.bad;
    for (const bar of failures) context.fillRect(this.x(bar.begin) - 0.75, y - 3, 1.5, 4);
    this.bars += wide.length;
    for (const bar of wide) this.drawBar(bar, y, height, wide.length < 600);
    for (const wait of narrow) this.drawWait(wait, y, height);
  }

  /** How busy the lane was, by function, a bucket of pixels at a time. */
  drawLoad(lowest, highest, y, height) {
    const { context, load } = this;
    const quiet = this.near && this.near.size ? 0.38 : 1;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      context.fillStyle = this.fills[slot];
      context.globalAlpha = slot === FADED ? 0.1 : slot === WAITING ? 0.28 : quiet;
      let any = false;
      context.beginPath();
      for (let bucket = lowest; bucket <= highest; bucket += 1) {
        const share = load[bucket * SLOTS + slot];
        if (share <= 0) continue;
        let below = 0;
        for (let other = 0; other < slot; other += 1) below += load[bucket * SLOTS + other];
        if (below >= 1) continue;
        const tall = Math.max(1, Math.min(1 - below, share) * height);
        context.rect(bucket * BUCKET, y + height - below * height - tall, BUCKET, tall);
        any = true;
      }
      if (any) context.fill();
    }
    context.globalAlpha = 1;
    load.fill(0, lowest * SLOTS, (highest + 1) * SLOTS);
  }

  alpha(call) {
    if (!this.isShown(call)) return 0.08;
    if (this.near && this.near.size && !this.near.has(call)) return 0.38;
    return 1;
  }

  box(x, y, width, height, radius) {
    const { context } = this;
    context.beginPath();
    if (width >= 8) context.roundRect(x, y, width, height, Math.min(radius, height / 3));
    else context.rect(x, y, width, height);
  }

  drawBar(bar, y, height, detailed) {
    const { context, colours, last } = this;
    const { call } = bar;
    const x = this.clamped(bar.begin);
    const end = this.clamped(Math.min(bar.end, last));
    const width = Math.max(1.5, end - x);
    context.globalAlpha = this.alpha(call);
    const isFirst = bar === call.bars[0] || bar.isNever;
    if (detailed && isFirst && call.created < bar.begin) {
      const queued = this.clamped(call.created);
      if (x - queued > 1.5) {
        const low = y + height + (bar.row.laneHeight > 12 ? 2.5 : 0);
        context.strokeStyle = call.fn.fill;
        context.lineWidth = 2.5;
        const shade = context.globalAlpha;
        context.globalAlpha = shade * 0.75;
        context.beginPath();
        context.moveTo(queued, low - 4);
        context.lineTo(queued, low);
        context.lineTo(x, low);
        if (bar.isNever) context.lineTo(x, low - 4);
        context.stroke();
        context.globalAlpha = shade;
      }
    }
    if (!bar.isNever) {
      context.fillStyle = call.fn.fill;
      this.box(x, y, width, height, 4);
      context.fill();
      // A body that runs in a worker is only represented by its thread.
      if (call.worker && !bar.isAway) {
        context.fillStyle = colours.panel;
        context.globalAlpha *= 0.55;
        context.fill();
        context.globalAlpha = this.alpha(call);
      }
      if (call.runsOn && bar.end > call.ended) {
        const late = this.clamped(Math.max(bar.begin, call.ended));
        context.fillStyle = this.hatches.late;
        context.fillRect(late, y, end - late, height);
      }
      if (width >= 5) {
        context.strokeStyle = "rgba(0, 0, 0, 0.36)";
        context.lineWidth = 0.8;
        this.box(x, y, width, height, 4);
        context.stroke();
      }
    }
    if (call.outcome > 0 && bar === (call.bars[call.bars.length - 1] || bar)) {
      context.fillStyle = colours.bad;
      context.fillRect(Math.max(x, end - 3), y, 3, height);
    }
    if (this.chosen && this.chosen.call === call && !bar.isNever) {
      context.strokeStyle = colours.ink;
      context.lineWidth = 2;
      this.box(x, y, width, height, 4);
      context.stroke();
    }
    if (height >= 13 && width > 24 * this.scale && !bar.isNever) {
      const left = Math.max(x, this.gutter) + 6;
      const text = this.fitted(call.fn.name, end - left - 5);
      context.fillStyle = call.worker && !bar.isAway ? colours.ink : "#14171c";
      if (text) context.fillText(text, left, y + height / 2 + 0.5);
    }
    context.globalAlpha = 1;
  }

  drawWait(wait, y, height) {
    const { context, last, colours } = this;
    const x = this.clamped(wait.begin);
    const end = this.clamped(Math.min(wait.end, last));
    const call = wait.under ? wait.under.call : wait.on;
    context.globalAlpha = call ? this.alpha(call) : 1;
    if (wait.under) {
      context.fillStyle = this.hatches.wait;
      context.fillRect(x, y, end - x, height);
    } else {
      context.fillStyle = this.hatches.alone;
      context.strokeStyle = colours.soft;
      context.lineWidth = 0.8;
      this.box(x, y, Math.max(1.5, end - x), height, 4);
      context.globalAlpha *= 0.6;
      context.fill();
      context.globalAlpha = call ? this.alpha(call) : 1;
      context.stroke();
    }
    if (wait.outcome === 2) {
      context.fillStyle = colours.bad;
      context.fillRect(end - 3, y, 3, height);
    }
    context.globalAlpha = 1;
  }

  /** The calls that belong to a body or a wait: who made it, what it made, what it waits for, who waits for it. */
  nearOf(item) {
    const near = new Set();
    if (!item) return near;
    if (item.isWait) {
      for (const call of [item.on, item.under && item.under.call]) if (call) near.add(call);
      return near;
    }
    const { call } = item;
    near.add(call);
    if (call.parent) near.add(call.parent);
    for (const wait of call.waits) if (wait.on) near.add(wait.on);
    for (const wait of call.waiters) if (wait.under) near.add(wait.under.call);
    if (this.model.calls.length < 5000) for (const other of this.model.calls) if (other.parent === call) near.add(other);
    return near;
  }

  /** From a caller to the body, and from a body to the thread that waited for its end. */
  drawLinks() {
    const item = this.chosen || this.hovered;
    const { calls, waits } = this.model;
    if (this.few) {
      for (const call of calls) this.drawCallLink(call, false);
      for (const wait of waits) this.drawWaitLink(wait, false);
    }
    if (!item) return;
    if (item.isWait) {
      this.drawWaitLink(item, true);
      if (item.on) this.drawCallLink(item.on, true);
      return;
    }
    const { call } = item;
    this.drawCallLink(call, true);
    for (const wait of call.waits.slice(0, 200)) this.drawWaitLink(wait, true);
    for (const wait of call.waiters) this.drawWaitLink(wait, true);
    let drawn = 0;
    for (const other of this.near) {
      if (other.parent === call && drawn < 200) {
        this.drawCallLink(other, true);
        drawn += 1;
      }
    }
  }

  drawCallLink(call, near) {
    const to = firstBar(call);
    if (!to || !call.row || call.row.y === undefined || to.row.y === undefined || Number.isNaN(call.created) || !this.isShown(call)) return;
    const maker = call.parent && call.parent.bars.find((bar) => bar.row === call.row && bar.begin <= call.created && call.created <= bar.end);
    const y = maker ? this.layout.middle(maker) : call.row.y + call.row.pad + call.row.barHeight / 2;
    const target = this.layout.middle(to);
    if (Math.abs(target - y) < 2) return;
    const x = this.clamped(call.created);
    // Into the queue line from above, or into the body from below.
    const tip = target < y ? target + to.row.barHeight * 0.65 : target + to.row.barHeight * 0.35;
    this.drawArrow(near, [3, 3], x, tip, target < y ? -Math.PI / 2 : Math.PI / 2, (context) => {
      context.moveTo(x, y);
      context.lineTo(x, tip);
    });
  }

  drawWaitLink(wait, near) {
    const bars = wait.on ? wait.on.bars.filter((bar) => !bar.isAway) : [];
    const from = bars[bars.length - 1];
    if (!from || !(from.end <= wait.end) || !Number.isFinite(wait.end) || wait.row.y === undefined || from.row.y === undefined) return;
    if (!this.isShown(wait.on)) return;
    const [x1, y1] = [this.clamped(from.end), this.layout.middle(from)];
    const [x2, y2] = [this.clamped(wait.end), this.layout.middle(wait)];
    if (Math.abs(y1 - y2) < 2) return;
    const bow = Math.min(14, Math.abs(y2 - y1) / 3);
    this.drawArrow(near, [], x2 + 1, y2, Math.PI, (context) => {
      context.moveTo(x1, y1);
      context.bezierCurveTo(x1 + bow, y1, x2 + bow, y2, x2 + 1, y2);
    });
  }

  drawArrow(near, dash, x, y, angle, path) {
    const { context, colours } = this;
    const quiet = !near && this.near && this.near.size;
    context.globalAlpha = near ? 1 : quiet ? 0.08 : 0.4;
    context.strokeStyle = near ? colours.accent : colours.soft;
    context.fillStyle = context.strokeStyle;
    context.lineWidth = near ? 1.8 : 1;
    context.setLineDash(dash);
    context.beginPath();
    path(context);
    context.stroke();
    context.setLineDash([]);
    const size = near ? 7 : 5.5;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - size * Math.cos(angle - 0.45), y - size * Math.sin(angle - 0.45));
    context.lineTo(x - size * Math.cos(angle + 0.45), y - size * Math.sin(angle + 0.45));
    context.fill();
    context.globalAlpha = 1;
  }

  /** The body or the wait at a point of the canvas. */
  at(x, y) {
    if (!this.layout || x < this.gutter || y < this.ruler) return null;
    const height = y - this.ruler + this.offset;
    const row = this.layout.rowAt(height);
    if (!row) return null;
    const lane = Math.max(0, Math.min(row.lanes.length - 1, Math.floor((height - row.y - row.pad) / row.laneHeight)));
    const moment = this.time(x);
    const slack = ((this.view[1] - this.view[0]) / (this.width - this.gutter)) * 3;
    const wait = this.nearest(row.waits[lane] || [], moment, 0);
    if (wait && !wait.under) return wait;
    return this.nearest(row.lanes[lane] || [], moment, slack) || wait;
  }

  nearest(intervals, moment, slack) {
    const at = firstAfter(intervals, moment);
    let [best, distance] = [null, Infinity];
    for (const item of [intervals[at - 1], intervals[at]]) {
      if (!item) continue;
      const away = Math.max(item.begin - moment, moment - Math.min(item.end, this.last), 0);
      if (away <= slack && away < distance) [best, distance] = [item, away];
    }
    return best;
  }

  /** Shows a range of time, but no less than a tenth of a microsecond, and nothing outside of the run. */
  show(from, to) {
    const [first, last] = this.all;
    const length = Math.min(last - first, Math.max(0.1, to - from));
    const begin = Math.max(first, Math.min(last - length, from + (to - from - length) / 2));
    this.view = [begin, begin + length];
    this.isFit = length >= (last - first) * 0.9999;
    this.request();
  }

  zoom(factor, around = (this.view[0] + this.view[1]) / 2) {
    const [from, to] = this.view;
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  /** Scrolls until a body is in view, in time and on the page. */
  reveal(item) {
    const [from, to] = this.view;
    const end = Math.min(item.end, this.model.last());
    if (end < from || item.begin > to) this.show(item.begin - (to - from) / 2, item.begin + (to - from) / 2);
    const box = this.main.getBoundingClientRect();
    const y = box.top + this.ruler + this.layout.top(item);
    if (y < this.ruler + 10 || y > innerHeight - 60) scrollBy(0, y - innerHeight / 2);
  }
}
