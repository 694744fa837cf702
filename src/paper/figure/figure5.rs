//! Fig. 5: the partial grid.

use super::panel::{Panel, THIRD, beside, relative};
use crate::paper::reading::Reading;
use crate::paper::seed::Seed;
use crate::paper::study::along;

const TITLES: [(&str, &str, &str); 6] = [
    ("cs_ul_per_min", "Cs-oleate", "µL/min"),
    ("cui_ul_per_min", "CuI", "µL/min"),
    ("oa_cs_ul_per_min", "Oleic acid with Cs", "µL/min"),
    ("oa_cu_ul_per_min", "Oleic acid with CuI", "µL/min"),
    ("oam_ul_per_min", "Oleylamine", "µL/min"),
    ("temperature_c", "Temperature", "°C"),
];

pub(super) fn body(seeds: &[Seed]) -> String {
    let panels: Vec<Panel> =
        TITLES.iter().map(|(input, title, unit)| panel(seeds, input, title, unit)).collect();
    let secondary = [
        secondary(seeds, "cs_ul_per_min", "380 nm band", |r| r.pli_380),
        secondary(seeds, "temperature_c", "600 nm band", |r| r.pli_600),
    ];
    panels.chunks(3).map(beside).collect::<String>() + &beside(&secondary)
}

fn panel(seeds: &[Seed], input: &str, title: &'static str, unit: &str) -> Panel {
    let mut panel = Panel::new(title, unit, "over the mean").wide(THIRD);
    for (name, feature) in [("PLI", Reading::pli as fn(&Reading) -> f64), ("Abs300", Reading::abs)]
    {
        let sweeps = seeds.iter().flat_map(|s| &s.grid).filter(|sweep| sweep.input == input);
        let curves: Vec<_> = sweeps.map(|s| relative(&along(&s.curve, feature))).collect();
        panel.many(name, &curves);
    }
    panel
}

fn secondary(
    seeds: &[Seed],
    input: &str,
    title: &'static str,
    height: fn(&Reading) -> f64,
) -> Panel {
    let unit = TITLES.iter().find(|t| t.0 == input).map_or("", |t| t.2);
    let mut panel = Panel::new(title, unit, "height [counts]").starting_at_zero();
    let sweeps = seeds.iter().flat_map(|s| &s.grid).filter(|sweep| sweep.input == input);
    panel.many(title, &sweeps.map(|s| along(&s.curve, height)).collect::<Vec<_>>());
    panel
}
