// The live page: follows the events of a run and shows it at the time that is chosen.

import { Belief } from "./belief.js";
import { Chart, colour } from "./charts.js";
import { Review } from "./review.js";
import { below, draw } from "./rig.js";
import { Run } from "./run.js";
import { answer, clock, command, conditions, decision, duration, escape, faultWords, measured, policy, significant, unit, withUnit } from "./words.js";

const $ = (id) => document.getElementById(id);
const run = new Run();
const charts = { found: new Chart($("found")), spectrum: new Chart($("spectrum")), heat: new Chart($("heat")) };
const NO_SPECTRUM = "No spectrum yet";
const view = { name: null, t: 0, follows: true, plays: false, source: null, dirty: true, before: performance.now(), spectra: new Map(), drawn: {} };

function put(id, html) {
  if (view.drawn[id] !== html) { view.drawn[id] = html; $(id).innerHTML = html; }
}

const say = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

/** The token is in the part of the address that is sent to nobody; this tab keeps it, also when it is loaded again. */
function kept(name) {
  const given = new URLSearchParams(location.hash.slice(1)).get(name);
  try {
    if (given) sessionStorage.setItem(name, given);
    return given ?? sessionStorage.getItem(name);
  } catch { return given; }
}
const token = kept("token");

async function list() {
  const { runs, controlled, paused, stops, proposal, believes, expects } = await (await fetch("/api/runs")).json();
  $("stop").hidden = $("hold").hidden = !(controlled && token) || Boolean(stops) || (run.last?.ended ?? false);
  Object.assign(view, { paused: Boolean(paused), stops: Boolean(stops), asks: Boolean(proposal), believes: Boolean(believes), expects: Boolean(expects), dirty: true });
  review.show(stops ? null : proposal ?? null, Boolean(token));
  say("hold", view.paused ? "Continue the run" : "Pause the run");
  const option = (r) => `<option value="${escape(r.name)}">${escape(r.name)} · ${escape(r.experiments)}${r.planned ? " of " + escape(r.planned) : ""}${r.ended ? "" : " · unfinished"}</option>`;
  put("runs", runs.map(option).join(""));
  const wanted = new URLSearchParams(location.hash.slice(1)).get("run");
  const known = runs.find((r) => r.name === (view.name ?? wanted)) ?? runs.find((r) => !r.ended) ?? runs[0];
  if (known && known.name !== view.name) open(known.name);
  if (known) $("runs").value = view.name;
  if (!runs.length) say("title", "No run yet");
}

/** Forgets everything of the run that was shown. */
function forget() {
  run.header = null; run.clear();
  view.spectra.clear();
  Object.assign(view, { t: 0, shown: null, spectrum: null, expected: null, dirty: true });
  Object.values(charts).forEach((chart) => chart.clear());
  belief.clear();
  ["answers", "queue", "log", "alarms", "rig", "rest"].forEach((id) => put(id, ""));
  ["doing", "when", "found-words", "heat-words"].forEach((id) => say(id, ""));
  say("spectrum-words", NO_SPECTRUM);
}

function open(name) {
  view.source?.close();
  Object.assign(view, { name, follows: true });
  stop();
  forget();
  say("title", name);
  history.replaceState(null, "", "#" + new URLSearchParams({ run: name }));
  const source = new EventSource(`/api/runs/${encodeURIComponent(name)}/events`);
  source.onopen = () => say("link", "connected");
  source.onerror = () => say("link", source.readyState === 2 ? "not connected" : "connection lost, trying again");
  source.onmessage = (event) => { run.push(event.data, parseInt(event.lastEventId, 10)); view.dirty = true; };
  source.addEventListener("again", forget);
  view.source = source;
}

/** How many experiments are planned: those of the phases, and what people have added. */
const planned = () => (run.header.definition.phases ?? []).reduce((sum, phase) => sum + (phase.experiments ?? NaN), 0) + run.added;

function wanted() {
  const words = (o) => {
    const goal = o.goal ?? "maximize", name = o.feature.replaceAll("_", " ");
    if (typeof goal === "object") return `${name} of ${goal.target} ± ${goal.within} ${run.unit(o.feature)}`;
    return `${goal === "minimize" ? "lowest" : "highest"} ${name}`;
  };
  return run.objectives.map(words).join(" and ") || "–";
}

