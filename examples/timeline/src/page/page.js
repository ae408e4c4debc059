/* What a hand does: pointing, dragging, the wheel, keys; and the address, which names the chosen call. */

(() => {
  const find = (id) => document.getElementById(id);
  const model = prepare(JSON.parse(find("run").textContent));
  const [svg, ruler, card] = [find("chart"), find("ruler"), find("card")];
  const root = document.documentElement;

  showSums(model, find("sums"), find("sentence"));
  if (!model.calls.length) {
    find("empty").hidden = false;
    for (const part of [svg, ruler, document.querySelector("footer"), document.querySelector(".buttons")]) part.style.display = "none";
    return;
  }
  const chart = new Chart(model, svg, ruler);
  let chosen = null;

  /** Chooses a body, and tells of it where it is. */
  function choose(bar) {
    chosen = bar;
    chart.choose(bar);
    history.replaceState(null, "", bar ? `#call=${bar.call.id}` : location.pathname + location.search);
    if (!bar) {
      card.hidden = true;
      return;
    }
    const [from, to] = chart.view;
    if (bar.end < from || bar.queued > to) chart.show(bar.begin - (to - from) / 2, bar.begin + (to - from) / 2);
    const box = svg.getBoundingClientRect();
    const y = box.top + chart.top(bar);
    if (y < 40 || y > innerHeight - 40) scrollBy(0, y - innerHeight / 2);
    const x = Math.max(chart.gutter, Math.min(chart.width - 40, chart.x(bar.begin) + 8));
    showCard(card, cardOf(bar.call, model.threads), box.left + x, svg.getBoundingClientRect().top + chart.top(bar) + BAR);
  }

  svg.addEventListener("pointermove", (event) => {
    if (drag) return;
    const group = event.target.closest("[data-call], .wait");
    if (!group) {
      if (!chosen) card.hidden = true;
      return;
    }
    const pieces = group.wait ? cardOfWait(group.wait, model.threads) : cardOf(group.bar.call, model.threads);
    showCard(card, pieces, event.clientX, event.clientY);
    if (!chosen) chart.choose(group.bar || null);
  });
  svg.addEventListener("pointerleave", () => {
    if (!chosen) {
      card.hidden = true;
      chart.choose(null);
    }
  });

  // Dragging: the chart moves, the ruler chooses a range.
  let drag = null;
  const offset = (event) => event.clientX - svg.getBoundingClientRect().left;
  for (const target of [svg, ruler]) {
    target.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const x = offset(event);
      drag = { target, x, view: [...chart.view], moved: false };
      if (target === ruler) drag.range = element("rect", { class: "range", y: 0, height: 32, x, width: 0 }, ruler);
    });
  }
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const x = offset(event);
    drag.moved ||= Math.abs(x - drag.x) > 3;
    if (!drag.moved) return;
    if (drag.range) {
      drag.range.setAttribute("x", Math.min(x, drag.x));
      drag.range.setAttribute("width", Math.abs(x - drag.x));
      return;
    }
    svg.classList.add("dragged");
    card.hidden = true;
    const [from, to] = drag.view;
    const moved = ((drag.x - x) / (chart.width - chart.gutter)) * (to - from);
    chart.show(from + moved, to + moved);
  });
  addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { target, range, moved, x } = drag;
    drag = null;
    svg.classList.remove("dragged");
    if (range) {
      range.remove();
      const [from, to] = [x, offset(event)].sort((a, b) => a - b).map((at) => chart.time(at));
      if (moved) chart.show(from, to);
    } else if (!moved && target === svg) {
      const group = event.target.closest && event.target.closest("[data-call]");
      choose(group && group.bar !== (chosen || {}) ? group.bar : null);
    }
  });

  const wheel = (event) => {
    // Over the names the page scrolls as ever.
    if (offset(event) < chart.gutter) return;
    event.preventDefault();
    const [from, to] = chart.view;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      const moved = (sideways / chart.width) * (to - from);
      chart.show(from + moved, to + moved);
    } else {
      chart.zoom(Math.exp(event.deltaY * 0.0018), chart.time(offset(event)));
    }
    card.hidden = true;
  };
  svg.addEventListener("wheel", wheel, { passive: false });
  ruler.addEventListener("wheel", wheel, { passive: false });

  // Keys: from body to body, as they lie.
  const shown = (row) => row.bars.filter((bar) => bar.call.fn.shown);
  function beside(step) {
    if (!chosen) return model.rows.map(shown).find((bars) => bars.length)?.[0];
    const bars = shown(chosen.row);
    return bars[bars.indexOf(chosen) + step] || chosen;
  }
  function above(step) {
    if (!chosen) return beside(step);
    for (let at = model.rows.indexOf(chosen.row) + step; model.rows[at]; at += step) {
      const away = (bar) => Math.max(bar.begin - chosen.end, chosen.begin - bar.end, 0);
      const [nearest] = shown(model.rows[at]).sort((a, b) => away(a) - away(b) || a.begin - b.begin);
      if (nearest) return nearest;
    }
    return chosen;
  }
  function toChosen() {
    if (!chosen) return;
    const around = Math.max(1, chosen.end - chosen.queued) * 0.15;
    chart.show(chosen.queued - around, chosen.end + around);
    choose(chosen);
  }
  const turn = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  const keys = {
    ArrowRight: () => choose(beside(1)),
    ArrowLeft: () => choose(beside(-1)),
    ArrowDown: () => choose(above(1)),
    ArrowUp: () => choose(above(-1)),
    Enter: toChosen,
    Escape: () => choose(null),
    p: () => chosen?.call.maker && choose(chosen.call.maker.bars[0]),
    w: () => chosen?.call.waits[0]?.on && choose(chosen.call.waits[0].on.bars[0]),
    t: turn,
    "+": () => chart.zoom(0.6),
    "=": () => chart.zoom(0.6),
    "-": () => chart.zoom(1 / 0.6),
    0: () => chart.show(...chart.all),
  };
  addEventListener("keydown", (event) => {
    const onButton = event.target.closest("button") && event.key === "Enter";
    if (event.ctrlKey || event.metaKey || event.altKey || onButton || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  find("in").addEventListener("click", keys["+"]);
  find("out").addEventListener("click", keys["-"]);
  find("fit").addEventListener("click", keys[0]);
  find("theme").addEventListener("click", turn);

  // The legend: functions to hide and to show.
  const timesOf = ({ calls, ran }) => {
    if (!ran) return "never ran";
    return calls > 1 ? `${calls} × ${time(ran / calls)}` : time(ran);
  };
  for (const fn of model.functions) {
    const button = html("button");
    button.title = fn.path;
    button.style.setProperty("--fill", fn.fill);
    button.append(html("i"), fn.name, html("small", timesOf(fn)));
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      fn.shown = !fn.shown;
      button.setAttribute("aria-pressed", String(fn.shown));
      choose(chosen && chosen.call.fn.shown ? chosen : null);
    });
    find("legend").append(button);
  }

  new ResizeObserver(() => chart.draw()).observe(svg);
  chart.draw();
  chart.choose(null);

  // The address may name a call, and ask for it to fill the view, or for a theme.
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("theme")) root.dataset.theme = asked.get("theme");
  const call = model.calls[asked.get("call") ?? -1];
  if (call) {
    choose(call.bars[0]);
    if (asked.has("zoom")) toChosen();
  }
})();
