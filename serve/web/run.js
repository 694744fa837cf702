// A run as its journal tells it: what the rig was like at any time, from the records up to then.

const KEYFRAME = 256;

/** The state of a rig before anything happened. */
function start(header) {
  const state = { t: 0, phase: null, proposal: null, number: null, began: 0, flow: null, light: null, done: 0, ended: false,
    pumps: {}, heaters: {}, lights: {}, valves: {}, sensors: {}, alarms: [] };
  for (const pump of header.manifest.pumps) {
    state.pumps[pump.name] = { rate: 0, since: 0, most: 0, full: pump.fill_ml, base: pump.fill_ml, left: pump.fill_ml };
  }
  for (const heater of header.manifest.heaters) state.heaters[heater.name] = { set: null, safe: heater.safe_c };
  for (const light of header.manifest.lights) state.lights[light.name] = false;
  return state;
}

/** Volume that a pump has moved since its last command, out of its syringe or into it [µL]. */
const moved = (pump, t) => Math.min(Math.max(0, (pump.rate * (t - pump.since)) / 60), pump.most);

/** What is in a syringe at a time [mL]. */
export const left = (pump, t) => pump.left - (pump.draws ? -1 : 1) * moved(pump, t) / 1000;

const moves = (pump, t) => pump.rate > 0 && moved(pump, t) < pump.most;

/** Whether a pump delivers at a time. */
export const runs = (pump, t) => !pump.draws && moves(pump, t);

/** Whether a pump fills its syringe at a time. */
export const draws = (pump, t) => pump.draws && moves(pump, t);

function settle(pump, t) {
  pump.left = left(pump, t);
  pump.base = pump.left;
  pump.rate = 0;
  pump.since = t;
}

/** Stops a pump. What it says it has delivered still counts from its last start. */
function halt(pump, t) {
  const { base } = pump;
  settle(pump, t);
  pump.base = base;
}

/** Takes a syringe to hold so much; what its pump says it has delivered counts again from its next start. */
function hold(pump, ml, t) {
  Object.assign(pump, { left: ml, base: null, rate: 0, since: t });
}

/** Notes a fault of an experiment; none before the first. */
function alarm(state, fault, experiment) {
  const t = Number.isFinite(fault.at_ns) ? fault.at_ns / 1e9 : state.t;
  state.alarms = [...state.alarms.slice(-19), { t, experiment, fault }];
}

function makeSafe(state) {
  Object.values(state.pumps).forEach((pump) => halt(pump, state.t));
  turnDown(state);
}

function turnDown(state) {
  Object.values(state.heaters).forEach((heater) => { heater.set = heater.safe; });
  Object.keys(state.lights).forEach((light) => { state.lights[light] = false; });
}

/** A run on a real rig goes on, which was made safe meanwhile: what was lost says what was under way. */
function goOn(state, { lost_ul: lost = [], filled = [] }) {
  const less = new Map(lost);
  turnDown(state);
  for (const [name, pump] of Object.entries(state.pumps)) {
    const ml = filled.includes(name) ? pump.full : pump.left - (less.get(name) ?? 0) / 1000;
    hold(pump, ml, state.t);
  }
  Object.assign(state, { proposal: null, flow: null, light: null });
}

/** Whether a value of a command was out of range: it was refused, and never sent to an instrument. */
const isOutOfRange = (answer) => Boolean(answer?.fault?.kind?.out_of_range);

function hear(state, send, reply) {
  const [name, of] = typeof send === "string" ? [send, {}] : Object.entries(send)[0];
  const pump = state.pumps[of.pump];
  // A pump whose answer was lost may well run.
  if (reply?.fault && (name !== "dispense" || isOutOfRange(reply))) return;
  if (name === "make_safe") makeSafe(state);
  else if (name === "dispense" && pump) {
    settle(pump, state.t);
    Object.assign(pump, { rate: of.rate_ul_per_min, most: of.at_most_ul, draws: false });
    if (state.flow === null) state.flow = state.t;
  } else if (name === "withdraw" && pump) {
    settle(pump, state.t);
    Object.assign(pump, { rate: of.rate_ul_per_min, most: of.volume_ul, draws: true });
  } else if (name === "turn") state.valves[of.valve] = of.position;
  else if (name === "stop" && pump) halt(pump, state.t);
  else if (name === "fill" && pump) hold(pump, of.holds_ul / 1000, state.t);
  else if (name === "heat") state.heaters[of.heater] = { ...state.heaters[of.heater], set: of.set_point_c };
  else if (name === "heater_off") state.heaters[of.heater] = { ...state.heaters[of.heater], set: null };
  else if (name === "light") {
    state.lights[of.light] = of.on;
    if (of.on && state.flow !== null && state.light === null) state.light = state.t;
  } else if (name === "read" && reply && typeof reply === "object" && "reading" in reply) {
    state.sensors[of.sensor] = { value: reply.reading, at: state.t };
    const of_pump = /^(.*)\.dispensed$/.exec(of.sensor);
    const metered = of_pump && state.pumps[of_pump[1]];
    // The pump counts from its last start; what it says is better than what was reckoned.
    if (metered && !moves(metered, state.t) && metered.base !== null) Object.assign(metered, { left: metered.base - ((metered.draws ? -1 : 1) * reply.reading) / 1000, rate: 0 });
  }
}

