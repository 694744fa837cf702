// Numbers and names as people read them.

const THIN = "\u202f";

/** A text that is put into a page: whatever a journal says stays text. */
export const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** A number with so many significant digits; powers of ten beyond 0.0001 and 10^7. */
export function significant(x, digits = 4) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(x)));
  if (size < -4 || size >= 7) return x.toExponential(digits - 1).replace("e+", "e").replace("-", "−");
  return x.toFixed(Math.max(0, digits - 1 - size)).replace("-", "−");
}

export const withUnit = (text, unit) => (unit ? text + THIN + unit : text);

/** Seconds in the two largest units that say something. */
export function duration(s) {
  if (!Number.isFinite(s)) return "–";
  const whole = Math.round(s);
  if (whole < 60) return s.toFixed(s < 9.95 ? 1 : 0) + THIN + "s";
  if (whole < 600) return Math.floor(whole / 60) + THIN + "min " + (whole % 60) + THIN + "s";
  const minutes = Math.round(s / 60);
  if (minutes < 60) return minutes + THIN + "min";
  return Math.floor(minutes / 60) + THIN + "h " + (minutes % 60) + THIN + "min";
}

/** Lab time as a clock. */
export function clock(s) {
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  return Math.floor(s / 3600) + ":" + two((s / 60) % 60) + ":" + two(s % 60);
}

const UNITS = [["_counts_nm", "counts·nm"], ["_ul_per_min", "µL/min"], ["_ml_per_min", "mL/min"], ["_au_nm", "AU·nm"],
  ["_counts", "counts"], ["_percent", "%"], ["_per_s", "1/s"], ["_bar", "bar"], ["_min", "min"], ["_mm", "mm"],
  ["_nm", "nm"], ["_ml", "mL"], ["_ul", "µL"], ["_mM", "mM"], ["_au", "AU"], ["_c", "°C"], ["_k", "K"], ["_s", "s"], ["_h", "h"]];

/** A key whose unit is its suffix. */
export function quantity(key) {
  const known = UNITS.find(([suffix]) => key.length > suffix.length && key.endsWith(suffix));
  if (!known) return { name: key.replaceAll("_", " "), unit: "" };
  return { name: key.slice(0, -known[0].length).replaceAll("_", " "), unit: known[1] };
}

/** What an input or a feature is called, with its unit. */
export function label(key) {
  const { name, unit } = quantity(key);
  return unit ? `${name} [${unit}]` : name;
}

/** A set value: a number without trailing zeros, or a name. */
export const said = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));

export function conditions(set) {
  return Object.entries(set).map(([key, value]) => {
    const { name, unit } = quantity(key);
    return name + " " + withUnit(said(value), unit);
  }).join(", ");
}

/** A value of JSON in words: what a fault says of itself. */
export function plainly(value) {
  if (value === null || typeof value !== "object") return String(value).replaceAll("_", " ");
  if (Array.isArray(value)) return value.map(plainly).join(", ");
  return Object.entries(value).map(([key, inner]) => key.replaceAll("_", " ") + ": " + plainly(inner)).join("; ");
}

export const faultWords = (fault) => `${(fault.origin ?? "").replaceAll("_", " ")} ${plainly(fault.kind ?? fault)}`.trim();

/** What a command does. */
export function command(send) {
  if (typeof send === "string") return send.replaceAll("_", " ");
  const [name, of] = Object.entries(send)[0];
  switch (name) {
    case "dispense": return `${of.pump}: ${said(of.rate_ul_per_min)} µL/min, at most ${said(of.at_most_ul)} µL`;
    case "stop": return `${of.pump}: stop`;
    case "withdraw": return `${of.pump}: draw ${said(of.volume_ul)} µL at ${said(of.rate_ul_per_min)} µL/min`;
    case "turn": return `${of.valve}: turn to ${said(of.position)}`;
    case "fill": return `${of.pump}: filled to ${said(of.holds_ul)} µL`;
    case "heat": return `${of.heater}: heat to ${said(of.set_point_c)} °C`;
    case "heater_off": return `${of.heater}: off`;
    case "light": return `${of.light}: ${of.on ? "on" : "off"}`;
    case "arm": return `${of.spectrometer}: take ${of.exposure.frames} frames of ${of.exposure.integration_us} µs`;
    case "fetch": return `${of.spectrometer}: fetch frames`;
    case "inject": return `${of.analyser}: inject`;
    case "results": return `${of.analyser}: results`;
    case "read": return `read ${of.sensor}`;
    case "begin": return "begin " + conditions(of.conditions);
    default: return name.replaceAll("_", " ") + " " + plainly(of);
  }
}

/** How a feature is measured: "height of the peak of emission between 410 and 520 nm"; nothing where that is not known. */
export function measured({ channel, measure } = {}) {
  const [kind, of] = Object.entries(measure ?? {})[0] ?? [];
  const spectrum = String(channel ?? "").replaceAll("_", " "), between = of && `between ${said(of.low_nm)} and ${said(of.high_nm)} nm`;
  switch (kind) {
    case "value_at": return `${spectrum} at ${said(of.nm)} nm`;
    case "peak_height": return `height of the peak of ${spectrum} ${between}`;
    case "peak_position": return `where ${spectrum} is highest ${between}`;
    case "peak_width": return `width of the peak of ${spectrum} ${between}`;
    default: return "";
  }
}

const POLICIES = { list: "a list", lhs: "Latin hypercube", latin_hypercube: "Latin hypercube", sobol: "Sobol’ sequence", max_variance: "maximum variance",
  ei: "expected improvement", log_ei: "log expected improvement", exploit: "pure exploitation", ucb: "upper confidence bound", thompson: "Thompson sampling" };

/** What people call a policy: a name, or a table with one. */
export function policy(of) {
  const name = String(of && typeof of === "object" ? of.name ?? Object.keys(of)[0] ?? "" : of ?? "");
  return POLICIES[name] ?? name.replaceAll("_", " ");
}

/** Unit of what a sensor reads; none where it has none, or is not known. */
export function unit(sensor) {
  const { kind } = sensor ?? {};
  if (!kind || typeof kind !== "object") return "";
  if (kind.probe) return { pressure: "kPa", temperature: "°C", conductivity: "mS/cm", level: "mL", mass: "g" }[kind.probe] ?? (kind.probe.flow ? "µL/min" : "mM");
  return { temperature: "°C", power: "%", dispensed: "µL" }[Object.keys(kind)[0]] ?? "";
}

/** What a person has decided on a proposal. */
export function decision(of) {
  if (typeof of === "string") return { accept: "accepted", skip: "skipped" }[of] ?? of;
  const [name, set] = Object.entries(of)[0];
  return `${{ change: "changed to", add: "added" }[name] ?? name} ${conditions(set)}`;
}

/** What was answered; a reading in the unit of its sensor. */
export function answer(reply, unit = "") {
  if (typeof reply === "string") return reply.replaceAll("_", " ");
  const [name, of] = Object.entries(reply)[0];
  switch (name) {
    case "ready": return `ready at ${clock(of / 1e9)}`;
    case "reading": return withUnit(said(of), unit);
    case "frames": return `${of.frames} frames`;
    case "fault": return of.kind === "not_ready" ? "not ready" : "FAULT " + faultWords(of);
    default: return plainly(of);
  }
}