/** How sure the best is: measured once says nothing of noise. */
function sure(best, n) {
  const values = run.repeats(n, best.experiment);
  return values.length > 1 ? `measured ${values.length} times, ${significant(values[0])} to ${significant(values.at(-1))}` : "measured once";
}

function answers(state, n) {
  const best = run.best(n), of = planned(), front = run.objectives.length > 1 ? run.front(n) : null;
  const spent = run.experiments[n - 1]?.t ?? 0;
  const rest = n && of > n && !state.ended ? duration((spent / n) * (of - n)) : state.ended ? "none: the run is complete" : "–";
  const found = front ? `${front.length} best compromises` : best ? withUnit(significant(best.value), run.unit(run.objectives[0].feature)) : "nothing yet";
  const rows = [
    ["Asked for", wanted(), run.objectives.map((o) => measured(run.feature(o.feature))).filter(Boolean).join("; ")],
    ["Best so far", found, best ? `experiment ${best.experiment.experiment}, ${sure(best, n)}` : ""],
    ["Experiments", `${n}${of ? " of " + of : ""}`, `${run.experiments.slice(0, n).filter((e) => e.fault).length} failed`],
    ["Lab time", duration(view.t), state.ended ? "complete" : state.phase ? `phase ${state.phase}` : "priming"],
    ["Left, at this pace", rest, ""],
  ];
  put("answers", rows.map(([what, value, more]) => `<div><dt>${what}</dt><dd>${escape(value)}<small>${escape(more)}</small></dd></div>`).join(""));
}

function doing(state, t) {
  if (state.ended) return "The run is complete.";
  if (view.stops && t >= run.end) return "The run is being ended and its rig made safe.";
  if (!state.proposal && view.asks && t >= run.end) return "The run waits for a decision on its next experiment.";
  if (!state.proposal && view.paused && t >= run.end) return "Paused: the run waits before its next experiment.";
  if (!state.proposal) return state.done ? "Between two experiments." : "Priming the lines and taking the reference.";
  const [stage, since] = state.flow === null ? ["heating", state.began] : state.light === null ? ["reaching steady state", state.flow] : ["taking spectra", state.light];
  return `Experiment ${state.proposal.experiment}, ${stage} for ${duration(t - since)}: ${conditions(state.proposal.conditions)}.`;
}

function showFound(n) {
  const [a, b] = run.objectives;
  if (!a) return;
  const shown = run.experiments.slice(0, n);
  const label = (o) => `${o.feature.replaceAll("_", " ")} [${run.unit(o.feature)}]`;
  const phases = run.phases.map((p) => p.name);
  // Conditions that were not the policy's own, where there are any.
  const people = shown.some((e) => run.decided.has(e.experiment));
  const ring = { label: "decided by a person", colour: colour(0), rings: true };
  const words = people ? " A ring: a person has changed or added the experiment." : "";
  const theirs = (list, of) => (people ? [list.map((e) => (run.decided.has(e.experiment) ? of(e) : null))] : []);
  if (b) {
    const order = shown.filter((e) => run.value(e, a.feature) !== null && run.value(e, b.feature) !== null)
      .sort((p, q) => run.value(p, a.feature) - run.value(q, a.feature));
    const best = new Set(run.front(n));
    say("found-words", "One objective against the other; the line joins the best compromises." + words);
    charts.found.fill({ x: label(a), y: label(b),
      series: [{ label: "all", colour: colour(0), dots: true }, { label: "best compromises", colour: colour(1), spanGaps: true }, ...(people ? [ring] : [])],
      data: [order.map((e) => run.value(e, a.feature)), order.map((e) => run.value(e, b.feature)), order.map((e) => (best.has(e) ? run.value(e, b.feature) : null)),
        ...theirs(order, (e) => run.value(e, b.feature))] });
    return;
  }
  let best = null;
  const soFar = shown.map((e) => {
    const value = run.value(e, a.feature);
    if (value !== null && run.allowed(e) && (best === null || run.score(a, value) > run.score(a, best))) best = value;
    return best;
  });
  say("found-words", `${a.feature.replaceAll("_", " ")} of every experiment, in the colour of its phase; the line is the best so far.${words}`);
  charts.found.fill({ x: "experiment", y: label(a),
    series: [{ label: "best so far", colour: colour(0), steps: true }, ...phases.map((p, i) => ({ label: p, colour: colour(i + 1), dots: true })), ...(people ? [ring] : [])],
    data: [shown.map((e) => e.experiment), soFar, ...phases.map((p) => shown.map((e) => (e.phase === p ? run.value(e, a.feature) : null))),
      ...theirs(shown, (e) => run.value(e, a.feature))] });
}

