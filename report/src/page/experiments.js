
// The table of experiments: sorted, filtered, and opened.
(() => {
  const table = document.getElementById("all");
  if (!table || !report.data) return;
  const { $$, data, byNumber, unit, choose, listeners } = report;
  const body = table.tBodies[0], rows = [...body.rows];
  const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

  rows.forEach((row) => {
    const cell = row.cells[0], button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: cell.textContent });
    button.setAttribute("aria-label", "Open experiment " + cell.textContent);
    button.addEventListener("click", () => choose(Number(row.dataset.e)));
    cell.replaceChildren(button);
  });

  $$("th", table).forEach((head, column) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      $$("th", table).forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => { const v = row.cells[column].dataset.v; return v === undefined ? row.cells[column].textContent : v === "" ? Infinity : Number.isFinite(Number(v)) ? Number(v) : v; };
      const order = (a, b) => { const [p, q] = [key(a), key(b)]; return (p < q ? -1 : p > q ? 1 : 0) * (down ? -1 : 1); };
      body.append(...rows.sort(order));
    });
  });

  const filter = document.createElement("div");
  filter.className = "filter";
  filter.innerHTML = '<label for="filter">Show</label><input id="filter" type="search" autocomplete="off"><span role="status"></span>';
  table.parentNode.before(filter);
  const titles = $$("th", table).map((head) => head.textContent.replace(/ \[.*/, "").toLowerCase());
  filter.querySelector("input").placeholder = [data.phases.at(-1), "failed", example()].filter(Boolean).join(", ");
  /** A comparison that some rows hold: the first objective above its middle value. */
  function example() {
    const at = data.objectives[0], known = data.experiments.map((e) => e[6][at]).filter(Number.isFinite).sort((a, b) => a - b);
    return known.length ? `${data.features[at][0]} > ${Number(known[known.length >> 1].toPrecision(2))}` : "";
  }
  /** A part of the filter: a word that a row holds, or a comparison of a column with a number. */
  function test(part) {
    const found = /^(.+?)\s*(<=|>=|<|>|=)\s*(-?[\d.]+)$/.exec(part);
    const column = found ? titles.indexOf(found[1].trim()) : -1;
    if (column < 0) return (row) => row.textContent.toLowerCase().includes(part);
    const limit = Number(found[3]);
    const holds = { "<": (v) => v < limit, ">": (v) => v > limit, "<=": (v) => v <= limit, ">=": (v) => v >= limit, "=": (v) => v === limit }[found[2]];
    return (row) => row.cells[column].dataset.v !== "" && holds(Number(row.cells[column].dataset.v));
  }
  const say = filter.querySelector("span");
  function apply() {
    const tests = filter.querySelector("input").value.toLowerCase().split(",").map((p) => p.trim()).filter(Boolean).map(test);
    let shown = 0;
    rows.forEach((row) => { const keep = tests.every((holds) => holds(row)); row.hidden = !keep; shown += keep; });
    say.textContent = `${shown} of ${rows.length}`;
  }
  filter.querySelector("input").addEventListener("input", apply);
  apply();

  const details = document.createElement("div");
  details.id = "details";
  details.hidden = true;
  details.setAttribute("aria-live", "polite");
  table.parentNode.after(details);

  /** 16-bit numbers between two ends, from base64. */
  function values([low, high, text]) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), numbers = new Uint16Array(bytes.buffer);
    return Array.from(numbers, (n) => low + ((high - low) * n) / 65535);
  }

  /** A spectrum as a small figure. */
  function spectrum(channel, packed) {
    const y = values(packed), x = channel.nm, w = 350, h = 190, [left, top, right, bottom] = [52, 22, 10, 34];
    const hi = Math.max(...y) || 1, least = Math.min(...y), lo = least < -0.02 * hi ? least : 0, x0 = x[0], x1 = x[x.length - 1];
    const px = (v) => left + ((v - x0) / (x1 - x0)) * (w - left - right), py = (v) => h - bottom - ((v - lo) / (hi - lo)) * (h - top - bottom);
    const d = y.map((v, i) => (i ? "L" : "M") + px(x[i]).toFixed(1) + " " + py(v).toFixed(1)).join("");
    const short = (v) => String(Number(v.toPrecision(3)));
    const ticks = [lo, (lo + hi) / 2, hi].map((v) => `<text x="${left - 6}" y="${py(v) + 4}" text-anchor="end">${short(v)}</text><path d="M${left} ${py(v)}H${w - right}" stroke="#e6e9ed"/>`).join("");
    const step = [50, 100, 200].find((s) => (x1 - x0) / s <= 5) ?? 500;
    let below = "";
    for (let nm = Math.ceil(x0 / step) * step; nm <= x1; nm += step) below += `<text x="${px(nm)}" y="${h - bottom + 15}" text-anchor="middle">${nm}</text>`;
    return `<svg viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" aria-label="${escape(channel.name)} spectrum" font-size="12" fill="#5b6673">${ticks}${below}
      <text x="2" y="13" fill="#1f2933">${escape(channel.name)} [${escape(channel.unit)}]</text><text x="${(left + w - right) / 2}" y="${h - 4}" text-anchor="middle" fill="#1f2933">wavelength [nm]</text>
      ${data.simulated ? `<text x="${w - 2}" y="11.5" text-anchor="end" font-size="10.5" fill="#b42318">SIMULATED</text>` : ""}<path d="${d}" fill="none" stroke="#0072b2" stroke-width="1.4"/></svg>`;
  }

  function duration(s) {
    const whole = Math.round(s);
    return whole < 60 ? s.toFixed(1) + " s" : Math.floor(whole / 60) + " min " + (whole % 60) + " s";
  }
  function timeline(e) {
    const names = data.heats ? ["heating", "reaching steady state", "taking spectra"] : ["starting the pumps", "reaching steady state", "taking spectra"];
    if (!e[7]) return `<p>Took ${duration(e[4] - e[3])}.</p>`;
    const whole = e[7].reduce((a, b) => a + b, 0) || 1, colours = ["var(--quiet)", "var(--accent)", "var(--s2)"];
    const bars = e[7].map((s, i) => `<i style="width:${(100 * s) / whole}%;background:${colours[i]}"></i>`).join("");
    const words = e[7].map((s, i) => `${names[i]} ${duration(s)}`).join(", ");
    return `<div class="bar" role="img" aria-label="${escape(words)}">${bars}</div><p>From ${duration(e[3])} to ${duration(e[4])} of lab time: ${words}.</p>`;
  }

  listeners.push((n) => {
    const e = byNumber.get(n);
    details.hidden = !e;
    if (!e) return;
    const list = (of, at) => of.map((q, i) => `<li>${escape(unit(q, e[at][i]))}</li>`).join("");
    const spectra = e[9].map((packed, i) => (packed && data.channels[i] ? spectrum(data.channels[i], packed) : "")).join("");
    details.innerHTML = `<h3>Experiment ${n} · ${escape(data.phases[e[1]])} ${e[2]}</h3>${e[8] ? `<p>Failed: ${escape(e[8])}</p>` : ""}${timeline(e)}
      <div class="pair"><div><b>Set</b><ul>${list(data.inputs, 5)}</ul></div><div><b>Measured</b><ul>${list(data.features, 6)}</ul></div></div><div class="pair">${spectra}</div>`;
    const row = rows.find((r) => Number(r.dataset.e) === n);
    if (row && !row.hidden) row.scrollIntoView({ block: "nearest" });
  });
})();
