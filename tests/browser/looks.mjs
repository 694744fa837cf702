// What a reader sees, measured in the page. These functions run inside the browser.

/** Everything wrong with the layout: small text, labels that overlap, a page wider than its window. */
export function layout(least) {
  const wrong = [];
  const shown = (el) => el.getClientRects().length > 0 && getComputedStyle(el).visibility !== "hidden";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const el = node.parentElement;
    if (!node.textContent.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(el.tagName) || !shown(el)) continue;
    const svg = el.closest("svg");
    const scale = svg && svg.viewBox.baseVal.width ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const size = parseFloat(getComputedStyle(el).fontSize) * scale;
    if (size < least) wrong.push(`text of ${size.toFixed(1)} px: ${node.textContent.trim().slice(0, 40)}`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (!shown(svg)) continue;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter((t) => shown(t) && t.textContent.trim() && !t.closest(".faded"));
    const boxes = texts.map((t) => ({ t, box: t.getBoundingClientRect() }));
    boxes.forEach(({ t, box }, i) => {
      if (box.left < frame.left - 2 || box.right > frame.right + 2) wrong.push(`"${t.textContent}" is cut off in ${svg.getAttribute("aria-label")}`);
      for (const other of boxes.slice(0, i)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        // The box of a text is higher than its letters.
        if (across > 1 && down > 4) wrong.push(`"${t.textContent}" lies on "${other.t.textContent}" in ${svg.getAttribute("aria-label")}`);
      }
    });
    const [left, top, width, height] = (svg.dataset.plot ?? "").split(" ").map(Number);
    if (!width) continue;
    const k = frame.width / svg.viewBox.baseVal.width;
    for (const bar of svg.querySelectorAll(".marks rect[data-from]")) {
      const box = bar.getBoundingClientRect();
      if (box.left < frame.left + left * k - 1 || box.right > frame.left + (left + width) * k + 1) wrong.push(`a bar leaves the axes of ${svg.getAttribute("aria-label")}`);
    }
  }
  const { scrollWidth } = document.scrollingElement;
  if (scrollWidth > innerWidth + 1) wrong.push(`the page is ${scrollWidth} px wide in a window of ${innerWidth} px`);
  return wrong;
}

/** The points of every figure: the experiment and where it lies, by what the axes say. */
export function points() {
  return [...document.querySelectorAll("svg[data-plot]")].map((svg) => ({
    x: svg.dataset.xlabel, y: svg.dataset.ylabel,
    points: [...svg.querySelectorAll(".marks [data-e]")].map((el) => {
      const [left, top, width, height] = svg.dataset.plot.split(" ").map(Number);
      const place = el.tagName === "circle" ? [el.getAttribute("cx"), el.getAttribute("cy")] : /translate\(([^ ]+) ([^)]+)\)/.exec(el.getAttribute("transform")).slice(1);
      const value = (axis, share) => { const [low, high] = (svg.dataset[axis] ?? "NaN NaN").split(" ").map(Number); return low + (high - low) * share; };
      return { e: Number(el.dataset.e), x: Number(el.dataset.x), y: Number(el.dataset.y),
        seen: [value("x", (place[0] - left) / width), value("y", (top + height - place[1]) / height)] };
    }),
  }));
}