/** That something is not there yet is no fault. */
export const isFault = (answer) => Boolean(answer && answer.fault) && answer.fault.kind !== "not_ready";

/** Takes a record into a state. */
function apply(state, item) {
  state.t = Math.max(state.t, item.t);
  const { kind, of } = item;
  state.ended = kind === "end";
  if (kind === "phase") state.phase = of.name;
  else if (kind === "proposal") Object.assign(state, { proposal: of, number: of.experiment, began: state.t, flow: null, light: null });
  else if (kind === "command") {
    if (isFault(of.answer)) alarm(state, of.answer.fault, state.number);
    hear(state, of.send, of.answer);
  } else if (kind === "fault") alarm(state, of, state.number);
  else if (kind === "resumed") goOn(state, of);
  else if (kind === "experiment") {
    state.done += 1;
    state.proposal = null;
    if (of.fault) alarm(state, of.fault, of.experiment);
  } else if (kind === "spoiled") { alarm(state, of.fault, of.experiment); state.proposal = null; }
  else if (kind === "end") state.proposal = null;
}

/** How many of the first hold, in an order in which all behind the first that does not, do not; by halving. */
function count(list, holds) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) low = middle + 1; else high = middle;
  }
  return low;
}

export class Run {
  constructor() { this.header = null; this.clear(); }

  clear() {
    this.items = []; this.keyframes = []; this.experiments = []; this.phases = []; this.temperatures = {};
    this.last = null; this.place = 0; this.cache = null; this.added = 0;
    /** Experiments whose conditions a person has changed or added, and which of the two. */
    this.decided = new Map();
  }

  /** Takes one line of the journal; `id` is the place in the file behind it. */
  push(text, id) {
    let record;
    try { ({ record } = JSON.parse(text)); } catch { this.place = id; return; }
    const [kind, of] = Object.entries(record)[0];
    if (kind === "header") { this.clear(); this.header = of; this.last = start(of); this.place = id; return; }
    if (!this.header) return;
    const at = of.at_ns ?? of.ended_ns;
    const item = { kind, of, t: at === undefined ? this.last.t : Math.max(this.last.t, at / 1e9), from: this.place };
    if (this.items.length % KEYFRAME === 0) this.keyframes.push(structuredClone(this.last));
    this.items.push(item);
    apply(this.last, item);
    this.place = id;
    if (kind === "experiment") this.experiments.push({ ...of, t: item.t, from: item.from });
    if (kind === "doubted") this.withdraw(of.experiments);
    if (kind === "decided") {
      if (of.decision.add) this.added += 1;
      // What was skipped was proposed anew: that is decided on again.
      if (typeof of.decision === "object") this.decided.set(of.experiment, Object.keys(of.decision)[0]);
    }
    if (kind === "phase") this.phases.push(of);
    if (kind === "command") this.remember(of, item.t);
  }

  /** Takes the values away of experiments that were measured while a reading may have been wrong. */
  withdraw(numbers) {
    for (const experiment of this.experiments.filter((e) => numbers.includes(e.experiment))) {
      experiment.quality = { ...experiment.quality, doubtful: true };
      experiment.features = experiment.features.map(([name]) => [name, null]);
    }
  }

  remember({ send, answer }, t) {
    const sensor = send.read && this.sensor(send.read.sensor);
    if (sensor && sensor.kind.temperature && answer.reading !== undefined) {
      (this.temperatures[sensor.kind.temperature] ??= { t: [], value: [], set: [] });
      const series = this.temperatures[sensor.kind.temperature];
      series.t.push(t); series.value.push(answer.reading); series.set.push(this.last.heaters[sensor.kind.temperature]?.set ?? null);
    }
  }

