// The rig as a drawing, made from the flow path: syringes, lines, junction, stretches of tube, cells.

import { colour } from "./charts.js";
import { draws, left, runs } from "./run.js";
import { escape, significant, unit, withUnit } from "./words.js";

/** The pump of the liquid between slugs; none where liquids flow without one. */
const carrier = (manifest) => manifest.path?.train?.carrier ?? null;

/** The colour of a pump's stock: the same wherever this stock is. The carrier is grey. */
export function stockColour(manifest, pump) {
  if (pump === carrier(manifest)) return colour(0);
  const stocks = [...new Set(manifest.pumps.filter((p) => p.name !== carrier(manifest)).map((p) => p.stock))];
  const place = stocks.indexOf(manifest.pumps.find((p) => p.name === pump)?.stock);
  return colour(1 + (place % 7));
}

/** The colour of what these pumps deliver together: that of their stocks by their flows, without the carrier. */
export function mixture(manifest, state, pumps, t) {
  const on = pumps.filter((pump) => pump !== carrier(manifest) && state.pumps[pump] && runs(state.pumps[pump], t));
  const total = on.reduce((sum, pump) => sum + state.pumps[pump].rate, 0);
  if (!total) return null;
  const channel = (place) => on.reduce((sum, pump) => sum + (parseInt(stockColour(manifest, pump).slice(place, place + 2), 16) * state.pumps[pump].rate) / total, 0);
  return "#" + [1, 3, 5].map((place) => Math.round(channel(place)).toString(16).padStart(2, "0")).join("");
}

/** The positions of valves and the readings of sensors that are no part of the drawing, as [name, words, whether it is an alarm]. */
export function readings(manifest, state) {
  const valves = (manifest.valves ?? []).map(({ name }) => [name, state.valves[name] ?? "not turned yet", false]);
  const sensor = ({ name, kind }) => {
    const read = state.sensors[name];
    if (kind === "permit" || kind === "leak") {
      const words = kind === "permit" ? ["not permitted", "permitted"] : ["a leak", "dry"];
      return [name, read ? words[read.value === 1 ? 1 : 0] : "not read yet", Boolean(read) && read.value !== 1];
    }
    if (!kind?.probe) return null;
    return [name, read ? withUnit(significant(read.value, 4), unit({ kind })) : "not read yet", false];
  };
  return [...valves, ...manifest.sensors.map(sensor).filter(Boolean)];
}

/** The same as a list below the drawing. */
export function below(manifest, state) {
  const lights = Object.entries(state.lights).map(([name, on]) => [name, on ? "on" : "off", false]);
  const item = ([name, words, alarm]) => `<li${alarm ? ' class="alert"' : ""}><span>${escape(name.replaceAll("_", " "))}</span> <b>${escape(words)}</b></li>`;
  return [...lights, ...readings(manifest, state)].map(item).join("");
}

/** Lines into the junction: each with its pumps; a pump of no line comes alone. */
function lines(manifest) {
  const { stretches = [], others = [], train } = manifest.path ?? {};
  const all = manifest.pumps.map((pump) => pump.name);
  const known = train ? train.lines : [...stretches.slice(0, 1), ...others].filter((s) => s.pumps.length < all.length);
  const named = known.map((line) => ({ pumps: line.pumps.filter((pump) => all.includes(pump)) }));
  const used = new Set(named.flatMap((line) => line.pumps));
  return [...named, ...all.filter((pump) => !used.has(pump)).map((pump) => ({ pumps: [pump] }))];
}

/** Stretches behind the junction. */
function tube(manifest) {
  const { stretches = [], train } = manifest.path ?? {};
  const most = Math.max(0, ...stretches.map((s) => s.pumps.length));
  const own = train ? train.tube : stretches.filter((s, i) => i > 0 || s.pumps.length === most);
  const reacts = new Set(stretches.filter((s) => s.reacts).map((s) => s.name));
  return own.map((s) => ({ ...s, reacts: reacts.has(s.name) }));
}

const flowOf = (state, pumps, t) =>
  pumps.reduce((sum, pump) => sum + (state.pumps[pump] && runs(state.pumps[pump], t) ? state.pumps[pump].rate : 0), 0);