/** The wavelengths of a spectrum: those of the spectrometer of its channel; none where they are not known. */
function wavelengths({ name, values }) {
  const { definition, manifest } = run.header;
  const channel = definition.analysis?.channels?.find((c) => c.name === name);
  const info = manifest.spectrometers.find((s) => s.name === channel?.spectrometer);
  if (!info || info.pixels !== values.length) return null;
  const [a, b, c, d] = info.wavelength_coefficients;
  return values.map((_, i) => a + i * (b + i * (c + i * d)));
}

/** The spectra of an experiment, which its event leaves out. */
async function fetched(key, from) {
  if (!view.spectra.has(key)) {
    const reply = await fetch(`/api/runs/${encodeURIComponent(view.name)}/line?at=${from}`);
    if (!reply.ok) throw new Error(reply.statusText);
    const { spectra } = (await reply.json()).record.experiment;
    if (view.spectra.size > 60) view.spectra.delete(view.spectra.keys().next().value);
    view.spectra.set(key, spectra);
  }
  return view.spectra.get(key);
}

function againLater() {
  view.spectrum = null;
  setTimeout(() => { Object.assign(view, { shown: null, dirty: true }); }, 2000);
}

async function showSpectrum(n) {
  const experiment = run.experiments.slice(0, n).findLast((e) => e.spectra.length);
  if (!experiment) { view.spectrum = null; charts.spectrum.clear(); say("spectrum-words", NO_SPECTRUM); return; }
  const key = `${view.name} ${experiment.from}`, wanted = `${key} ${document.documentElement.dataset.theme}`;
  if (view.spectrum === wanted) return;
  view.spectrum = wanted;
  const spectra = await fetched(key, experiment.from).catch(() => null);
  if (view.spectrum !== wanted) return;
  if (!spectra) { againLater(); return; }
  const known = view.expected?.key === key ? view.expected.spectra : null;
  drawSpectra(experiment, spectra, known);
  if (known || !view.expects) return;
  const expected = await predicted(experiment).catch(() => null);
  if (expected) view.expected = { key, spectra: expected };
  if (expected && view.spectrum === wanted) drawSpectra(experiment, spectra, expected);
}

/** The spectra that the scenario's simulator expects of an experiment; none where it has none. The server answers one browser at a time, and lets others wait for a while. */
async function predicted(experiment, tries = 5) {
  const before = run.experiments[run.experiments.indexOf(experiment) - 1];
  const asked = new URLSearchParams({ at: experiment.from, ...(before ? { before: before.from } : {}) });
  const name = view.name, reply = await fetch(`/api/runs/${encodeURIComponent(name)}/expected?${asked}`);
  if (reply.ok) return reply.json();
  if (reply.status !== 503 || tries === 0 || view.name !== name) return null;
  await new Promise((resolve) => setTimeout(resolve, 500));
  return predicted(experiment, tries - 1);
}

/** Draws spectra together, each over its own wavelengths; dashed: what is expected. */
function drawSpectra(experiment, spectra, expected) {
  const scales = spectra.map(wavelengths), known = scales.every(Boolean);
  const top = (s) => Math.max(...s.values) || 1;
  const several = spectra.length > 1;
  const tops = spectra.map((s) => `${s.name} ${withUnit(significant(top(s)), s.unit)}`).join(", ");
  const drawn = spectra.flatMap((s, i) => {
    const like = expected?.find((e) => e.name === s.name && e.values.length === s.values.length);
    const name = s.name.replaceAll("_", " "), scale = several ? top(s) : 1;
    const curve = (values) => [known ? scales[i] : values.map((_, pixel) => pixel), several ? values.map((v) => v / scale) : values];
    const measured = { label: name, colour: colour(i + 1), spanGaps: true, curve: curve(s.values) };
    return like ? [measured, { label: `${name}, expected`, colour: colour(i + 1), dash: [6, 4], width: 1.2, spanGaps: true, curve: curve(like.values) }] : [measured];
  });
  const dashed = drawn.length > spectra.length ? " Dashed: what the scenario's simulator expects." : "";
  say("spectrum-words", `Spectra of experiment ${experiment.experiment}${several ? ", each over its highest value: " + tops : ""}.${dashed}`);
  charts.spectrum.fill({ x: known ? "wavelength [nm]" : "pixel", y: several ? "share of the highest value" : `${spectra[0].name} [${spectra[0].unit}]`,
    series: drawn, data: drawn.length > 1 ? uPlot.join(drawn.map(({ curve }) => curve)) : drawn[0].curve });
}

