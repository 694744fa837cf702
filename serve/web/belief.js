// What a model believes of a run: a map over two inputs, computed by the server from the experiments that are shown.

import { escape, label, quantity, said, significant, withUnit } from "./words.js";

// viridis (van der Walt & Smith, 2015; CC0).
const STOPS = [0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725];

function ramp(share) {
  const at = Math.min(1, Math.max(0, share)) * (STOPS.length - 1), low = Math.min(Math.floor(at), STOPS.length - 2), part = at - low;
  const channel = (shift) => { const a = (STOPS[low] >> shift) & 255, b = (STOPS[low + 1] >> shift) & 255; return Math.round(a + (b - a) * part); };
  return `rgb(${channel(16)} ${channel(8)} ${channel(0)})`;
}

const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" ${more}>${escape(words)}</text>`;

/** The map as SVG; `told` is the server's answer, `dots` are experiments within the ranges. */
function map(told, { x, y, unit, what, width, dots }) {
  const left = 62, right = 74, top = 12, bottom = 46, wide = Math.max(200, Math.min(width - left - right, 620)), high = 300;
  const values = told[what].flat(), low = Math.min(...values), span = Math.max(...values) - low || 1;
  const ends = (list) => [list[0], list.at(-1)];
  const [[x0, x1], [y0, y1]] = [ends(told.x), ends(told.y)];
  const [cw, ch] = [wide / told.x.length, high / told.y.length];
  const number = (value) => withUnit(significant(value, 4), unit);
  const cell = (i, j) => `<rect x="${(left + i * cw).toFixed(2)}" y="${(top + high - (j + 1) * ch).toFixed(2)}" width="${(cw + 0.4).toFixed(2)}" height="${(ch + 0.4).toFixed(2)}" fill="${ramp((told[what][j][i] - low) / span)}"><title>${escape(
    `${label(x)} ${said(told.x[i])}\n${label(y)} ${said(told.y[j])}\n${number(told.mean[j][i])} ± ${significant(told.sd[j][i], 2)}`)}</title></rect>`;
  const cells = told.y.flatMap((_, j) => told.x.map((_, i) => cell(i, j)));
  const across = (v) => left + cw / 2 + ((v - x0) / (x1 - x0)) * (wide - cw), up = (v) => top + high - ch / 2 - ((v - y0) / (y1 - y0)) * (high - ch);
  const dot = ({ at: [a, b], experiment, best }) => `<circle cx="${across(a).toFixed(1)}" cy="${up(b).toFixed(1)}" r="${best ? 6 : 3.2}" class="${best ? "best" : "dot"}"><title>experiment ${escape(experiment)}${best ? ", the best" : ""}</title></circle>`;
  const middle = (a, b) => (a + b) / 2;
  const ticks = [x0, middle(x0, x1), x1].map((v, i) => text(across(v).toFixed(1), top + high + 16, said(v), `text-anchor="${["start", "middle", "end"][i]}"`))
    .concat([y0, middle(y0, y1), y1].map((v) => text(left - 6, (up(v) + 4).toFixed(1), said(v), 'text-anchor="end"')));
  const key = Array.from({ length: 32 }, (_, i) => `<rect x="${left + wide + 12}" y="${(top + high - ((i + 1) * high) / 32).toFixed(2)}" width="10" height="${(high / 32 + 0.4).toFixed(2)}" fill="${ramp((i + 0.5) / 32)}"></rect>`);
  const beside = left + wide + 26;
  return `<svg width="${left + wide + right}" height="${top + high + bottom}" viewBox="0 0 ${left + wide + right} ${top + high + bottom}" role="img" aria-label="${escape(`${what === "sd" ? "standard deviation" : "mean"} over ${label(x)} and ${label(y)}`)}">
${cells.join("")}${dots.map(dot).join("")}${ticks.join("")}${key.join("")}${text(beside, top + 9, significant(low + span, 3))}${text(beside, top + high, significant(low, 3))}
${text(left + wide / 2, top + high + 36, label(x), 'text-anchor="middle"')}${text(0, 0, label(y), `text-anchor="middle" transform="translate(12 ${top + high / 2}) rotate(-90)"`)}</svg>`;
}

