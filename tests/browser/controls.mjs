// Uses the controls of a figure as a reader does, with the mouse and with keys alone.

import { readFileSync } from "node:fs";

/** Presses a button of a figure that hands out a file. */
async function taken(page, figure, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), figure.getByRole("button", { name }).click()]);
  return readFileSync(await file.path());
}

/** The cells of a table; quoted ones may have commas and line ends. */
function csv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.trim().matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\n") rows.push([]);
    if (end === "") break;
  }
  return rows;
}

/** The figure to take away: its data, all that is drawn with its colours written out, and a picture twice as large as its pixels. */
export async function takeAway(page, figure, where, same) {
  const svg = figure.locator("svg[data-plot]:visible").first();
  const data = String(await taken(page, figure, /^data as CSV/));
  const drawing = String(await taken(page, figure, "figure as SVG"));
  const picture = await taken(page, figure, "figure as PNG");
  const [circles, wide] = await svg.evaluate((el) => [el.querySelectorAll("circle").length, el.viewBox.baseVal.width]);
  const [head, ...rows] = csv(data);
  const numbers = rows.every((row) => row.some((cell) => cell !== "" && Number.isFinite(Number(cell))));
  same(`${where}: the CSV has a head and numbers`, [head.length > 1, rows.length > 0, numbers], [true, true, true]);
  same(`${where}: circles of the SVG`, [drawing.startsWith("<svg"), drawing.split("<circle").length - 1, drawing.includes("var(")], [true, circles, false]);
  same(`${where}: the PNG and its width`, [picture.toString("latin1", 1, 4), picture.readUInt32BE(16)], ["PNG", Math.floor(2 * wide)]);
  return data;
}

/** Zooms with the buttons and goes back. */
export async function zoom(figure, where, same) {
  const ticks = () => figure.locator("svg[data-plot]:visible").first().evaluate((el) => [...el.querySelectorAll("text")].map((t) => t.textContent).join(" ") + el.querySelector(".marks")?.innerHTML.replace(/ (data-home|vector-effect)="[^"]*"| transform="matrix\(1 0 0 1 0 0\)"/g, ""));
  const home = await ticks();
  await figure.getByRole("button", { name: /^zoom in/ }).click();
  same(`${where}: zooming changes the figure`, (await ticks()) !== home, true);
  await figure.getByRole("button", { name: /^show all/ }).click();
  same(`${where}: show all brings it back`, await ticks(), home);
}

/** The tab key alone leads to the figure and to each of its buttons, and keys show its values. */
export async function keys(page, figure, where, same) {
  const names = await figure.locator("button:visible").evaluateAll((all) => all.map((b) => b.getAttribute("aria-label") ?? b.textContent));
  // From the top of the page, not from the button that was pressed last.
  await page.evaluate(() => { const top = document.querySelector("h1"); top.tabIndex = -1; top.focus(); });
  const reached = new Set();
  let plot = false;
  for (let i = 0; i < 200 && !(plot && names.every((name) => reached.has(name))); i++) {
    await page.keyboard.press("Tab");
    const at = await figure.evaluate((el) => {
      const now = document.activeElement;
      return el.contains(now) ? { plot: now.matches("svg[data-plot]"), name: now.getAttribute("aria-label") ?? now.textContent } : null;
    });
    if (at?.plot) plot = true;
    else if (at) reached.add(at.name);
  }
  same(`${where}: reached with the tab key`, [plot, names.filter((name) => !reached.has(name))], [true, []]);
  await figure.locator("svg[data-plot]:visible").first().focus();
  await page.keyboard.press("ArrowRight");
  same(`${where}: keys show a value`, [await page.locator("#tip").isVisible(), (await page.locator("#tip").textContent()).trim() !== ""], [true, true]);
  await page.keyboard.press("Escape");
  same(`${where}: Escape hides it`, await page.locator("#tip").isVisible(), false);
}