/** The readings of all heaters as one table; made anew only where there are more of them. */
function heatTable(heaters) {
  const size = heaters.map(([name, { t }]) => `${name} ${t.length}`).join(), of = run.header;
  if (view.heat?.size !== size || view.heat.of !== of) {
    const tables = heaters.map(([, series]) => [series.t.map((s) => s / 3600), series.value, series.set]);
    view.heat = { size, of, table: tables.length > 1 ? uPlot.join(tables) : tables[0] };
  }
  return view.heat.table;
}

function showHeat(t) {
  const heaters = Object.entries(run.temperatures);
  if (!heaters.length) { say("heat-words", "No temperature has been read yet."); return; }
  const names = heaters.map(([name]) => name).join(", ");
  say("heat-words", `Temperature of ${names}; dashed: the set point. The red line is the time that is shown.`);
  const read = heaters.flatMap(([name], i) => [{ label: name, colour: colour(2 + i), width: 2 },
    { label: heaters.length > 1 ? `${name}, set point` : "set point", colour: heaters.length > 1 ? colour(2 + i) : colour(1), dash: [5, 4], steps: true }]);
  charts.heat.fill({ x: "lab time [h]", y: "temperature [°C]", cursor: t / 3600, series: read, data: heatTable(heaters) });
}

function queue(n) {
  const counts = new Map();
  run.experiments.slice(0, n).forEach((e) => counts.set(e.phase, (counts.get(e.phase) ?? 0) + 1));
  const phases = run.header.definition.phases?.length ? run.header.definition.phases : run.phases;
  const row = (p) => `<tr><td>${escape(p.name)}</td><td>${escape(policy(p.policy))}</td><td class="n">${counts.get(p.name) ?? 0}</td><td class="n">${escape(p.experiments ?? "–")}</td></tr>`;
  put("queue", `<thead><tr><th scope="col">phase</th><th scope="col">policy</th><th scope="col" class="n">done</th><th scope="col" class="n">planned</th></tr></thead><tbody>${phases.map(row).join("")}</tbody>`);
}

function log(t) {
  const n = run.upTo(t), rows = [];
  for (let i = n - 1; i >= 0 && rows.length < 100; i--) {
    const { kind, of, t: at } = run.items[i];
    if (kind === "command") rows.push([at, command(of.send), answer(of.answer, unit(run.sensor(of.send.read?.sensor)))]);
    else if (kind === "decided") rows.push([at, `experiment ${of.experiment}: a person has decided`, decision(of.decision)]);
    else if (kind === "recalibrated") rows.push([at, `the shadow was calibrated anew after experiment ${of.experiment}`, of.because]);
    else if (kind === "fault") rows.push([at, "FAULT", faultWords(of)]);
    else if (kind === "experiment") rows.push([at, `experiment ${of.experiment} ended`, of.fault ? "failed" : "ok"]);
  }
  put("log", `<thead><tr><th scope="col">lab time</th><th scope="col">command</th><th scope="col">answer</th></tr></thead><tbody>${rows.map(([at, a, b]) => `<tr><td>${clock(at)}</td><td>${escape(a)}</td><td>${escape(b)}</td></tr>`).join("")}</tbody>`);
}

function alarms(state, t) {
  const known = new Set();
  // An experiment that failed repeats the fault that spoiled it.
  const first = (alarm) => { const key = `${alarm.t} ${faultWords(alarm.fault)}`; return !known.has(key) && known.add(key); };
  const recent = state.alarms.filter((alarm) => (alarm.experiment ?? 0) >= state.done && alarm.t > t - 3600).filter(first).slice(-3);
  const of = ({ experiment }) => (experiment === null ? "" : `, experiment ${escape(experiment)}`);
  put("alarms", recent.map((alarm) => `<p><strong>Alarm</strong> at ${clock(alarm.t)}${of(alarm)}: ${escape(faultWords(alarm.fault))}</p>`).join(""));
}

