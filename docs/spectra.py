"""Draws docs/spectra.svg: one simulated spectrum of each spectrometer, and beside it what papers print about such spectra.

    python docs/spectra.py target/release/flowtwin

Curves are those of one experiment in the middle of the space, by `flowtwin experiment`. Marks are numbers from papers.
No published curve is shown: publishers do not permit that their figures are copied.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SCENARIOS = [("cs3cu2i5", "#2f6fb0", "light as the paper's scenario has it"), ("lifelike-light", "#b9792c", "every effect of light on")]
# Wavelength [nm], label; for each spectrum.
PUBLISHED = {
    "absorbance": [
        (300.0, "300 nm: read here (Sadeghi 2024)"),
        (330.0, "about 330 nm: onset (Jung 2021)"),
    ],
    "emission": [
        (440.0, "440 nm (Molecules 2024)"),
        (445.0, "445 nm (Lian 2020, Jung 2021)"),
        (450.0, "450 nm (Sadeghi 2024)"),
    ],
}
# Wavelengths and values shown.
SHOWN = {"absorbance": ((240.0, 420.0), (-0.02, 0.48), "absorbance [AU]"), "emission": ((260.0, 800.0), (-60.0, 2300.0), "emission [counts]")}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720.0, 330.0, 62.0, 16.0, 66.0, 42.0


def spectra(binary, scenario):
    """Each spectrum of one experiment: wavelengths and values."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        path = HERE.parent / "scenarios" / f"{scenario}.toml"
        subprocess.run([binary, "experiment", str(path), "--out", str(out)], check=True, capture_output=True)
        found = {}
        with open(out / "spectra.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["spectrum"], []).append((float(row["wavelength_nm"]), float(row["value"])))
    return found


def smoothed(points, half=8):
    """Means over neighbours."""
    values = [value for _, value in points]
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return [(points[i][0], sum(part) / len(part)) for i, part in enumerate(parts)]


def maximum_and_width(points, low, high):
    """Where the highest value lies between two wavelengths, and the full width at half of it [nm]."""
    inside = [p for p in smoothed(points) if low <= p[0] <= high]
    top = max(inside, key=lambda p: p[1])
    above = [nm for nm, value in inside if value >= 0.5 * top[1]]
    return top[0], above[-1] - above[0]


def place(name, nm, value):
    """Pixels of a point."""
    (x0, x1), (y0, y1), _ = SHOWN[name]
    x = LEFT + (nm - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
    y = HEIGHT - BOTTOM - (value - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP)
    return x, y


def text(x, y, words, anchor="start", colour="#3d4651"):
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>\n'


def curve(name, points, colour):
    """A spectrum as a path, clipped to what is shown."""
    (x0, x1), (y0, y1), _ = SHOWN[name]
    shown = [(nm, min(max(value, y0), y1)) for nm, value in points if x0 <= nm <= x1]
    path = "L".join("{:.1f} {:.1f}".format(*place(name, *point)) for point in shown)
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.3"/>\n'


def axes(name):
    """Ticks and names of both axes."""
    (x0, x1), (y0, y1), label = SHOWN[name]
    left, base = place(name, x0, y0)
    right, _ = place(name, x1, y0)
    svg = f'<path d="M{left:.1f} {TOP}V{base:.1f}H{right:.1f}" fill="none" stroke="#8a94a0"/>\n'
    step_x, step_y = (20.0, 0.1) if name == "absorbance" else (60.0, 500.0)
    for i in range(int((x1 - x0) / step_x) + 1):
        x, _ = place(name, x0 + i * step_x, y0)
        svg += text(x, base + 16, f"{x0 + i * step_x:g}", "middle")
    for i in range(int(y1 / step_y) + 1):
        _, y = place(name, x0, i * step_y)
        svg += text(left - 6, y + 4, f"{i * step_y:g}", "end")
    return svg + text(0.5 * (left + right), base + 34, "wavelength [nm]", "middle") + text(left, TOP - 48, label)


def marks(name):
    """What papers print, as upright lines with their labels on the right, each a line lower."""
    svg = ""
    for line, (nm, label) in enumerate(PUBLISHED[name]):
        x, base = place(name, nm, SHOWN[name][1][0])
        svg += f'<path d="M{x:.1f} {TOP - 6:.1f}V{base:.1f}" stroke="#7a4a86" stroke-dasharray="3 3"/>\n'
        y = TOP + 10.0 + 16.0 * line
        far = place(name, {"absorbance": 332.0, "emission": 540.0}[name], 0.0)[0]
        svg += text(far, y, label, "start", "#7a4a86")
    return svg


def main(binary):
    """Writes the picture, and prints the numbers of its curves."""
    found = {name: spectra(binary, name) for name, _, _ in SCENARIOS}
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {2 * HEIGHT:.0f}" font-family="sans-serif" font-size="12" role="img">\n'
    svg += "<title>Simulated spectra of Cs3Cu2I5 and published positions</title>\n"
    svg += f'<rect width="{WIDTH:.0f}" height="{2 * HEIGHT:.0f}" fill="#ffffff"/>\n'
    for panel, name in enumerate(SHOWN):
        svg += f'<g transform="translate(0 {panel * HEIGHT:.0f})">\n{axes(name)}'
        for line, (scenario, colour, words) in enumerate(SCENARIOS):
            svg += curve(name, found[scenario][name], colour)
            svg += text(WIDTH - RIGHT, TOP - 48 + 16 * line, words, "end", colour)
        svg += marks(name) + "</g>\n"
    (HERE / "spectra.svg").write_text(svg + "</svg>\n", encoding="utf-8")
    for scenario, _, _ in SCENARIOS:
        peak, width = maximum_and_width(found[scenario]["emission"], 340.0, 620.0)
        exciton, _ = maximum_and_width(found[scenario]["absorbance"], 278.0, 320.0)
        print(f"{scenario}: emission {peak:.0f} nm, {width:.0f} nm wide; absorption has its maximum at {exciton:.0f} nm")


if __name__ == "__main__":
    main(sys.argv[1])