export class Belief {
  /** `place` is the section; `ask` fetches a path below the run and resolves to the reply. */
  constructor(place, ask) {
    Object.assign(this, { place, ask, under: null });
    this.clear();
    for (const el of place.querySelectorAll("select")) el.addEventListener("change", () => this.again());
    place.querySelector("details").addEventListener("toggle", () => this.again());
  }

  select(name) { return this.place.querySelector(`[data-of=${name}]`); }

  again() { if (this.now) this.show(...this.now); }

  /** Forgets the run that was shown. */
  clear() {
    Object.assign(this, { answer: null, now: null, filled: null, wanted: null, html: null });
    this.place.hidden = true;
    this.words("");
    this.place.querySelector("[data-of=map]").innerHTML = "";
  }

  /** Fills the lists of what can be chosen, once for each run. */
  fill(run) {
    const inputs = Object.entries(run.header.definition.space?.inputs ?? {}).filter(([, of]) => of.low < of.high).map(([name]) => name);
    const features = [...new Set([...run.objectives.map((o) => o.feature), ...run.header.features.map(([name]) => name)])];
    this.place.hidden = inputs.length < 2 || !features.length;
    if (this.filled === run.header) return;
    this.filled = run.header;
    const options = (names, chosen) => names.map((name) => `<option value="${escape(name)}"${name === chosen ? " selected" : ""}>${escape(label(name))}</option>`).join("");
    this.select("feature").innerHTML = options(features, features[0]);
    this.select("x").innerHTML = options(inputs, inputs[0]);
    this.select("y").innerHTML = options(inputs, inputs[1]);
  }

  words(text) { const el = this.place.querySelector("figcaption"); if (el.textContent !== text) el.textContent = text; }

  /** Shows what the first experiments leave to believe. Nothing is asked while the section is closed. */
  show(run, n) {
    this.now = [run, n];
    this.fill(run);
    if (this.place.hidden || !this.place.querySelector("details").open) return;
    const [feature, x, y, what] = ["feature", "x", "y", "what"].map((name) => this.select(name).value);
    if (x === y) { this.words("Choose two different inputs."); return; }
    const measured = run.experiments.slice(0, n).filter((e) => run.value(e, feature) !== null);
    const best = run.best(n)?.experiment ?? run.front(n)[0] ?? measured.at(-1);
    if (!best) { this.words("No experiment has been measured yet."); return; }
    const path = "belief?" + new URLSearchParams({ feature, x, y, experiments: run.experiments[n - 1].experiment, held: best.experiment });
    Object.assign(this, { wanted: path, drawn: { feature, x, y, what, measured, best, run } });
    if (this.answer?.path === path) this.draw(); else this.fetch();
  }

  async fetch() {
    if (this.under) return;
    this.under = this.wanted;
    const reply = await this.ask(this.under).catch(() => null);
    const path = this.under, told = reply?.ok ? await reply.json() : null;
    if (told) this.answer = { path, told };
    else if (reply?.status === 422) { this.answer = null; this.words((await reply.text()).trim()); }
    // The server answers one question at a time; a run under way soon has the next.
    setTimeout(() => { this.under = null; if (this.now && (this.wanted !== path || (!told && reply?.status !== 422))) this.again(); }, 1000);
    if (told && this.wanted === path) this.draw();
  }

  draw() {
    const { feature, x, y, what, measured, best, run } = this.drawn, { told } = this.answer;
    const unit = run.unit(feature), others = Object.entries(told.held).filter(([name]) => name !== x && name !== y);
    const held = others.length ? ` The other inputs are as in experiment ${best.experiment}: ${others.map(([name, value]) => `${quantity(name).name} ${withUnit(said(value), quantity(name).unit)}`).join(", ")}.` : "";
    this.words(`${what === "sd" ? "Standard deviation" : "Mean"} of ${quantity(feature).name}${unit ? ` [${unit}]` : ""} as a Gaussian process believes it after ${told.experiments} experiments.${held} Dots: all experiments, wherever their other inputs were.`);
    const dots = measured.filter((e) => e !== best).concat(best).map((e) => ({ at: [e.conditions[x], e.conditions[y]], experiment: e.experiment, best: e === best }));
    const area = this.place.querySelector("[data-of=map]");
    const html = map(told, { x, y, unit, what, width: area.clientWidth, dots });
    if (this.html !== html) { this.html = html; area.innerHTML = html; }
  }
}
