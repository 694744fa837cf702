// A proposal that waits for somebody's decision: what is proposed, and a form for whoever has the token.

import { duration, escape, label, quantity, said, significant, withUnit } from "./words.js";

const number = (x) => significant(x, 3);

/** The field of an input: a number in its range, or one of its choices. */
function field(input, i) {
  const id = `set-${i}`;
  if (input.choices) {
    const option = (choice) => `<option value="${escape(said(choice))}"${choice === input.value ? " selected" : ""}>${escape(said(choice))}</option>`;
    return `<select id="${id}" data-name="${escape(input.name)}">${input.choices.map(option).join("")}</select>`;
  }
  return `<input id="${id}" type="number" step="any" min="${input.low}" max="${input.high}" value="${escape(said(input.value))}" data-name="${escape(input.name)}">`;
}

/** What is expected of an outcome, and what the experiment before has had. */
function outcome({ outcome: name, unit, prediction, latest }, experiment) {
  const expected = prediction && `expected ${number(prediction.mean)} (${number(prediction.low)} to ${withUnit(number(prediction.high), unit)})`;
  const before = latest !== null && `${withUnit(significant(latest), unit)} in experiment ${experiment - 1}`;
  const known = [expected, before].filter(Boolean);
  return known.length ? `<p>${escape(quantity(name).name)}: ${escape(known.join("; "))}.</p>` : "";
}

/** The proposal as a page shows it; with fields where whoever looks may decide. */
export function form(proposal, may) {
  const { experiment, phase, place, planned, policy, inputs, expected, lab_time_s: time, reagent_ml: ml, may_skip: left } = proposal;
  const range = (input) => (input.choices ? "" : `${said(input.low)} to ${said(input.high)}`);
  const row = (input, i) => `<tr><td>${may ? `<label for="set-${i}">${escape(label(input.name))}</label>` : escape(label(input.name))}</td>`
    + `<td>${may ? field(input, i) : escape(said(input.value))}</td><td class="soft">${escape(range(input))}</td></tr>`;
  const buttons = `<p class="choices"><button type="button" id="accept">Accept</button> <button type="button" id="change" disabled>Run with these values</button>
    <button type="button" id="skip"${left ? "" : " disabled"}>Skip</button> <button type="button" id="add">Run these values first</button></p>`;
  const because = proposal.because ? `<p><strong>${escape(proposal.because)}</strong></p>` : "";
  return because + `<p>Experiment ${experiment}: number ${place} of ${planned} of phase ${escape(phase)}, by ${escape(policy)}. It takes about ${escape(duration(time))} and ${escape(withUnit(number(ml), "mL"))}.</p>`
    + expected.map((e) => outcome(e, experiment)).join("")
    + `<table><thead><tr><th scope="col">input</th><th scope="col">proposed</th><th scope="col">may be</th></tr></thead><tbody>${inputs.map(row).join("")}</tbody></table>`
    + (may ? buttons : "<p>To decide, open the address that the run has printed, with its token.</p>");
}

/** The values in the fields that are not as they were proposed. */
export function changes(inputs, values) {
  const differs = (input) => values[input.name] !== said(input.value);
  return Object.fromEntries(inputs.filter(differs).map((input) => [input.name, values[input.name]]));
}

/** What is sent where somebody wants these values first: all of them, so that it is clear what is meant. */
export const all = (inputs, values) => Object.fromEntries(inputs.map((input) => [input.name, values[input.name]]));

/** Shows proposals in a section of the page, and sends what is decided. */
export class Review {
  constructor(section, send) { Object.assign(this, { section, send, number: null, may: null, of: null }); }

  /** Shows what waits for a decision; nothing where nothing does. What somebody is writing stays. */
  show(waiting, may) {
    this.section.hidden = !waiting;
    if (!waiting) { this.number = null; return; }
    if (this.number !== waiting.number || this.may !== may) {
      Object.assign(this, { number: waiting.number, may, of: waiting.of });
      this.part("proposal").innerHTML = form(waiting.of, may);
      this.why("");
      if (may) this.listen();
    }
    if (waiting.why) this.why(waiting.why);
  }

  part(name) { return this.section.querySelector(`#${name}`); }

  why(text) { this.part("refused").textContent = text; this.part("refused").hidden = !text; }

  values() {
    const fields = [...this.section.querySelectorAll("[data-name]")];
    return Object.fromEntries(fields.map((one) => [one.dataset.name, one.value]));
  }

  listen() {
    const { inputs } = this.of;
    const changed = () => Object.keys(changes(inputs, this.values())).length > 0;
    const fit = () => { this.part("change").disabled = !changed(); this.part("accept").disabled = changed(); };
    this.section.querySelectorAll("[data-name]").forEach((one) => one.addEventListener("input", fit));
    const on = (name, decision) => this.part(name).addEventListener("click", () => this.decide(decision()));
    on("accept", () => "accept");
    on("skip", () => "skip");
    on("change", () => ({ change: changes(inputs, this.values()) }));
    on("add", () => ({ add: all(inputs, this.values()) }));
  }

  async decide(decision) { this.why(await this.send({ proposal: this.number, decision })); }
}