function show() {
  const { header } = run;
  if (!header) return;
  say("title", header.definition.title || header.scenario);
  document.title = `${header.scenario} · flowtwin`;
  $("mark").hidden = !header.simulated;
  const state = run.at(view.t), n = run.done(view.t);
  $("scrub").max = String(run.end);
  if (document.activeElement !== $("scrub") || view.follows || view.plays) $("scrub").value = String(view.t);
  $("scrub").setAttribute("aria-valuetext", `${clock(view.t)} of ${clock(run.end)}`);
  say("when", `${clock(view.t)} of ${clock(run.end)}`);
  say("doing", doing(state, view.t));
  $("rig").classList.toggle("still", !view.plays && !(view.follows && !run.last.ended));
  put("rig", draw(run, state, view.t, Math.max(300, Math.floor($("rig").clientWidth))));
  put("rest", below(header.manifest, state));
  alarms(state, view.t);
  if (view.shown !== `${view.name} ${n} ${run.experiments.length} ${state.phase} ${state.ended} ${document.documentElement.dataset.theme}`) {
    view.shown = `${view.name} ${n} ${run.experiments.length} ${state.phase} ${state.ended} ${document.documentElement.dataset.theme}`;
    showFound(n); queue(n); showSpectrum(n);
    if (view.believes) belief.show(run, n);
  }
  answers(state, n);
  showHeat(view.t);
  log(view.t);
}

function frame(now) {
  const passed = (now - view.before) / 1000;
  view.before = now;
  if (view.follows && view.t !== run.end) { view.t = run.end; view.dirty = true; }
  if (view.plays) {
    view.t = Math.min(run.end, view.t + passed * Number($("speed").value));
    view.dirty = true;
    if (view.t >= run.end && run.last?.ended) stop();
  }
  if (view.dirty && run.header) { view.dirty = false; show(); }
  requestAnimationFrame(frame);
}

function set(t) { Object.assign(view, { t: Math.max(0, Math.min(run.end, t)), follows: false, dirty: true }); buttons(); }
function stop() { view.plays = false; buttons(); }
function buttons() {
  say("play", view.plays ? "Pause" : "Play");
  $("follow").setAttribute("aria-pressed", String(view.follows));
  view.dirty = true;
}

/** Gives an order to the run, and says what came of it. */
async function order(what, done) {
  const reply = await fetch(`/api/${what}`, { method: "POST", headers: { authorization: `Bearer ${token}` } }).catch(() => null);
  say("link", reply?.ok ? done : `refused: ${reply ? (await reply.text()).trim() : "no answer"}`);
  refresh();
}
const asked = { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } };
const belief = new Belief($("belief"), (path) => fetch(`/api/runs/${encodeURIComponent(view.name)}/${path}`));
const review = new Review($("review"), async (answer) => {
  const reply = await fetch("/api/decide", { ...asked, body: JSON.stringify(answer) }).catch(() => null);
  refresh();
  return reply?.ok ? "" : reply ? (await reply.text()).trim() : "no answer; is the run still at work?";
});
$("stop").addEventListener("click", () => {
  if (confirm("Make the rig safe and end the run? You can continue it later with --resume.")) order("stop", "stop asked for; the rig is being made safe");
});
$("hold").addEventListener("click", () => {
  if (view.paused) order("continue", "the run goes on");
  else order("pause", "pause asked for; the run waits before its next experiment");
});
$("runs").addEventListener("change", (event) => open(event.target.value));
$("scrub").addEventListener("input", (event) => set(Number(event.target.value)));
$("play").addEventListener("click", () => {
  if (!view.plays && view.t >= run.end) view.t = 0;
  view.plays = !view.plays; view.follows = false; buttons();
});
$("follow").addEventListener("click", () => { view.follows = true; view.plays = false; buttons(); });
$("back").addEventListener("click", () => set(run.back(view.t)));
$("forth").addEventListener("click", () => set(run.forth(view.t)));
function theme(name) {
  document.documentElement.dataset.theme = name;
  say("theme", name === "dark" ? "Light" : "Dark");
  view.dirty = true;
}
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
addEventListener("resize", () => { view.dirty = true; });
const refresh = () => list().catch(() => say("link", "no answer, trying again"));
refresh();
setInterval(refresh, 2000);
requestAnimationFrame(frame);
