// Opens every page at two widths, light and dark, uses its controls, and compares figures with the run.

import { readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { keys, takeAway, zoom } from "./controls.mjs";
import { layout, points } from "./looks.mjs";

const { CHROMIUM, FLOWTWIN, SCENARIOS, WORK } = process.env;
const LEAST_PX = 9;
/** Of all pages those whose names match: `ONLY=paper`. */
const ONLY = new RegExp(process.env.ONLY ?? "");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const problems = [];
let checks = 0;

function problem(where, words) {
  problems.push(`${where}: ${words}`);
  console.log(`WRONG ${problems.at(-1)}`);
}
function same(where, found, wanted) {
  checks += 1;
  if (JSON.stringify(found) !== JSON.stringify(wanted)) problem(where, `${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

function csv(text) {
  const [head, ...rows] = text.trim().split("\n").map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/** What a reader sees who has neither Arial nor a font as narrow: the default of many a Linux is DejaVu Sans. */
async function inWideFont(page, look) {
  await page.evaluate(async () => {
    const style = new CSSStyleSheet();
    style.replaceSync("*, svg, svg text { font-family: 'DejaVu Sans', Verdana, sans-serif !important; }");
    document.adoptedStyleSheets.push(style);
    await document.fonts.ready;
  });
  const seen = await look();
  await page.evaluate(() => { document.adoptedStyleSheets.pop(); });
  return seen;
}

/** Opens a page, has it looked at, and closes it. */
async function open(name, url, width, scheme, look, settled) {
  const where = `${name} ${width} ${scheme}`;
  if (!ONLY.test(where)) return;
  const context = await browser.newContext({ viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: scheme, acceptDownloads: true, hasTouch: width < 600 });
  const page = await context.newPage();
  // A browser reports it where a value that somebody sends is refused.
  const expected = (words) => name === "live-review" && words.includes("status of 422");
  page.on("console", (message) => { if (["error", "warning"].includes(message.type()) && !expected(message.text())) problem(where, `console: ${message.text()}`); });
  page.on("pageerror", (error) => problem(where, error.message));
  page.on("request", (request) => { if (!/^(file:|data:|blob:|http:\/\/127\.0\.0\.1:)/.test(request.url())) problem(where, `asks ${request.url()}`); });
  const began = performance.now();
  await page.goto(url);
  await settled?.(page);
  const opened = performance.now() - began;
  for (const wrong of new Set(await page.evaluate(layout, LEAST_PX))) problem(where, wrong);
  for (const wrong of new Set(await inWideFont(page, () => page.evaluate(layout, LEAST_PX)))) problem(`${where}, in a wide font`, wrong);
  await look(page, where);
  // Playwright evaluates without regard to the page's policy.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const { id, help, nodes } of violations) problem(where, `axe ${id}: ${help}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${WORK}/pictures/${name}-${width}-${scheme}.png`, fullPage: true });
  checks += 5;
  console.log(`${where}: opened in ${opened.toFixed(0)} ms`);
  await context.close();
}

/** The page of another command: what a reader asks first comes first, each question has an answer, and figures can be used. */
const others = (wanted) => async (page, where) => {
  const told = await page.evaluate(() => [...document.querySelectorAll(".answers div")].map((row) => [row.children[0].textContent, row.children[1].textContent]));
  same(`${where}: questions`, wanted.filter((question) => !told.some(([asked]) => asked === question)), []);
  same(`${where}: answers`, told.filter(([, answer]) => !answer.trim() || answer.includes("`")), []);
  if (wanted.length) {
    const first = await page.evaluate(() => document.querySelector(".answers").getBoundingClientRect().top);
    if (first > 800) problem(where, `questions begin at ${first} px, not on the first screen`);
  }
  const unlabelled = await page.evaluate(() => [...document.querySelectorAll("svg[data-plot]")].filter((svg) => !svg.getAttribute("aria-label")).length);
  same(`${where}: figures without words`, unlabelled, 0);
  const figure = page.locator("figure", { has: page.locator("svg[data-plot]") }).first();
  await takeAway(page, figure, where, same);
  await zoom(figure, where, same);
  await keys(page, figure, where, same);
  const isolate = figure.locator(".legend button").first();
  if (await isolate.count()) {
    await isolate.click();
    same(`${where}: a series alone`, (await page.locator("figure .faded").count()) > 0, true);
    await isolate.click();
    same(`${where}: all series are back`, await page.locator("figure .faded").count(), 0);
  }
};

/** A report: its figures say what the run measured, and every control does what it says. */
const report = (run, objective) => async (page, where) => {
  const rows = csv(readFileSync(`${WORK}/runs/${run}/observations.csv`, "utf8"));
  const ok = rows.filter((row) => row.status === "ok");
  const value = new Map(ok.map((row) => [Number(row.experiment), Number(row[objective])]));
  const figures = await page.evaluate(points);
  const progress = figures.find((f) => f.x === "experiment" && f.points.length >= ok.length && f.points.every((p) => p.e === p.x));
  same(`${where}: the experiments of the first figure`, progress?.points.filter((p) => value.has(p.e)).map((p) => [p.e, p.y]).sort((a, b) => a[0] - b[0]), [...value]);
  for (const figure of figures.filter((f) => !f.y.startsWith("volume"))) {
    for (const p of figure.points) {
      const off = [p.x - p.seen[0], p.y - p.seen[1]].map(Math.abs);
      const [wide, high] = [Math.abs(p.x) + 1, Math.abs(p.y) + 1];
      if (off[0] > 0.01 * wide || off[1] > 0.01 * high) problem(where, `experiment ${p.e} is drawn at ${p.seen}, not at ${p.x}, ${p.y}`);
    }
  }
  checks += figures.length;

  same(`${where}: rows`, await page.locator("#all tbody tr").count(), rows.length);
  await page.fill("#filter", "experiment <= 3");
  same(`${where}: rows left by a filter`, await page.locator("#all tbody tr:visible").count(), Math.min(3, rows.length));
  const phase = rows.at(-1).phase.toUpperCase();
  await page.fill("#filter", phase);
  same(`${where}: rows of a phase in capitals`, await page.locator("#all tbody tr:visible").count() >= rows.filter((row) => row.phase.toUpperCase() === phase).length, true);
  const title = (await page.locator("#all th").nth(2).textContent()).replace(/ \[.*/, "");
  await page.fill("#filter", `${title.toUpperCase()} > ${Math.max(...value.values())}`);
  same(`${where}: rows above the highest`, await page.locator("#all tbody tr:visible").count(), 0);
  // What the empty field suggests finds some and not all.
  const suggested = (await page.getAttribute("#filter", "placeholder")).split(", ").at(-1);
  await page.fill("#filter", suggested);
  const found = await page.locator("#all tbody tr:visible").count();
  if (found === 0 || found === rows.length) problem(where, `"${suggested}" finds ${found} of ${rows.length} experiments`);
  await page.fill("#filter", "");
  await page.locator("#all th button").nth(2).click();
  await page.locator("#all th button").nth(2).click();
  const highest = Math.max(...[...value.values()]);
  const first = Number(await page.locator("#all tbody tr td:nth-child(3)").first().getAttribute("data-v"));
  same(`${where}: the highest comes first`, first, highest);
  await page.locator("#all tbody tr button").first().click();
  same(`${where}: details are open`, await page.locator("#details").isVisible(), true);
  const marked = await page.evaluate(() => document.querySelectorAll(".marks .chosen").length);
  if (marked < 2) problem(where, `a chosen experiment shows in ${marked} figures`);

  // The rig: what its pumps were told is drawn, the guard's limits are told, the scenario is there to be opened.
  const told = readFileSync(`${WORK}/runs/${run}/journal.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line).record);
  const rates = new Set(told.map((record) => record.command?.send?.dispense?.rate_ul_per_min).filter(Boolean));
  const flows = page.locator("#rig figure", { hasText: "Flows" });
  const drawnRates = await flows.locator("svg[data-plot]").first().evaluate((svg) => [...svg.querySelectorAll("[data-xy]")].flatMap((el) => el.dataset.xy.split(" ").map((xy) => Number(xy.split(",")[1]))));
  const missing = rates.size > 200 ? [] : [...rates].filter((rate) => !drawnRates.includes(rate));
  same(`${where}: rates that are not drawn`, missing, []);
  same(`${where}: rates that nobody set`, drawnRates.filter((rate) => rate !== 0 && !rates.has(rate)), []);
  if (!(await page.locator("#rig").textContent()).includes("The guard did not have to step in.")) problem(where, "says nothing of the guard");
  const heated = told[0].header.manifest.heaters.length > 0;
  same(`${where}: temperatures`, await page.locator("#rig figure", { hasText: "Temperatures" }).count(), heated ? 1 : 0);
  await page.locator("#provenance summary").click();
  same(`${where}: the scenario as it was run`, JSON.parse(await page.locator("#provenance pre").textContent()), told[0].header.definition);
  await page.locator("#provenance summary").click();
  if (run === "dye-mixing") {
    const shadow = JSON.parse(readFileSync(`${WORK}/runs/${run}/shadow.json`, "utf8"));
    const dots = await page.locator("#shadow svg[data-plot]").first().locator(".marks [data-e]").count();
    same(`${where}: what the shadow looked at`, dots, shadow.experiments * shadow.features.length);
  }

  const figure = page.locator("figure", { has: page.locator("svg[data-plot]") }).first();
  const svg = figure.locator("svg[data-plot]:visible").first();
  const place = () => svg.evaluate((el) => el.querySelector(".marks circle").outerHTML);
  const home = await place();
  await figure.getByRole("button", { name: /^zoom in/ }).click();
  if ((await place()) === home) problem(where, "zooming moves nothing");
  await figure.getByRole("button", { name: /^show all/ }).click();
  same(`${where}: back home`, (await place()).replace(/ data-home="[^"]*"/, ""), home.replace(/ data-home="[^"]*"/, ""));
  await svg.focus();
  await page.keyboard.press("ArrowRight");
  same(`${where}: keys show values`, await page.locator("#tip").isVisible(), true);
  await page.keyboard.press("Escape");
  const saved = await takeAway(page, figure, where, same);
  for (const [e, v] of value) if (!saved.includes(`,${e},${e},${v},`)) { problem(where, `the CSV of the first figure lacks experiment ${e}`); break; }
  const isolate = figure.locator(".legend button").first();
  if (await isolate.count()) {
    await isolate.click();
    if (!(await page.locator("figure .faded").count())) problem(where, "a series alone fades no other");
    await isolate.click();
    same(`${where}: all series are back`, await page.locator("figure .faded").count(), 0);
  }
  await page.click("#theme"); await page.click("#theme");
  checks += 4;
};

/** The live page: the same numbers as the summary, and a rig at any time. */
const live = (run) => async (page, where) => {
  const summary = JSON.parse(readFileSync(`${WORK}/runs/${run}/summary.json`, "utf8"));
  const said = async (what) => (await page.locator("#answers div", { hasText: what }).locator("dd").first().textContent()).trim();
  if (!(await said("Experiments")).startsWith(String(summary.experiments))) problem(where, `says ${await said("Experiments")} of ${summary.experiments} experiments`);
  if (summary.best) {
    const best = Number((await said("Best so far")).replace("−", "-").match(/-?[\d.]+/)[0]);
    if (Math.abs(best - summary.best.value) > 0.001 * Math.abs(summary.best.value)) problem(where, `says the best is ${best}, not ${summary.best.value}`);
  }
  same(`${where}: spectra over`, (await page.locator("#spectrum .u-label").first().textContent()).trim(), "wavelength [nm]");
  // A simulated run: what its simulator expects is drawn over what was measured, and is near it.
  await page.waitForFunction(() => document.getElementById("spectrum-words").textContent.includes("Dashed: what the scenario's simulator expects"), null, { timeout: 60000 });
  const labels = await page.locator("#spectrum .u-series .u-label").allTextContents();
  const curves = labels.slice(1).filter((label) => !label.endsWith(", expected"));
  same(`${where}: every spectrum with what is expected`, labels.slice(1), curves.flatMap((label) => [label, `${label}, expected`]));
  const drawn = () => page.locator("#spectrum canvas").evaluate((el) => el.toDataURL());
  const first = await drawn();
  await page.click("#theme");
  await page.waitForFunction((old) => document.querySelector("#spectrum canvas").toDataURL() !== old, first);
  await page.click("#theme");
  await page.locator("#scrub").evaluate((el) => { el.value = String(Number(el.max) / 2); el.dispatchEvent(new Event("input")); });
  await page.waitForFunction(() => /Experiment|Between/.test(document.getElementById("doing").textContent));
  const half = await said("Experiments");
  if (half.startsWith(`${summary.experiments} `)) problem(where, "going back changes nothing");
  await page.click("#back"); await page.click("#forth"); await page.click("#forth");
  await page.selectOption("#speed", "1000");
  const before = await page.locator("#when").textContent();
  await page.click("#play");
  await page.waitForFunction((text) => document.getElementById("when").textContent !== text, before);
  await page.click("#play");
  await page.click("#follow");
  await page.waitForFunction((n) => document.getElementById("answers").textContent.includes(`Experiments${n}`), summary.experiments);
  if (run === "cs3cu2i5") await believed(page, where, summary);
  for (const wrong of new Set(await page.evaluate(layout, LEAST_PX))) problem(where, wrong);
  checks += 6;
};

/** The map of what a model believes: open, changed, and with all experiments on it. */
async function believed(page, where, summary) {
  await page.click("#belief summary");
  const words = () => page.locator("#belief figcaption").textContent();
  await page.waitForFunction(() => document.querySelector("#belief svg"), null, { timeout: 60000 });
  const rows = csv(readFileSync(`${WORK}/runs/cs3cu2i5/observations.csv`, "utf8")).filter((row) => row.status === "ok");
  same(`${where}: experiments on the map`, await page.locator("#belief circle").count(), rows.length);
  same(`${where}: the best on the map`, await page.locator("#belief .best title").textContent(), `experiment ${summary.best.experiment}, the best`);
  if (!/^Mean of pli \[counts\] .* after \d+ experiments/.test(await words())) problem(where, `the map says: ${await words()}`);
  const [y, other] = await page.locator("#belief [data-of=y] option").evaluateAll((all) => [all[1].value, all[2].value]);
  const map = () => page.locator("#belief svg").evaluate((el) => el.outerHTML);
  const before = await map();
  await page.selectOption("#belief [data-of=y]", other);
  await page.waitForFunction((old) => document.querySelector("#belief svg").outerHTML !== old, before, { timeout: 60000 });
  await page.selectOption("#belief [data-of=y]", await page.locator("#belief [data-of=x]").inputValue());
  same(`${where}: one input twice`, await words(), "Choose two different inputs.");
  await page.selectOption("#belief [data-of=y]", y);
  await page.selectOption("#belief [data-of=what]", "sd");
  await page.waitForFunction(() => document.querySelector("#belief figcaption").textContent.startsWith("Standard deviation"), null, { timeout: 60000 });
  checks += 1;
}

/** A report of several objectives: a value shows all of them. */
const several = (objectives) => async (page, where) => {
  await page.locator("svg[data-plot]:visible .marks [data-e]").first().hover({ force: true });
  const told = await page.locator("#tip").textContent();
  for (const name of objectives) if (!told.includes(name)) problem(where, `a value does not tell ${name}: ${told}`);
  checks += 1;
};

/** A run whose proposals are decided on the page: what is sent is what the journal then says. */
async function reviewed(width, scheme) {
  const out = `${WORK}/reviewed/${width}-${scheme}`;
  const run = spawn(FLOWTWIN, ["run", `${SCENARIOS}/dye-mixing.toml`, "--quiet", "--review", "--serve=127.0.0.1:0", "--out", out], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => { run.once("exit", resolve); });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    run.stderr.on("data", (data) => { said += data; const found = /live page: (\S+)/.exec(said); if (found) resolve(found[1]); });
    run.once("exit", (code) => reject(new Error(`a reviewed run ended with ${code}: ${said}`)));
  });
  const asks = (page, experiment) => page.waitForFunction((n) => document.getElementById("proposal").textContent.includes(`Experiment ${n}:`), experiment, { timeout: 60000 });
  const look = async (page, where) => {
    const blue = page.locator("#review [data-name=blue_ul_per_min]");
    const proposed = await blue.inputValue();
    same(`${where}: what is proposed can be accepted, not changed`, [await page.isEnabled("#accept"), await page.isEnabled("#change")], [true, false]);
    await blue.fill("401");
    await page.click("#change");
    await page.waitForFunction(() => document.getElementById("refused").textContent.includes("outside 50 to 400"));
    await blue.fill(proposed);
    same(`${where}: put back`, [await page.isEnabled("#accept"), await page.isEnabled("#change")], [true, false]);
    await blue.fill("150");
    await page.click("#change");
    await asks(page, 2);
    const second = await blue.inputValue();
    await page.click("#skip");
    await page.waitForFunction((old) => document.querySelector("#review [data-name=blue_ul_per_min]").value !== old, second);
    // The experiment whose conditions were changed is marked in the plot.
    await page.waitForFunction(() => document.getElementById("found-words").textContent.includes("A ring: a person has changed or added the experiment."));
    same(`${where}: the legend tells the mark`, await page.locator("#found .u-label", { hasText: "decided by a person" }).count(), 1);
    const reader = await page.context().newPage();
    await reader.goto(url.replace(/#.*/, ""));
    await reader.evaluate(() => sessionStorage.clear());
    await reader.reload();
    await reader.waitForSelector("#review:not([hidden])");
    same(`${where}: without the token`, await reader.locator("#review button, #review input, #review select").count(), 0);
    await reader.close();
    checks += 2;
  };
  await open("live-review", url, width, scheme, look, (page) => page.waitForSelector("#review:not([hidden]) #accept"));
  run.kill("SIGINT");
  same(`review ${width}: exit code`, await ended, 130);
  const told = readFileSync(`${out}/journal.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line).record.decided?.decision).filter(Boolean);
  same(`review ${width}: decisions`, told.map((d) => d.change?.blue_ul_per_min ?? d), [150, "skip"]);
}

/** A rig with valves: they are where they were turned to, in the drawing and below it, and a pump that fills itself says so. */
async function turned(page, where) {
  const told = readFileSync(`${WORK}/runs/refilling/journal.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line).record.command).filter(Boolean);
  const at = (command) => command.at_ns / 1e9;
  const go = (t) => page.locator("#scrub").evaluate((el, value) => { el.value = String(value); el.dispatchEvent(new Event("input")); }, t);
  const draws = told.find((command) => command.send.withdraw);
  const pump = draws.send.withdraw.pump;
  await go(at(draws) + 5);
  await page.waitForFunction((name) => document.querySelector("#rig svg").textContent.includes("draws") && document.getElementById("rest").textContent.includes(name), `${pump}-valve`);
  const turns = told.filter((command) => command.send.turn && at(command) <= at(draws));
  const wanted = Object.fromEntries(turns.map((command) => [command.send.turn.valve, command.send.turn.position]));
  const shown = await page.locator("#rest li").evaluateAll((all) => Object.fromEntries(all.map((li) => [li.querySelector("span").textContent, li.querySelector("b").textContent])));
  for (const [valve, position] of Object.entries(wanted)) same(`${where}: ${valve}`, shown[valve], position);
  same(`${where}: the way of ${pump} is shut while it fills itself`, await page.locator(`#rig [data-valve="${pump}-valve"]`).getAttribute("data-open"), "false");
}

/** What the page does where something goes wrong or changes under it; here errors on the console are to be expected. */
async function troubled(address) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const where = "live, in trouble";
  let failures = 2;
  await page.route("**/line?at=*", (route) => (failures-- > 0 ? route.abort() : route.continue()));
  // As if this server did a run: its button is there with the token alone, also after the page is loaded again.
  await page.route("**/api/runs", async (route) => {
    const reply = await route.fetch();
    await route.fulfill({ json: { ...(await reply.json()), controlled: true } });
  });
  let given = null;
  await page.route("**/api/stop", async (route) => { given = route.request().headers().authorization; await route.fulfill({ status: 204 }); });
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(`${address}#run=cs3cu2i5&token=0123`);
  await page.waitForSelector("#spectrum canvas");
  same(`${where}: the token is out of sight`, (await page.evaluate(() => location.href)).includes("0123"), false);
  await page.reload();
  await page.waitForSelector("#spectrum canvas");
  // The run has ended: one that goes on has the button.
  await page.evaluate(() => { document.getElementById("stop").hidden = false; });
  await page.click("#stop");
  await page.waitForFunction(() => document.getElementById("link").textContent.includes("stop"));
  same(`${where}: the token after the page was loaded again`, given, "Bearer 0123");
  // The next run says nothing yet: nothing of the one before may be left.
  await page.route("**/events", () => {});
  await page.selectOption("#runs", "dye-mixing");
  const rest = () => ["answers", "rig", "rest", "queue", "log", "alarms", "doing", "when"].filter((id) => document.getElementById(id).textContent.trim()).concat([...document.querySelectorAll("canvas")].map(() => "a chart"));
  same(`${where}: left of the run before`, await page.evaluate(rest), []);
  await context.close();
}

/** The pictures of the documents, as large as a window. */
async function pictures(address) {
  const half = (page) => page.locator("#scrub").evaluate((el) => { el.value = String(Number(el.max) * 0.437); el.dispatchEvent(new Event("input")); });
  const rig = (page) => page.locator("#rig").evaluate((el) => el.scrollIntoView());
  const live = `${address}#run=cs3cu2i5`, report = `file://${WORK}/runs/cs3cu2i5/report.html`;
  for (const [name, url, width, height, scheme, prepare] of [
    ["live", live, 1200, 900, "light", half], ["live-phone", live, 390, 844, "dark", half], ["report-rig", report, 1000, 800, "light", rig],
  ]) {
    const page = await (await browser.newContext({ viewport: { width, height }, colorScheme: scheme })).newPage();
    await page.goto(url);
    if (url === live) await page.waitForSelector("#spectrum canvas");
    await prepare(page);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${WORK}/pictures/docs-${name}.png` });
    await page.context().close();
  }
}

const server = spawn(FLOWTWIN, ["serve", `${WORK}/runs`, "--address", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
const address = await new Promise((resolve, reject) => {
  server.stdout.once("data", (data) => resolve(String(data).trim()));
  server.once("exit", (code) => reject(new Error(`flowtwin serve ended with ${code}`)));
});
try {
  for (const width of [390, 1440]) {
    for (const scheme of ["light", "dark"]) {
      for (const [run, objective] of [["cs3cu2i5", "pli_counts"], ["dye-mixing", "red_au"]]) {
        await open(`report-${run}`, `file://${WORK}/runs/${run}/report.html`, width, scheme, report(run, objective));
        const ended = JSON.parse(readFileSync(`${WORK}/runs/${run}/summary.json`, "utf8")).experiments;
        const settled = (page) => page.waitForFunction((n) => document.getElementById("answers").textContent.includes(`Experiments${n}`) && document.querySelector("#spectrum canvas"), ended);
        await open(`live-${run}`, `${address}#run=${run}`, width, scheme, live(run), settled);
      }
    }
    for (const [name, file, asked] of [
      ["benchmark", "benchmark/report.html", ["Is it complete?", "What was asked?", "Is there a winner?", "What did it take?"]],
      ["paper", "paper/report.html", ["Is it complete?", "What was asked?", "What was found?", "How sure is it?", "What next?"]],
      ["calibrate", "calibrate/calibration.html", ["Is it complete?", "What was asked?", "What was found?", "Is the model right?", "What next?"]],
      ["suggest", "next.html", ["What is wanted?", "What is expected?", "What next?"]],
      ["evaluate", "evaluate/evaluation.html", ["What was asked?", "Is there a winner?", "What next?"]],
      ["explain", "explain/explanation.html", ["What was asked?", "What was found?", "How sure is it?"]],
      ["together", "seed-1-and-seed-2.html", ["Is it complete?", "What was asked?", "What was found?", "How sure is it?", "What did it take?"]],
    ]) {
      for (const scheme of ["light", "dark"]) await open(name, `file://${WORK}/others/${file}`, width, scheme, others(asked));
    }
    // Runs that were asked for different things: a page without figures.
    await open("mixed", `file://${WORK}/others/mixed.html`, width, "light", async (page, where) => {
      same(`${where}: says that it compares no values`, (await page.locator(".answers").textContent()).includes("Values are not compared"), true);
    });
    for (const run of ["trade-off", "pump-stall"]) {
      const objectives = JSON.parse(readFileSync(`${WORK}/runs/${run}/summary.json`, "utf8")).objectives ?? [];
      const names = objectives.map((o) => (o.feature ?? o.name ?? o).replace(/_[^_]*$/, "").replaceAll("_", " "));
      await open(`report-${run}`, `file://${WORK}/runs/${run}/report.html`, width, "light", several(names));
      await open(`live-${run}`, `${address}#run=${run}`, width, "dark", async () => {}, (page) => page.waitForSelector("#rig svg"));
    }
  }
  for (const [width, scheme] of [[390, "dark"], [1440, "light"]]) {
    await open("live-refilling", `${address}#run=refilling`, width, scheme, turned, (page) => page.waitForSelector("#rig svg"));
  }
  if (ONLY.test("live-review")) {
    await reviewed(390, "light");
    await reviewed(1440, "dark");
  }
  if (ONLY.test("troubled")) await troubled(address);
  await pictures(address);
} finally {
  server.kill("SIGINT");
  await browser.close();
}
console.log(`\nbrowser: ${checks} checks, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
