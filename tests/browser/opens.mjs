// How long reports take to open, to filter, to sort, and to open an experiment: CHROMIUM=… node opens.mjs REPORT.html …
// `wall` is what a reader waits [ms]; `thread` is processor time of the page's main thread [ms], which other programs do not lengthen.

import { resolve } from "node:path";
import { statSync } from "node:fs";
import { chromium } from "playwright-core";

const TIMES = 3;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  for (const file of process.argv.slice(2)) {
    console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    for (let i = 0; i < TIMES; i++) await measure(resolve(file));
  }
} finally {
  await browser.close();
}

async function measure(file) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => (await session.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const drawn = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))));
  const found = [];
  const step = async (name, act) => {
    const [began, before] = [performance.now(), await spent()];
    await act();
    await drawn();
    found.push(`${name} ${Math.round(performance.now() - began)} (thread ${Math.round(1000 * ((await spent()) - before))})`);
  };
  await step("open", () => page.goto(`file://${file}`, { timeout: 120_000 }));
  await page.evaluate(() => document.getElementById("experiments").scrollIntoView());
  await step("filter", () => page.evaluate(() => { const field = document.getElementById("filter"); field.value = "experiment <= 50"; field.dispatchEvent(new Event("input")); }));
  await step("sort", () => page.evaluate(() => document.querySelectorAll("#all th button")[2].click()));
  await step("open an experiment", () => page.evaluate(() => document.querySelector("#all tbody tr:not([hidden]) button").click()));
  console.log(`  ${found.join(", ")}`);
  await context.close();
}
