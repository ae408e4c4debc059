/* What a hand does: pointing, dragging, the wheel, keys, searching; and following a program that runs. */

document.addEventListener("DOMContentLoaded", () => {
  const find = (id) => document.getElementById(id);
  const root = document.documentElement;
  const [main, canvas, card, data] = [find("chart"), find("canvas"), find("card"), find("data")];
  const isLive = "live" in data.dataset;
  const opened = performance.now();
  const model = new Model();
  if (!isLive) {
    model.feed(data.textContent);
    data.remove();
  }
  const chart = new Chart(model, main, canvas);
  const toggle = (fn) => {
    fn.shown = !fn.shown;
    if (chart.chosen && !(chart.chosen.call || chart.chosen.on || { fn }).fn.shown) choose(null);
    showLegend(model, find("legend"), toggle);
    table.show(model);
    chart.request();
  };
  const table = new FunctionTable(find("functions"), toggle);
  document.body.classList.toggle("live", isLive);
  // A handle for tests and the curious.
  window.timeline = { model, chart };

  /** Shows what the model has now. */
  function refresh() {
    const isEmpty = !model.made;
    find("empty").hidden = !isEmpty;
    document.body.classList.toggle("empty", isEmpty);
    if (model.program.name) {
      find("title").textContent = model.program.name;
      document.title = `${model.program.name} · timeline`;
    }
    showGaps(model, isLive, find);
    if (isEmpty) return;
    model.functions();
    chart.update();
    chart.request();
    // What takes a look at every call comes after the picture.
    setTimeout(() => {
      const advice = advise(model);
      window.timeline.advice = advice;
      showSums(model, advice, find);
      showAdvice(model, advice, find, show);
      showLegend(model, find("legend"), toggle);
      table.show(model);
      showFailures(model, find, choose);
      showOutcomes();
      window.timeline.ready = performance.now() - opened;
    });
  }

  function show({ call, range }) {
    if (range) {
      const around = Math.max(1, range.end - range.begin) * 0.08;
      follow(false);
      chart.show(range.begin - around, range.end + around);
    }
    if (call) choose(firstBar(call));
  }

  /** Chooses a body or a wait, and tells of it where it is. */
  function choose(item) {
    chart.chosen = item || null;
    chart.hovered = null;
    const name = item && item.call ? `#call=${item.call.thread}.${item.call.number}` : "";
    if (!isLive) history.replaceState(null, "", name || location.pathname + location.search);
    if (!item) {
      card.hidden = true;
      chart.request();
      return;
    }
    chart.reveal(item);
    chart.request();
    requestAnimationFrame(() => {
      // A key may have chosen something else, or nothing, before this picture.
      if (chart.chosen !== item) return;
      const box = main.getBoundingClientRect();
      const x = Math.max(chart.gutter, Math.min(chart.width - 40, chart.x(item.begin) + 8));
      const y = box.top + chart.ruler + chart.layout.top(item) + item.row.barHeight;
      showCard(card, item.isWait ? cardOfWait(item, model) : cardOf(item.call, model), box.left + x, Math.max(y, 40));
    });
  }

  // Pointing.
  let drag = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointermove", (event) => {
    if (drag) return;
    const [x, y] = place(event);
    const item = chart.at(x, y);
    canvas.style.cursor = y < chart.ruler ? "col-resize" : item ? "pointer" : "grab";
    if (chart.chosen) {
      if (item && item !== chart.chosen) showCard(card, item.isWait ? cardOfWait(item, model) : cardOf(item.call, model), event.clientX, event.clientY);
      return;
    }
    if (item !== chart.hovered) {
      chart.hovered = item;
      chart.request();
    }
    if (item) showCard(card, item.isWait ? cardOfWait(item, model) : cardOf(item.call, model), event.clientX, event.clientY);
    else card.hidden = true;
  });
  canvas.addEventListener("pointerleave", () => {
    if (!chart.chosen) card.hidden = true;
    chart.hovered = null;
    chart.request();
  });

  // Dragging: the chart moves, the ruler chooses a range.
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.layout) return;
    const [x, y] = place(event);
    drag = { x, y, view: [...chart.view], moved: false, ruler: y < chart.ruler || event.shiftKey };
  });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x] = place(event);
    drag.moved ||= Math.abs(x - drag.x) > 3;
    if (!drag.moved) return;
    card.hidden = true;
    follow(false);
    if (drag.ruler) {
      chart.range = [Math.min(x, drag.x), Math.max(x, drag.x)];
      chart.request();
      return;
    }
    canvas.style.cursor = "grabbing";
    const [from, to] = drag.view;
    const moved = ((drag.x - x) / (chart.width - chart.gutter)) * (to - from);
    chart.show(from + moved, to + moved);
  });
  addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { moved, ruler, x, y } = drag;
    drag = null;
    chart.range = null;
    if (ruler) {
      const [from, to] = [x, place(event)[0]].sort((a, b) => a - b).map((at) => chart.time(at));
      if (moved) chart.show(from, to);
    } else if (!moved) {
      const item = chart.at(x, y);
      choose(item === chart.chosen ? null : item);
    }
    chart.request();
  });
  canvas.addEventListener("wheel", (event) => {
    const [x] = place(event);
    // Over the names the page scrolls.
    if (x < chart.gutter) return;
    event.preventDefault();
    const [from, to] = chart.view;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      const moved = (sideways / chart.width) * (to - from);
      chart.show(from + moved, to + moved);
    } else {
      chart.zoom(Math.exp(event.deltaY * 0.0018), chart.time(x));
    }
    if (event.deltaY < 0) follow(false);
    card.hidden = true;
  }, { passive: false });

  // Keys: from body to body, as they lie.
  const bars = (row) => row.lanes.flat().filter((bar) => chart.isShown(bar.call)).sort((a, b) => a.begin - b.begin);
  const rows = () => chart.layout.rows;
  const body = () => (chart.chosen && !chart.chosen.isWait ? chart.chosen : null);
  function beside(step) {
    const chosen = body();
    if (!chosen) return rows().map((row) => bars(row)[0]).find(Boolean);
    const all = bars(chosen.row);
    return all[all.indexOf(chosen) + step] || chosen;
  }
  function above(step) {
    const chosen = body();
    if (!chosen) return beside(step);
    for (let at = rows().indexOf(chosen.row) + step; rows()[at]; at += step) {
      const away = (bar) => Math.max(bar.begin - chosen.end, chosen.begin - bar.end, 0);
      const [nearest] = bars(rows()[at]).sort((a, b) => away(a) - away(b) || a.begin - b.begin);
      if (nearest) return nearest;
    }
    return chosen;
  }
  function toChosen() {
    const chosen = body();
    if (!chosen) return;
    const begin = Math.min(chosen.begin, Number.isNaN(chosen.call.created) ? chosen.begin : chosen.call.created);
    const end = Math.min(chosen.end, model.last());
    const around = Math.max(1, end - begin) * 0.15;
    follow(false);
    chart.show(begin - around, end + around);
    choose(chosen);
  }
  const turn = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    chart.restyle();
    chart.request();
  };
  const fit = () => {
    chart.show(...chart.all);
    follow(isLive && !model.complete);
  };
  const keys = {
    ArrowRight: () => choose(beside(1)),
    ArrowLeft: () => choose(beside(-1)),
    ArrowDown: () => choose(above(1)),
    ArrowUp: () => choose(above(-1)),
    Enter: toChosen,
    Escape: () => choose(null),
    p: () => body() && body().call.parent && choose(firstBar(body().call.parent)),
    w: () => {
      const wait = body() ? body().call.waits.find((it) => it.on && firstBar(it.on)) : chart.chosen;
      if (wait && wait.on) choose(firstBar(wait.on));
    },
    t: turn,
    n: () => step(1),
    N: () => step(-1),
    "/": () => find("search").focus(),
    "+": () => chart.zoom(0.6),
    "=": () => chart.zoom(0.6),
    "-": () => chart.zoom(1 / 0.6),
    0: fit,
  };
  addEventListener("keydown", (event) => {
    const inField = event.target.closest("input, select");
    const onButton = event.target.closest("button") && (event.key === "Enter" || event.key === " ");
    if (event.ctrlKey || event.metaKey || event.altKey || inField || onButton || !keys[event.key] || !chart.layout) return;
    event.preventDefault();
    keys[event.key]();
  });
  find("in").addEventListener("click", keys["+"]);
  find("out").addEventListener("click", keys["-"]);
  find("fit").addEventListener("click", fit);
  find("theme").addEventListener("click", turn);

  // Searching and filtering.
  let outcome = "all";
  let matches = [];
  let match = -1;
  const filters = {
    all: () => true,
    failed: (call) => call.outcome > 0,
    running: (call) => call.outcome < 0 && !call.isCut,
    unused: (call) => call.unused,
  };
  function apply() {
    const text = find("search").value.trim().toLowerCase();
    for (const fn of model.fns.values()) fn.matches = !text || fn.path.toLowerCase().includes(text);
    const filter = filters[outcome] || ((call) => OUTCOMES[call.outcome] === outcome);
    chart.filter = outcome === "all" ? () => true : filter;
    match = -1;
    matches = text || outcome !== "all" ? model.calls.filter((call) => firstBar(call) && chart.isShown(call)) : [];
    matches.sort((a, b) => firstBar(a).begin - firstBar(b).begin);
    find("matches").textContent = text || outcome !== "all" ? count(matches.length, "call") : "";
    table.show(model);
    chart.request();
  }
  function step(by) {
    if (!matches.length) return;
    match = (match + by + matches.length) % matches.length;
    choose(firstBar(matches[match]));
    find("matches").textContent = `${(match + 1).toLocaleString("en")} of ${count(matches.length, "call")}`;
  }
  find("search").addEventListener("input", apply);
  find("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      event.target.value = "";
      event.target.blur();
      apply();
    }
  });
  function showOutcomes() {
    const select = find("outcome");
    const used = [["all", "all calls"]];
    const some = (name, words) => model.calls.some(filters[name]) && used.push([name, words]);
    some("failed", "failed");
    for (const word of OUTCOMES.slice(1)) if (model.calls.some((call) => OUTCOMES[call.outcome] === word)) used.push([word, word]);
    some("running", "not ended");
    some("unused", "never used");
    if (select.options.length === used.length) return;
    select.replaceChildren(...used.map(([value, words]) => new Option(words, value, false, value === outcome)));
    select.hidden = used.length < 2;
  }
  find("outcome").addEventListener("change", (event) => {
    outcome = event.target.value;
    apply();
  });

  new ResizeObserver(() => {
    if (!chart.layout) return;
    chart.update();
    chart.request();
  }).observe(main.parentElement);
  addEventListener("resize", () => {
    if (!chart.layout) return;
    chart.update();
    chart.request();
  });
  addEventListener("scroll", () => chart.request(), { passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    chart.restyle();
    chart.request();
  });

  // Following a program: its last half minute, or all of it if that is shorter.
  const WINDOW = 30e6;
  let following = isLive;
  function follow(on) {
    following = isLive && on;
    find("follow").setAttribute("aria-pressed", String(following));
  }
  find("follow").addEventListener("click", () => follow(!following));
  function tick() {
    if (!chart.layout || !model.made) return;
    chart.update();
    if (following) {
      const last = model.last();
      chart.view = [Math.max(chart.all[0], last - WINDOW), last + Math.min(WINDOW, last - model.begin) * 0.02];
      chart.isFit = false;
    }
    chart.request();
  }
  async function fetchEvents() {
    const rates = { calls: 0, made: 0, at: performance.now() };
    let [after, refreshed] = ["0", -Infinity];
    const end = (why) => {
      find("state").textContent = why;
      document.body.classList.add("over");
      follow(false);
    };
    for (;;) {
      let text = "";
      try {
        const response = await fetch(`/events?after=${after}`);
        if (response.status === 503) throw new Error("too many pages follow this program");
        if (!response.ok) throw new Error(`the program answers ${response.status}`);
        text = await response.text();
      } catch (error) {
        end(`The program has ended, or cannot be reached (${error.message}).`);
        refresh();
        return;
      }
      if (text.startsWith("R")) {
        end("The recording is over. Another one is at this address now: reload the page to follow that.");
        refresh();
        return;
      }
      const begin = text.indexOf("\n") + 1;
      after = text.slice(2, begin - 1);
      model.feed(text.slice(begin));
      model.forget(200000);
      const now = performance.now();
      if (now - rates.at > 1000) {
        rates.calls = ((model.made - rates.made) / (now - rates.at)) * 1000;
        Object.assign(rates, { made: model.made, at: now });
      }
      find("state").textContent = "live";
      // The whole page at most once a second, the chart and the numbers each time.
      if (now - refreshed > 1000 || model.complete) {
        refreshed = now;
        refresh();
      }
      tick();
      if (model.made) showNow(model, rates, find, choose);
      if (model.complete) {
        end("The recording is over.");
        return;
      }
    }
  }

  refresh();
  if (isLive) {
    follow(true);
    fetchEvents();
  }

  // The address may name a call, and ask for it to fill the view, or for a theme.
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("theme")) {
    root.dataset.theme = asked.get("theme");
    chart.restyle();
  }
  const [thread, number] = (asked.get("call") || "").split(".").map(Number);
  const call = model.ids.get(thread) && model.ids.get(thread)[number];
  if (call && firstBar(call)) {
    chart.measure();
    chart.draw();
    choose(firstBar(call));
    if (asked.has("zoom")) toChosen();
  }
});