  get end() { return this.last ? this.last.t : 0; }

  /** Number of records up to a time. */
  upTo(t) { return count(this.items, (item) => item.t <= t); }

  /** Number of experiments that had ended at a time. */
  done(t) { return count(this.experiments, (e) => e.t <= t); }

  /** The end of the experiment before a time; the begin of the run where there is none. */
  back(t) { return this.experiments[count(this.experiments, (e) => e.t < t) - 1]?.t ?? 0; }

  /** The end of the next experiment; the end of the run where there is none. */
  forth(t) { return this.experiments[this.done(t)]?.t ?? this.end; }

  /** What the rig was like at a time, from the keyframe before it. */
  at(t) {
    const n = this.upTo(t);
    if (n === this.items.length) return this.last;
    const frame = Math.floor(n / KEYFRAME);
    let from = frame * KEYFRAME, state;
    if (this.cache && this.cache.n <= n && this.cache.n >= from) ({ n: from, state } = this.cache);
    else state = structuredClone(this.keyframes[frame] ?? this.last);
    for (let i = from; i < n; i++) apply(state, this.items[i]);
    this.cache = { n, state };
    return state;
  }

  /** How a feature is measured, as the scenario has it. */
  feature(name) { return (this.header.definition.analysis?.features ?? []).find((feature) => feature.name === name); }

  sensor(name) { return this.header.manifest.sensors.find((sensor) => sensor.name === name); }

  unit(feature) { return (this.header.features.find(([name]) => name === feature) ?? [])[1] ?? ""; }

  get objectives() {
    const { objective, objectives } = this.header.definition;
    return objectives ?? (objective ? [objective] : []);
  }

  /** A feature of an experiment; none where it failed. */
  value(experiment, feature) {
    if (experiment.fault) return null;
    return (experiment.features.find(([name]) => name === feature) ?? [])[1] ?? null;
  }

  /** Whether an experiment keeps all limits. */
  allowed(experiment) {
    return (this.header.definition.limits ?? []).every((limit) => {
      const value = this.value(experiment, limit.feature);
      return value !== null && value >= (limit.at_least ?? -Infinity) && value <= (limit.at_most ?? Infinity);
    });
  }

  /** How good a value of an objective is: more is better. With other objectives a target is as good as met within its tolerance. */
  score(objective, value) {
    const goal = objective.goal ?? "maximize";
    if (goal === "minimize") return -value;
    if (typeof goal !== "object") return value;
    const off = Math.abs(value - goal.target), slack = this.objectives.length > 1 ? goal.within ?? 0 : 0;
    return slack > 0 ? Math.min(0, slack - off) : -off;
  }

  /** The best of the first experiments, where one thing is wanted. */
  best(count) {
    const [objective, second] = this.objectives;
    if (!objective || second) return null;
    let best = null;
    for (const experiment of this.experiments.slice(0, count)) {
      const value = this.value(experiment, objective.feature);
      if (value === null || !this.allowed(experiment)) continue;
      const score = this.score(objective, value);
      if (!best || score > best.score) best = { experiment, value, score };
    }
    return best;
  }

  /** The values of the first experiments at the conditions of one, in order. */
  repeats(count, { conditions }) {
    const [{ feature }] = this.objectives, at = JSON.stringify(conditions);
    const same = this.experiments.slice(0, count).filter((e) => JSON.stringify(e.conditions) === at);
    return same.map((e) => this.value(e, feature)).filter((value) => value !== null).sort((a, b) => a - b);
  }

  /** Those of the first experiments that no other beats in every objective. */
  front(count) {
    const wanted = this.objectives;
    const scored = this.experiments.slice(0, count).filter((e) => this.allowed(e)).map((experiment) => ({
      experiment, scores: wanted.map((o) => { const v = this.value(experiment, o.feature); return v === null ? null : this.score(o, v); }),
    })).filter(({ scores }) => scores.every((s) => s !== null));
    const beats = (a, b) => a.scores.every((s, i) => s >= b.scores[i]) && a.scores.some((s, i) => s > b.scores[i]);
    return scored.filter((one) => !scored.some((other) => beats(other, one))).map(({ experiment }) => experiment);
  }
}
