// What the live page makes of a journal: `node --test`, without a browser.

import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const web = (name) => import(pathToFileURL(resolve(process.env.WEB ?? "serve/web", name)).href);
const { Run, draws, left, runs } = await web("run.js");
const words = await web("words.js");
const rig = await web("rig.js");

const manifest = {
  pumps: [{ name: "red", stock: "dye", fill_ml: 10 }, { name: "oil", stock: "oil", fill_ml: 20 }],
  heaters: [{ name: "plate", low_c: 20, high_c: 200, safe_c: 25 }], lights: [{ name: "lamp" }], spectrometers: [],
  sensors: [{ name: "red.dispensed", kind: { dispensed: "red" } }, { name: "plate.temperature", kind: { temperature: "plate" } }],
};
const ns = (s) => s * 1e9;
const sent = (s, send, answer = "done") => ({ command: { at_ns: ns(s), send, answer } });
const dispense = (s, rate, most = 9000) => sent(s, { dispense: { pump: "red", rate_ul_per_min: rate, at_most_ul: most } });
const fault = (s, kind) => ({ fault: { at_ns: ns(s), origin: "plate", kind } });
const proposal = (n) => ({ proposal: { experiment: n, conditions: {} } });
const experiment = (n, s, more = {}) => ({ experiment: { experiment: n, phase: "p", ended_ns: ns(s), features: [], spectra: [], ...more } });

