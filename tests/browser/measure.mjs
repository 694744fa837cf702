// What the live page costs: memory of the server with many and with slow clients, and frames while a run is scrubbed.
// FLOWTWIN=… CHROMIUM=… node measure.mjs RUNS NAME

import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { chromium } from "playwright-core";

const [runs, name] = process.argv.slice(2);
const { CHROMIUM, FLOWTWIN } = process.env;
const server = spawn(FLOWTWIN, ["serve", runs, "--address", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
const address = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(new URL(String(data).trim()))));
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) / 1024;
/** Processor time of the server so far [s]. */
const spent = () => {
  const [user, system] = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
  return (Number(user) + Number(system)) / 100;
};
const say = (what, value) => console.log(`${what}: ${value}`);

/** Connections that ask for all events; `slow` ones never read the answer. */
function clients(count, slow) {
  return Array.from({ length: count }, () => {
    const socket = connect(Number(address.port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`GET /api/runs/${encodeURIComponent(name)}/events HTTP/1.1\r\nhost: ${address.host}\r\n\r\n`);
    if (slow) socket.pause(); else socket.resume();
    return socket;
  });
}

try {
  await (await fetch(new URL("/api/runs", address))).text();
  say("memory before [MB]", memory().toFixed(1));
  for (const [count, slow] of [[1000, true], [200, true], [5, false]]) {
    const sockets = clients(count, slow);
    await later(8000);
    const before = spent();
    await later(10000);
    say(`${count} ${slow ? "slow clients" : "clients"}: memory [MB], share of a core`, `${memory().toFixed(1)}, ${((spent() - before) / 10).toFixed(3)}`);
    sockets.forEach((socket) => socket.destroy());
    await later(2000);
  }
  const answer = await fetch(new URL("/api/runs", address));
  say("answers afterwards", answer.status);
  say("memory afterwards [MB]", memory().toFixed(1));

  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await page.goto(`${address}#run=${name}`);
  await page.waitForSelector("#spectrum canvas");
  await page.waitForFunction(() => Number(document.getElementById("scrub").max) > 1 && document.getElementById("link").textContent === "connected");
  await later(5000);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const thread = async () => (await session.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const began = await thread();
  const frames = await page.evaluate(async () => {
    const scrub = document.getElementById("scrub"), end = Number(scrub.max), steps = 120, began = performance.now();
    for (let i = 0; i < steps; i++) {
      scrub.value = String((end * ((i * 37) % steps)) / steps);
      scrub.dispatchEvent(new Event("input"));
      await new Promise(requestAnimationFrame);
    }
    return { hours: end / 3600, steps, perSecond: (1000 * steps) / (performance.now() - began) };
  });
  say("processor time of the page's main thread for each frame [ms]", ((1000 * (await thread() - began)) / frames.steps).toFixed(1));
  say("lab time of the run [h]", frames.hours.toFixed(1));
  say("frames a second while it is scrubbed", frames.perSecond.toFixed(1));
  await browser.close();
} finally {
  server.kill("SIGINT");
}