/** Share of each stretch that the liquid of the experiment under way has filled: volume over flow, in order. */
function filled(state, stretches, t) {
  let since = state.flow === null ? Infinity : t - state.flow;
  return stretches.map((stretch) => {
    const flow = flowOf(state, stretch.pumps, t);
    const takes = flow > 0 ? (60 * stretch.volume_ul) / flow : Infinity;
    const share = takes === Infinity ? 0 : Math.min(1, Math.max(0, since / takes));
    since = share < 1 ? -1 : since - takes;
    return share;
  });
}

function syringe(info, state, t, x, y, width, paint) {
  const pump = state.pumps[info.name];
  const ml = Math.max(0, left(pump, t));
  const share = Math.min(1, ml / info.fill_ml);
  const on = runs(pump, t);
  const low = share < 0.1;
  const does = on ? significant(pump.rate, 3) + " µL/min" : draws(pump, t) ? `draws ${significant(pump.rate, 3)} µL/min` : "stands";
  return `<g><rect x="${x}" y="${y}" width="${width}" height="34" rx="4" fill="var(--box)" stroke="var(${low ? "--alert" : "--line"})"/>
    <rect x="${x + 1}" y="${y + 29}" width="${((width - 2) * share).toFixed(1)}" height="4" fill="${low ? "var(--alert)" : paint}"/>
    <text x="${x + 7}" y="${y + 14}" font-weight="600">${escape(info.name)}</text>
    <text x="${x + 7}" y="${y + 26}" fill="var(--soft)" font-size="11">${escape(info.stock.replaceAll("_", " "))}</text>
    <text x="${x + width - 7}" y="${y + 14}" text-anchor="end" ${on ? "" : 'fill="var(--soft)"'}>${does}</text>
    <text x="${x + width - 7}" y="${y + 26}" text-anchor="end" font-size="11" fill="var(${low ? "--alert" : "--soft"})">${significant(ml, 3)} of ${significant(info.fill_ml, 3)} mL</text></g>`;
}

const pipe = (d, flows) => `<path d="${d}" fill="none" stroke="var(--line)" stroke-width="7"/>` +
  (flows ? `<path class="flow" d="${d}" fill="none" stroke="var(--accent)" stroke-width="3"/>` : "");

/** The heater whose name a stretch that reacts would have; the only one there is. */
function heat(manifest, state, stretch, index) {
  const heater = stretch.reacts ? manifest.heaters[index] ?? manifest.heaters[0] : null;
  if (!heater) return null;
  const sensor = manifest.sensors.find((s) => s.kind.temperature === heater.name);
  const reading = sensor && state.sensors[sensor.name];
  return { name: heater.name, set: state.heaters[heater.name]?.set ?? null, now: reading ? reading.value : null };
}

/** What has filled so much of a stretch: slugs, or one liquid. */
function contents({ share, paint, slugs }, x, y, width) {
  if (!paint || share <= 0) return "";
  return `<path d="M${x} ${y}h${(width * share).toFixed(1)}" fill="none" stroke="${paint}" stroke-width="7"${slugs ? ' stroke-dasharray="9 4"' : ""}/>`;
}

/** Valves in the way of a pump: open or shut as they were turned last; grey where nothing is known. */
function valves(manifest, state, pump, x, y) {
  const mine = (manifest.valves ?? []).filter((valve) => valve.positions.some((p) => p.opens.includes(pump)));
  return mine.map((valve, i) => {
    const at = state.valves[valve.name], open = valve.positions.find((p) => p.name === at)?.opens.includes(pump) ?? null;
    const place = x + 6 + i * 9, fill = { true: "--paper", false: "--ink", null: "--line" }[open];
    return `<path class="valve" data-valve="${escape(valve.name)}" data-open="${open ?? "unknown"}" d="M${place - 4} ${y - 5}l8 10v-10l-8 10z" fill="var(${fill})" stroke="var(--ink)"><title>${escape(`${valve.name}: ${at ?? "not turned yet"}`)}</title></path>`;
  }).join("");
}