/** A run of these records. */
function told(records, definition = {}) {
  const run = new Run();
  const header = { header: { definition, manifest, features: [["peak_nm", "nm"], ["yield_percent", "%"]], simulated: true } };
  [header, ...records].forEach((record, i) => run.push(JSON.stringify({ n: i, record }), i + 1));
  return run;
}
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found}, not ${wanted}`);

test("making safe takes heaters to their safe set point, and stops pumps and lights", () => {
  const { last } = told([sent(0, { heat: { heater: "plate", set_point_c: 150 } }), dispense(1, 60), sent(2, { light: { light: "lamp", on: true } }), sent(3, "make_safe")]);
  assert.equal(last.heaters.plate.set, 25);
  assert.equal(runs(last.pumps.red, 4), false);
  assert.equal(last.lights.lamp, false);
});

test("a rig that did not acknowledge is not shown as safe", () => {
  const { last } = told([dispense(0, 60), sent(1, "make_safe", { fault: { at_ns: ns(1), origin: "red", kind: { no_reply: { waited_s: 1 } } } })]);
  assert.equal(runs(last.pumps.red, 2), true);
  assert.equal(last.alarms.length, 1);
});

test("a pump whose answer was lost may run; one that was never told does not", () => {
  const answer = (kind) => ({ fault: { at_ns: 0, origin: "red", kind } });
  const asked = { dispense: { pump: "red", rate_ul_per_min: 60, at_most_ul: 100 } };
  assert.equal(runs(told([sent(0, asked, answer({ no_reply: { waited_s: 1 } }))]).last.pumps.red, 1), true);
  assert.equal(runs(told([sent(0, asked, answer({ out_of_range: { quantity: "rate" } }))]).last.pumps.red, 1), false);
});

test("a pump that fills its syringe delivers nothing, and what it says it has drawn is there afterwards", () => {
  const reading = (s, ul) => sent(s, { read: { sensor: "red.dispensed" } }, { reading: ul });
  const draw = (s) => sent(s, { withdraw: { pump: "red", rate_ul_per_min: 600, volume_ul: 1000 } });
  const begun = [dispense(0, 60), sent(60, { stop: { pump: "red" } }), draw(100)];
  const { red } = told(begun).last.pumps;
  near(left(red, 150), 9.94 + 0.5);
  assert.deepEqual([runs(red, 150), draws(red, 150), draws(red, 201)], [false, true, false]);
  // By itself it stands still after 100 s; it says that it was 998 µL.
  const full = told([...begun, reading(201, 998), reading(202, 998)]).last.pumps.red;
  near(left(full, 300), 9.94 + 0.998);
  near(left(told([...begun, reading(201, 998), dispense(300, 60)]).last.pumps.red, 360), 9.94 + 0.998 - 0.06);
});

test("valves are where they were turned to", () => {
  const turn = (s, position, answer) => sent(s, { turn: { valve: "way", position } }, answer);
  const lost = { fault: { at_ns: 0, origin: "way", kind: { no_reply: { waited_s: 1 } } } };
  assert.deepEqual(told([turn(0, "line"), turn(1, "bottle")]).last.valves, { way: "bottle" });
  assert.deepEqual(told([turn(0, "line"), turn(1, "bottle", lost)]).last.valves, { way: "line" });
  assert.equal(words.command({ turn: { valve: "way", position: "bottle" } }), "way: turn to bottle");
});

test("a mixture has the colour of its stocks by their flows, and the carrier none", () => {
  const pump = (name, stock) => ({ name, stock, fill_ml: 10 });
  const of = { pumps: [pump("a", "red"), pump("b", "blue"), pump("c", "red"), pump("oil", "oil")], path: { train: { carrier: "oil" } } };
  const at = (rate) => ({ rate, since: 0, most: 1e9, left: 10, draws: false });
  const state = { pumps: { a: at(30), b: at(10), c: at(0), oil: at(500) } };
  const [red, blue] = ["a", "b"].map((name) => rig.stockColour(of, name));
  assert.notEqual(red, blue);
  assert.equal(rig.stockColour(of, "c"), red);
  const part = (colour, place) => parseInt(colour.slice(place, place + 2), 16);
  const wanted = [1, 3, 5].map((place) => Math.round((3 * part(red, place) + part(blue, place)) / 4));
  const found = rig.mixture(of, state, ["a", "b", "oil"], 1);
  assert.deepEqual([1, 3, 5].map((place) => part(found, place)), wanted);
  assert.equal(rig.mixture(of, state, ["c", "oil"], 1), null);
});

test("what the drawing leaves out is told: valves, pressures, and switches that stop a rig", () => {
  const sensors = [["p.pressure", { probe: "pressure" }], ["door", "permit"], ["tray", "leak"], ["acid", { probe: { concentration: "acid" } }], ["x.status", { status: "x" }]];
  const of = { valves: [{ name: "way", positions: [] }, { name: "other", positions: [] }], sensors: sensors.map(([name, kind]) => ({ name, kind })) };
  const state = { valves: { way: "bottle" }, sensors: { "p.pressure": { value: 12.5 }, door: { value: 1 }, tray: { value: 0 } } };
  assert.deepEqual(rig.readings(of, state), [["way", "bottle", false], ["other", "not turned yet", false], ["p.pressure", "12.50\u202fkPa", false],
    ["door", "permitted", false], ["tray", "a leak", true], ["acid", "not read yet", false]]);
});

test("experiments that people have changed or added are known by their numbers", () => {
  const decided = (n, decision) => ({ decided: { experiment: n, decision } });
  const run = told([decided(1, "accept"), decided(2, "skip"), decided(2, { change: { a: 1 } }), decided(3, { add: { a: 2 } })]);
  assert.deepEqual([...run.decided], [[2, "change"], [3, "add"]]);
  assert.equal(run.added, 1);
});

test("what a pump says it has delivered is counted once", () => {
  const reading = (s, ul) => sent(s, { read: { sensor: "red.dispensed" } }, { reading: ul });
  // 60 µL/min for 60 s; the pump itself says 58 µL.
  near(left(told([dispense(0, 60), sent(60, { stop: { pump: "red" } }), reading(61, 58)]).last.pumps.red, 62), 9.942);
  near(left(told([dispense(0, 60), sent(60, "make_safe"), reading(61, 58), reading(62, 58)]).last.pumps.red, 62), 9.942);
  near(left(told([dispense(0, 60), sent(60, { fill: { pump: "red", holds_ul: 8000 } }), reading(61, 58)]).last.pumps.red, 62), 8);
});

test("a resumed run has what was lost, what was filled, and nothing under way", () => {
  const { last } = told([proposal(1), sent(0, { heat: { heater: "plate", set_point_c: 150 } }), dispense(0, 60), { resumed: { at_ns: ns(60), lost_ul: [["red", 500]], filled: ["oil"] } }]);
  near(left(last.pumps.red, 100), 9.5);
  near(left(last.pumps.oil, 100), 20);
  assert.equal(runs(last.pumps.red, 61), false);
  assert.deepEqual([last.flow, last.light, last.proposal], [null, null, null]);
  assert.equal(last.heaters.plate.set, 25, "it was made safe meanwhile");
});

test("an alarm tells when it was and of which experiment, also behind spoiled and failed ones", () => {
  const { last } = told([fault(1, "stalled"), proposal(1), experiment(1, 10), proposal(2), fault(12, "stalled"),
    { spoiled: { experiment: 2, ended_ns: ns(13), fault: { at_ns: ns(12), origin: "plate", kind: "stalled" } } }, proposal(2), fault(20, "stalled"), experiment(2, 30)]);
  assert.deepEqual(last.alarms.map((a) => [a.t, a.experiment]), [[1, null], [12, 2], [12, 2], [20, 2]]);
});

test("that something is not there yet is no fault", () => {
  const answer = { fault: { at_ns: ns(1), origin: "vis", kind: "not_ready" } };
  assert.equal(told([sent(1, { fetch: { spectrometer: "vis" } }, answer)]).last.alarms.length, 0);
  assert.equal(words.answer(answer), "not ready");
});

test("with other objectives a target is as good as met within its tolerance; alone the nearest is best", () => {
  const peak = { feature: "peak_nm", goal: { target: 520, within: 2 } }, most = { feature: "yield_percent" };
  const measured = (n, nm, percent) => experiment(n, n, { features: [["peak_nm", nm], ["yield_percent", percent]] });
  const records = [measured(1, 521.5, 90), measured(2, 520, 50), measured(3, 530, 95)];
  assert.deepEqual(told(records, { objectives: [peak, most] }).front(3).map((e) => e.experiment), [1, 3]);
  assert.equal(told(records, { objective: peak }).best(3).experiment.experiment, 2);
});

test("one experiment back is one, from its end and from the middle of the next", () => {
  const run = told([experiment(1, 10), experiment(2, 20), experiment(3, 30), { end: { at_ns: ns(31), experiments: 3 } }]);
  assert.deepEqual([31, 30, 25, 20, 10, 5].map((t) => run.back(t)), [30, 20, 20, 10, 0, 0]);
  assert.deepEqual([0, 10, 25, 30].map((t) => run.forth(t)), [10, 20, 30, 31]);
  assert.equal(run.done(20), 2);
});

test("the state at any time is what the records up to it say", () => {
  const records = Array.from({ length: 700 }, (_, i) => (i % 2 ? sent(i, { stop: { pump: "red" } }) : dispense(i, 60)));
  const run = told(records);
  for (const t of [699, 3, 350.5, 351, 512, 100]) near(left(run.at(t).pumps.red, t), left(told(records.slice(0, Math.floor(t) + 1)).last.pumps.red, t));
});

test("times have no minute of sixty seconds", () => {
  assert.deepEqual([59.7, 119.6, 3599.8, 9.96].map((s) => words.duration(s).replaceAll("\u202f", " ")), ["1 min 0 s", "2 min 0 s", "1 h 0 min", "10 s"]);
});

test("whatever a journal says stays text", () => {
  assert.equal(words.escape('<img src="x" onerror=&>'), "&lt;img src=&quot;x&quot; onerror=&amp;&gt;");
});

const { all, changes, form } = await web("review.js");
const inputs = [{ name: "plate_c", value: 140, low: 120, high: 150, choices: null }, { name: "base", value: "DBU", low: 0, high: 1, choices: ["DBU", "<b>"] }];
const waiting = { experiment: 3, phase: "p", policy: "ei", place: 1, planned: 2, may_skip: 2, inputs, lab_time_s: 60, reagent_ml: 1,
  expected: [{ outcome: "yield_percent", unit: "%", prediction: { mean: 50, low: 40, high: 60 }, latest: 45 }] };

test("a proposal is shown to everybody and asks only whoever may decide", () => {
  const [shown, asks] = [form(waiting, false), form(waiting, true)];
  for (const html of [shown, asks]) {
    assert.ok(html.includes("expected 50.0 (40.0 to 60.0") && /45\.00\s% in experiment 2/.test(html), html);
    assert.ok(!html.includes("<b>"), "a name is no markup");
  }
  assert.ok(asks.includes('id="accept"') && asks.includes('min="120" max="150" value="140"'));
  assert.ok(!shown.includes("<button") && !shown.includes("<input"));
});

test("what is changed is what is not as it was proposed", () => {
  assert.deepEqual(changes(inputs, { plate_c: "140", base: "DBU" }), {});
  assert.deepEqual(changes(inputs, { plate_c: "141", base: "DBU" }), { plate_c: "141" });
  assert.deepEqual(all(inputs, { plate_c: "140", base: "DBU" }), { plate_c: "140", base: "DBU" });
});

test("a decision is told in words", () => {
  assert.equal(words.decision("accept"), "accepted");
  assert.match(words.decision({ change: { plate_c: 141 } }), /^changed to plate 141.°C$/);
});

test("experiments that a person has added are planned too", () => {
  const decided = (decision) => ({ decided: { at_ns: 0, experiment: 1, proposed: {}, decision } });
  const run = told([decided("accept"), decided({ add: { plate_c: 141 } }), decided("skip")]);
  assert.equal(run.added, 1);
});

test("what is asked for is told by how it is measured, and how often the best was", () => {
  const feature = { name: "yield_percent", channel: "emission", measure: { peak_height: { low_nm: 410, high_nm: 520, smooth_nm: 5 } } };
  const value = (y, fault) => ({ features: [["yield_percent", y]], conditions: { a: 1 }, fault });
  const records = [experiment(1, 1, value(5)), experiment(2, 2, { ...value(9), conditions: { a: 2 } }), experiment(3, 3, value(6)), experiment(4, 4, value(7, { kind: "leak" }))];
  const run = told(records, { objective: { feature: "yield_percent", goal: "maximize" }, analysis: { features: [feature] } });
  assert.equal(words.measured(run.feature("yield_percent")), "height of the peak of emission between 410 and 520 nm");
  assert.equal(words.measured(run.feature("peak_nm")), "");
  assert.equal(words.measured({ channel: "emission", measure: {} }), "");
  assert.deepEqual(run.repeats(4, run.best(4).experiment), [9]);
  assert.deepEqual(run.repeats(4, run.experiments[0]), [5, 6]);
  assert.deepEqual(run.repeats(2, run.experiments[0]), [5]);
});

test("readings have the unit of their sensor, and policies a name", () => {
  const run = told([]);
  const said = (sensor, value) => words.answer({ reading: value }, words.unit(run.sensor(sensor)));
  assert.match(said("red.dispensed", 12.5), /^12\.5\sµL$/);
  assert.match(said("plate.temperature", 80), /^80\s°C$/);
  assert.equal(said("nobody", 1), "1");
  assert.equal(words.unit({ kind: { probe: { flow: "red" } } }), "µL/min");
  assert.equal(words.unit({ kind: "leak" }), "");
  assert.deepEqual([words.policy("lhs"), words.policy({ name: "ei" }), words.policy("my_own"), words.policy(null)], ["Latin hypercube", "expected improvement", "my own", ""]);
});
