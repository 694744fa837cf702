// What it costs to be watched by five browsers: FLOWTWIN=… CHROMIUM=… node watched.mjs JOURNAL SCENARIO [SECONDS]
// First a recorded journal is written anew at 1 000 times real time, and `flowtwin serve` shows it: the server's share of a core.
// Then the scenario is run at full speed, with nobody and with five browsers: processor time of the campaign's own thread.

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [journal, scenario, seconds = "60"] = process.argv.slice(2);
const { CHROMIUM, FLOWTWIN } = process.env;
const SPEED = 1000, BROWSERS = 5;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const work = mkdtempSync(join(tmpdir(), "flowtwin-watched-"));
/** Processor time of a thread or process so far [s]; none once it has ended. */
function spent(stat) {
  try {
    const [user, system] = readFileSync(stat, "utf8").split(") ").at(-1).split(" ").slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch { return null; }
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
/** So many readers, each with a browser session of their own. */
const watch = (url, count) => Promise.all(Array.from({ length: count }, async () => {
  const page = await (await browser.newContext({ viewport: { width: 1200, height: 800 } })).newPage();
  await page.goto(url);
  return page;
}));
const leave = (pages) => Promise.all(pages.map((page) => page.context().close()));

async function recorded() {
  const lines = readFileSync(journal, "utf8").split("\n").filter(Boolean);
  const at = (line) => { const [of] = Object.values(JSON.parse(line).record); return (of.at_ns ?? of.ended_ns ?? 0) / 1e9; };
  const folder = join(work, "runs", "watched"), file = join(folder, "journal.jsonl");
  mkdirSync(folder, { recursive: true });
  appendFileSync(file, lines[0] + "\n");
  const server = spawn(FLOWTWIN, ["serve", join(work, "runs"), "--address", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data).trim())));
  for (const count of [0, BROWSERS]) {
    const pages = await watch(`${address}#run=watched`, count);
    await later(2000);
    const [began, before] = [performance.now(), spent(`/proc/${server.pid}/stat`)];
    const first = count === 0 ? 0 : Number(seconds) / 2 * SPEED, until = first + (Number(seconds) / 2) * SPEED;
    let next = count === 0 ? 1 : lines.findIndex((line, i) => i > 0 && at(line) >= first), written = 0, now = first;
    while (now < until && next < lines.length) {
      now = first + ((performance.now() - began) / 1000) * SPEED;
      let text = "";
      while (next < lines.length && at(lines[next]) <= now) text += lines[next++] + "\n";
      if (text) { appendFileSync(file, text); written += text.length; }
      await later(50);
    }
    const passed = (performance.now() - began) / 1000;
    const seen = await Promise.all(pages.map((page) => page.locator("#answers").textContent()));
    const share = (spent(`/proc/${server.pid}/stat`) - before) / passed;
    console.log(`${count} browsers, a journal at ${SPEED} times real time, ${passed.toFixed(0)} s, ${(written / 1e6).toFixed(1)} MB: the server takes ${(100 * share).toFixed(1)} % of a core`);
    for (const text of new Set(seen)) console.log(`  a browser shows: ${text.slice(0, 120)}`);
    await leave(pages);
  }
  server.kill("SIGINT");
}

async function campaign(count, n) {
  const run = spawn(FLOWTWIN, ["run", scenario, "--quiet", "--out", join(work, `run-${n}`), ...(count === null ? [] : ["--serve=127.0.0.1:0"])], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "", own = 0, all = 0, pages = [], over = false;
  const ended = new Promise((resolve) => run.once("exit", () => { over = true; resolve(); }));
  run.stderr.on("data", (data) => { said += data; });
  const poll = (async () => {
    while (!over) {
      own = spent(`/proc/${run.pid}/task/${run.pid}/stat`) ?? own;
      all = spent(`/proc/${run.pid}/stat`) ?? all;
      await later(20);
    }
  })();
  while (count && !/live page: (\S+)/.test(said)) await later(20);
  if (count) pages = await watch(/live page: (\S+)/.exec(said)[1], count).catch(() => []);
  await ended;
  await poll;
  await leave(pages).catch(() => {});
  const told = { null: "without the page", 0: "with the page, nobody watches", [BROWSERS]: `with ${BROWSERS} browsers` }[count];
  console.log(`${told}: ${own.toFixed(2)} s by the thread of the campaign, ${all.toFixed(2)} s by the whole process`);
}

try {
  await recorded();
  let n = 0;
  for (let i = 0; i < 3; i++) for (const count of [null, 0, BROWSERS]) await campaign(count, n++);
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