function box(stretch, filling, warm, flow, x, y, width, height) {
  const words = warm ? `${warm.now === null ? "–" : significant(warm.now, 4)} °C${warm.set === null ? ", off" : ` → ${significant(warm.set, 4)} °C`}` : `${significant(stretch.volume_ul, 3)} µL`;
  return `<g><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="5" fill="var(--box)" stroke="var(${warm && warm.set !== null ? "--warm" : "--line"})" stroke-width="1.5"/>
    ${contents(filling, x + 2, y + height - 5.5, width - 4)}
    <text x="${x + width / 2}" y="${y + 18}" text-anchor="middle" font-weight="600">${escape(stretch.name.replaceAll("_", " "))}</text>
    <text x="${x + width / 2}" y="${y + 34}" text-anchor="middle" font-size="12" fill="var(--soft)">${words}</text>
    <text x="${x + width / 2}" y="${y + 49}" text-anchor="middle" font-size="12" fill="var(--soft)">${flow > 0 ? significant(flow, 3) + " µL/min" : ""}</text></g>`;
}

/** The drawing for so many pixels of width. */
export function draw(run, state, t, width) {
  const { manifest } = run.header;
  const narrow = width < 700;
  const groups = lines(manifest);
  const stretches = tube(manifest);
  const side = narrow ? Math.min(width - 60, 290) : 250;
  const bus = side + 22;
  let y = 6, out = "";
  const joints = [];
  for (const group of groups) {
    const rows = group.pumps.map((name, i) => ({ info: manifest.pumps.find((p) => p.name === name), y: y + i * 40 }));
    const middle = y + (rows.length * 40 - 6) / 2;
    const on = group.pumps.some((pump) => runs(state.pumps[pump], t));
    rows.forEach((row) => {
      out += pipe(`M${side} ${row.y + 17}H${bus}V${middle}`, runs(state.pumps[row.info.name], t));
      out += syringe(row.info, state, t, 2, row.y, side - 2, stockColour(manifest, row.info.name));
      out += valves(manifest, state, row.info.name, side + 2, row.y + 17);
    });
    joints.push({ y: middle, on });
    y += rows.length * 40 + 10;
  }
  const bottom = y, trunk = bus + 26, centre = narrow ? bottom + 4 : bottom / 2;
  joints.forEach((joint) => { out += pipe(`M${bus} ${joint.y}H${trunk}V${centre}`, joint.on); });
  const shares = filled(state, stretches, t);
  let reacting = 0;
  const total = flowOf(state, manifest.pumps.map((p) => p.name), t);
  const filling = (stretch, i) => ({ share: shares[i], paint: mixture(manifest, state, stretch.pumps, t), slugs: stretch.pumps.includes(carrier(manifest)) });
  if (narrow) {
    out += pipe(`M${trunk} ${centre}V${bottom + 14}`, total > 0);
    stretches.forEach((stretch, i) => {
      const warm = heat(manifest, state, stretch, stretch.reacts ? reacting++ : 0);
      out += box(stretch, filling(stretch, i), warm, flowOf(state, stretch.pumps, t), 2, bottom + 14 + i * 76, width - 4, 62);
      if (i + 1 < stretches.length) out += pipe(`M${width / 2} ${bottom + 76 + i * 76}v14`, total > 0);
    });
    y = bottom + 14 + stretches.length * 76;
  } else {
    const room = width - trunk - 12, step = stretches.length ? room / stretches.length : room;
    stretches.forEach((stretch, i) => {
      const x = trunk + 14 + i * step;
      out += pipe(`M${i ? x - 14 : trunk} ${centre}H${x}`, total > 0);
      const warm = heat(manifest, state, stretch, stretch.reacts ? reacting++ : 0);
      out += box(stretch, filling(stretch, i), warm, flowOf(state, stretch.pumps, t), x, centre - 31, step - 16, 62);
    });
    y = Math.max(bottom, centre + 60);
  }
  const height = y + 4;
  const says = `Rig: ${manifest.pumps.map((p) => `${p.name} ${runs(state.pumps[p.name], t) ? significant(state.pumps[p.name].rate, 3) + " microlitres per minute" : "stands"}`).join(", ")}`;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(says)}" font-size="13" fill="var(--ink)">${out}</svg>`;
}
