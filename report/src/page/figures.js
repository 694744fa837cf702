// Figures that answer: values on hover, touch and keys, zoom, one series alone, data and pictures to take away.
// The page is complete without this script.
const report = (() => {
  const $$ = (selector, of = document) => [...of.querySelectorAll(selector)];
  const tip = document.getElementById("tip");
  const source = document.getElementById("data");
  const data = source ? JSON.parse(source.textContent) : null;
  const byNumber = new Map((data ? data.experiments : []).map((e) => [e[0], e]));
  const number = (x) => (x === null || x === undefined ? "–" : typeof x === "number" ? String(Number(x.toPrecision(4))) : x);
  const unit = ([name, u], x) => name + " " + number(x) + (u && x !== null ? " " + u : "");

  /** What there is to tell of an experiment. */
  function told(n) {
    const e = byNumber.get(n);
    if (!e) return "experiment " + n;
    const lines = [`experiment ${n} · ${data.phases[e[1]]} ${e[2]}`];
    if (e[8]) lines.push("failed: " + e[8]);
    else data.objectives.forEach((i) => lines.push(unit(data.features[i], e[6][i])));
    data.inputs.forEach((q, i) => lines.push(unit(q, e[5][i])));
    return lines.join("\n");
  }

  $$("figure svg title").forEach((title) => {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  });

  let hot = null;
  function leave() {
    if (hot) hot.classList.remove("hot");
    hot = null;
    tip.hidden = true;
  }
  function point(at, x, y) {
    if (at !== hot) {
      leave();
      if (!at) return;
      hot = at;
      hot.classList.add("hot");
      const words = [at.dataset.e ? told(Number(at.dataset.e)) : "", at.dataset.tip ?? ""];
      tip.textContent = words.filter(Boolean).join("\n") || `${number(Number(at.dataset.x))}, ${number(Number(at.dataset.y))}`;
      tip.hidden = false;
    }
    if (hot) beside(x, y);
  }
  function beside(x, y) {
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 4)) + "px";
    tip.style.top = (y - height - 10 > 4 ? y - height - 10 : y + 16) + "px";
  }
  const known = (event) => (event.target.closest ? event.target.closest("[data-tip],.marks [data-e],.marks [data-x]") : null);
  document.addEventListener("pointermove", (event) => { if (!event.shown) point(known(event), event.clientX, event.clientY); });
  document.addEventListener("pointerdown", (event) => point(known(event), event.clientX, event.clientY));
  document.addEventListener("pointerleave", leave);

  // Zoom: numbers are mapped anew; points keep their size, lines and areas are stretched.
  const pair = (text) => (text ? text.split(" ").map(Number) : null);
  const round = (x) => Math.round(x * 100) / 100;
  let clips = 0;

  class Figure {
    constructor(svg) {
      this.svg = svg;
      this.marks = svg.querySelector("g.marks");
      [this.left, this.top, this.width, this.height] = svg.dataset.plot.split(" ").map(Number);
      this.home = { x: pair(svg.dataset.x), y: pair(svg.dataset.y) };
      this.reset();
    }
    reset() { this.x = this.home.x && [...this.home.x]; this.y = this.home.y && [...this.home.y]; }
    get zoomed() { return ["x", "y"].some((a) => this.home[a] && (this[a][0] !== this.home[a][0] || this[a][1] !== this.home[a][1])); }
    share(axis, v) { return (v - this[axis][0]) / (this[axis][1] - this[axis][0]); }
    /** From the place on the whole figure to the place now: factor and shift. */
    map(axis, from, size, turned) {
      if (!this.home[axis]) return [1, 0];
      const [low, high] = this.home[axis], [a, b] = this[axis];
      const k = (high - low) / (b - a);
      const shift = ((low - a) / (b - a)) * size;
      return turned ? [k, (from + size) - k * (from + size) - shift] : [k, from - k * from + shift];
    }
    scale(factor, at) {
      for (const axis of ["x", "y"]) {
        if (!this[axis]) continue;
        const [low, high] = this[axis], middle = low + (high - low) * (at ? at[axis] : 0.5);
        this[axis] = [middle + (low - middle) * factor, middle + (high - middle) * factor];
      }
      this.draw();
    }
    move(dx, dy) {
      for (const [axis, by] of [["x", dx], ["y", dy]]) {
        if (!this[axis]) continue;
        const span = (this[axis][1] - this[axis][0]) * by;
        this[axis] = this[axis].map((v) => v + span);
      }
      this.draw();
    }
    draw() {
      const [kx, tx] = this.map("x", this.left, this.width, false), [ky, ty] = this.map("y", this.top, this.height, true);
      const place = (el, x, y) => [kx * x + tx, ky * y + ty].map(round);
      const visit = (el) => {
        const tag = el.tagName;
        if (tag === "g" || tag === "svg") { [...el.children].forEach(visit); return; }
        el.dataset.home ??= tag === "circle" ? `${el.getAttribute("cx")} ${el.getAttribute("cy")}` : tag === "text" ? `${el.getAttribute("x")} ${el.getAttribute("y")}` : (/translate\(([^)]*)\)/.exec(el.getAttribute("transform") ?? "") ?? ["", ""])[1];
        const home = el.dataset.home ? el.dataset.home.split(" ").map(Number) : null;
        if (tag === "circle") { const [x, y] = place(el, ...home); el.setAttribute("cx", x); el.setAttribute("cy", y); }
        else if (tag === "text") { if (el.hasAttribute("transform")) return; const [x, y] = place(el, ...home); el.setAttribute("x", x); el.setAttribute("y", y); }
        else if (home) el.setAttribute("transform", `translate(${place(el, ...home).join(" ")})`);
        else { el.setAttribute("vector-effect", "non-scaling-stroke"); el.setAttribute("transform", `matrix(${kx} 0 0 ${ky} ${tx} ${ty})`); }
      };
      [...this.marks.children].forEach(visit);
      this.clip();
      this.ticks("x", ".xt");
      this.ticks("y", ".yt");
    }
    clip() {
      if (!this.clipId) {
        this.clipId = "clip" + clips++;
        this.marks.insertAdjacentHTML("beforebegin", `<clipPath id="${this.clipId}"><rect x="${this.left}" y="${this.top}" width="${this.width}" height="${this.height}"/></clipPath>`);
      }
      if (this.zoomed) this.marks.setAttribute("clip-path", `url(#${this.clipId})`); else this.marks.removeAttribute("clip-path");
      const grid = this.svg.querySelector("path.grid");
      if (grid) grid.style.display = this.zoomed ? "none" : "";
    }
    ticks(axis, selector) {
      if (!this.home[axis]) return;
      const old = $$(selector, this.svg).filter((el) => !el.classList.contains("new"));
      $$(selector + ".new", this.svg).forEach((el) => el.remove());
      old.forEach((el) => { el.style.display = this.zoomed ? "none" : ""; });
      if (!this.zoomed || !old.length) return;
      const [low, high] = this[axis], rough = Math.abs(high - low) / Math.max(2, Math.min(6, (axis === "x" ? this.width : this.height) / 60));
      const decade = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((f) => f * decade).find((s) => s >= rough * 0.999);
      const first = Math.ceil(Math.min(low, high) / step), last = Math.floor(Math.max(low, high) / step);
      for (let i = first; i <= last; i++) {
        const label = old[0].cloneNode();
        label.classList.add("new");
        label.style.display = "";
        label.textContent = String(Number((i * step).toPrecision(6))).replace("-", "−");
        const share = this.share(axis, i * step);
        if (axis === "x") label.setAttribute("x", round(this.left + share * this.width));
        else label.setAttribute("y", round(this.top + (1 - share) * this.height + 3.8));
        old[0].after(label);
      }
    }
  }

  /** A file for the reader, made here. */
  function save(name, type, content) {
    const link = document.createElement("a");
    link.href = content instanceof Blob ? URL.createObjectURL(content) : URL.createObjectURL(new Blob([content], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** The figure with its colours written out, so that it stands alone. */
  function alone(svg) {
    const copy = svg.cloneNode(true);
    const from = [svg, ...$$("*", svg)], to = [copy, ...$$("*", copy)];
    from.forEach((el, i) => {
      const style = getComputedStyle(el);
      for (const name of ["fill", "stroke"]) if (el.hasAttribute(name)) to[i].setAttribute(name, style[name]);
      to[i].removeAttribute("class");
      [...to[i].attributes].filter((a) => a.name.startsWith("data-") || a.name === "tabindex").forEach((a) => to[i].removeAttribute(a.name));
    });
    const paper = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
    copy.insertAdjacentHTML("afterbegin", `<rect width="100%" height="100%" fill="${paper}"/>`);
    return new XMLSerializer().serializeToString(copy);
  }

  function png(svg, name) {
    const image = new Image(), box = svg.viewBox.baseVal;
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * box.width, 2 * box.height];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(name, "image/png", blob));
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(alone(svg));
  }

  const quoted = (cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""));

  /** The name of what is drawn in this colour. */
  function seriesOf(el, names) {
    const of = el.closest("[fill]:not([fill='none']),[stroke]");
    return names.get((of ? [of.getAttribute("stroke"), of.getAttribute("fill")] : []).find((c) => names.has(c))) ?? "";
  }

  /** What is drawn, as rows: one for each point, bar or cell. */
  function csv(svg, names) {
    const series = (el) => seriesOf(el, names);
    const rows = [["series", "experiment", svg.dataset.xlabel || "x", svg.dataset.ylabel || "y", "x low", "x high", "y low", "y high", "note"]];
    const d = (el, key) => el.dataset[key] ?? "";
    $$(".marks [data-x]", svg).forEach((el) => rows.push([series(el), d(el, "e"), d(el, "x"), d(el, "y"), d(el, "xLow"), d(el, "xHigh"), d(el, "yLow"), d(el, "yHigh"), d(el, "tip")]));
    $$(".marks [data-xy]", svg).forEach((el) => el.dataset.xy.split(" ").filter(Boolean).forEach((xy) => rows.push([series(el), "", ...xy.split(",")])));
    $$(".marks [data-from]", svg).forEach((el) => rows.push([series(el), "", "", d(el, "at"), d(el, "from"), d(el, "to"), "", "", d(el, "tip")]));
    $$(".marks [data-v]", svg).forEach((el) => rows.push(["", "", "", "", "", "", "", "", d(el, "v")]));
    return rows.map((row) => row.map(quoted).join(",") + "\n").join("");
  }

  function fileName(figure) {
    const words = figure.querySelector("figcaption b")?.textContent ?? "figure";
    return words.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "figure";
  }

  const visible = (figure) => $$("svg[data-plot]", figure).find((svg) => svg.getClientRects().length) ?? figure.querySelector("svg[data-plot]");

  function legend(figure) {
    const names = new Map();
    $$(".legend li", figure).forEach((item) => {
      const mark = item.querySelector("path");
      const colour = mark.getAttribute("stroke") ?? mark.getAttribute("fill");
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.append(...item.childNodes);
      item.append(button);
      names.set(colour, button.textContent);
      button.addEventListener("click", () => {
        const alone = button.getAttribute("aria-pressed") !== "true";
        $$(".legend button", figure).forEach((other) => other.setAttribute("aria-pressed", "false"));
        button.setAttribute("aria-pressed", String(alone));
        $$(".marks > *", figure).forEach((el) => {
          const painted = [el, ...$$("[fill],[stroke]", el)].flatMap((part) => [part.getAttribute("stroke"), part.getAttribute("fill")]);
          const others = painted.some((c) => names.has(c)) && !painted.includes(colour);
          el.classList.toggle("faded", alone && others);
        });
      });
    });
    return names;
  }

  function tools(figure, names, figures) {
    const bar = document.createElement("div");
    bar.className = "tools";
    const shown = () => figures.get(visible(figure));
    const add = (text, says, act) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text });
      button.setAttribute("aria-label", `${says}: ${fileName(figure).replaceAll("-", " ")}`);
      button.title = says;
      button.addEventListener("click", act);
      bar.append(button);
    };
    add("+", "zoom in", () => shown().scale(0.6));
    add("−", "zoom out", () => shown().scale(1 / 0.6));
    add("⟲", "show all", () => { shown().reset(); shown().draw(); });
    add("CSV", "data as CSV", () => save(fileName(figure) + ".csv", "text/csv", csv(visible(figure), names)));
    add("SVG", "figure as SVG", () => save(fileName(figure) + ".svg", "image/svg+xml", alone(visible(figure))));
    add("PNG", "figure as PNG", () => png(visible(figure), fileName(figure) + ".png"));
    figure.append(bar);
  }

  function hands(figure, svg, state, names) {
    let from = null, place = -1;
    svg.tabIndex = 0;
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !state.zoomed && document.activeElement !== svg) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
      const at = { x: ((event.clientX - box.left) * k - state.left) / state.width, y: 1 - ((event.clientY - box.top) * k - state.top) / state.height };
      state.scale(event.deltaY > 0 ? 1.2 : 1 / 1.2, at);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => { if (state.zoomed) { from = [event.clientX, event.clientY]; svg.setPointerCapture(event.pointerId); } });
    svg.addEventListener("pointermove", (event) => {
      if (!from) return;
      const k = svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
      state.move(((from[0] - event.clientX) * k) / state.width, ((event.clientY - from[1]) * k) / state.height);
      from = [event.clientX, event.clientY];
    });
    svg.addEventListener("pointerup", () => { from = null; });
    svg.addEventListener("dblclick", () => { state.reset(); state.draw(); });
    // Where a figure has lines alone, the values that they join can be pointed at.
    const points = () => $$("[data-tip],.marks [data-x]", svg);
    const corners = () => (state.home.x && state.home.y && !points().length ? $$(".marks path[data-xy]", svg) : []).flatMap((el) => {
      const box = svg.getBoundingClientRect(), k = box.width / svg.viewBox.baseVal.width;
      return el.dataset.xy.split(" ").filter(Boolean).map((xy) => {
        const [x, y] = xy.split(",").map(Number);
        return { el, x, y, left: box.left + k * (state.left + state.share("x", x) * state.width), top: box.top + k * (state.top + (1 - state.share("y", y)) * state.height) };
      });
    });
    const corner = ({ el, x, y, left, top }) => {
      leave();
      hot = el;
      tip.textContent = [seriesOf(el, names), `${svg.dataset.xlabel} ${number(x)}`, `${svg.dataset.ylabel} ${number(y)}`].filter(Boolean).join("\n");
      tip.hidden = false;
      beside(left, top);
    };
    svg.addEventListener("pointermove", (event) => {
      const off = (c) => Math.hypot(c.left - event.clientX, c.top - event.clientY);
      const nearest = corners().reduce((best, c) => (!best || off(c) < off(best) ? c : best), null);
      if (nearest && off(nearest) < 30) { corner(nearest); event.shown = true; }
    });
    svg.addEventListener("keydown", (event) => {
      const stops = points().concat(corners());
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && event.shiftKey) state.move(0.1 * step, 0);
      else if (step && stops.length) {
        place = (place + step + stops.length) % stops.length;
        const stop = stops[place];
        if (stop.el) corner(stop);
        else { const box = stop.getBoundingClientRect(); leave(); point(stop, box.left, box.top); }
      } else if (event.key === "Enter" && hot && hot.dataset.e) choose(Number(hot.dataset.e));
      else if (event.key === "+") state.scale(0.6);
      else if (event.key === "-") state.scale(1 / 0.6);
      else if (event.key === "0" || event.key === "Escape") { leave(); state.reset(); state.draw(); }
      else return;
      event.preventDefault();
    });
    svg.addEventListener("blur", leave);
  }

  // One experiment, chosen anywhere, shows in every figure.
  const listeners = [];
  let chosen = null;
  function choose(n) {
    $$(".chosen").forEach((el) => el.classList.remove("chosen"));
    chosen = chosen === n ? null : n;
    if (chosen !== null) $$(`[data-e="${chosen}"]`).forEach((el) => el.classList.add("chosen"));
    listeners.forEach((listener) => listener(chosen));
  }
  document.addEventListener("click", (event) => {
    const at = event.target.closest ? event.target.closest(".marks [data-e]") : null;
    if (at) choose(Number(at.dataset.e));
  });

  $$("figure").forEach((figure) => {
    const plots = $$("svg[data-plot]", figure);
    if (!plots.length) return;
    const names = legend(figure), figures = new Map();
    plots.forEach((svg) => { const state = new Figure(svg); figures.set(svg, state); hands(figure, svg, state, names); });
    tools(figure, names, figures);
  });

  const theme = document.createElement("button");
  theme.id = "theme";
  theme.type = "button";
  const isDark = () => getComputedStyle(document.documentElement).colorScheme.includes("dark");
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; name(); });
  document.querySelector("main").prepend(theme);
  name();

  return { $$, data, byNumber, number, unit, choose, listeners, told };
})();
