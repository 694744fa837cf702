// Charts of the page, drawn by uPlot.

const COLOURS = ["#7b8794", "#0072b2", "#d55e00", "#008f68", "#b5588f", "#c98a00", "#2f9fd8", "#8a6d3b"];

export const colour = (i) => COLOURS[i % COLOURS.length];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A chart that keeps its place; `fill` is told what to draw. */
export class Chart {
  constructor(place) {
    this.place = place; this.key = null; this.plot = null; this.data = null;
    new ResizeObserver(() => this.plot && this.plot.setSize(this.size())).observe(place);
  }

  size() { return { width: Math.max(280, this.place.clientWidth), height: 260 }; }

  /** Draws columns of numbers; builds the chart anew where its series or the theme are others. */
  fill({ x, y, series, data, cursor = null }) {
    const key = JSON.stringify([x, y, series.map((s) => s.label), style("--ink")]);
    this.cursor = cursor;
    if (key !== this.key) {
      this.plot?.destroy();
      this.plot = new uPlot(this.options({ x, y, series }), data, this.place);
      this.key = key;
    } else if (data !== this.data) this.plot.setData(data);
    else this.plot.redraw(false, false);
    this.data = data;
  }

  /** Takes away what was drawn. */
  clear() {
    this.plot?.destroy();
    this.plot = this.key = this.data = null;
  }

  options({ x, y, series }) {
    const axis = (label) => ({ label, stroke: style("--ink"), grid: { stroke: style("--grid") }, ticks: { stroke: style("--grid") },
      font: "12px sans-serif", labelFont: "13px sans-serif", labelSize: 24 });
    const one = (s) => ({ label: s.label, stroke: s.colour, width: s.width ?? 1.6, dash: s.dash, spanGaps: s.spanGaps ?? false,
      paths: s.dots || s.rings ? () => null : s.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: s.rings ? { show: true, size: 13, width: 2, fill: "transparent", stroke: style("--ink") } : { show: Boolean(s.dots), size: 7, fill: s.colour, stroke: s.colour },
      value: (_, v) => (v === null || v === undefined ? "–" : String(Number(v.toPrecision(4)))) });
    return { ...this.size(), scales: { x: { time: false } }, cursor: { drag: { x: true, y: false } },
      axes: [axis(x), axis(y)], legend: { live: true },
      series: [{ label: x, value: (_, v) => (v === null || v === undefined ? "–" : String(Number(v.toPrecision(5)))) }, ...series.map(one)],
      hooks: { draw: [(u) => this.mark(u)] } };
  }

  /** An upright line at the time that is shown. */
  mark(u) {
    if (this.cursor === null) return;
    const at = Math.round(u.valToPos(this.cursor, "x", true));
    u.ctx.save();
    u.ctx.strokeStyle = style("--alert");
    u.ctx.beginPath();
    u.ctx.moveTo(at, u.bbox.top);
    u.ctx.lineTo(at, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
    u.ctx.restore();
  }
}
