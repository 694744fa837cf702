//! Fig. 5: the partial grid.

use super::panel::{Panel, beside, relative};
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
    beside(&panels) + &beside(&secondary)
}

fn panel(seeds: &[Seed], input: &str, title: &str, unit: &str) -> Panel {
    let mut panel = Panel::new(title, &format!("{title} [{unit}]"), "over the mean");
    for (name, feature) in [("PLI", Reading::pli as fn(&Reading) -> f64), ("Abs300", Reading::abs)]
    {
        let sweeps = seeds.iter().flat_map(|s| &s.grid).filter(|sweep| sweep.input == input);
        let curves: Vec<_> = sweeps.map(|s| relative(&along(&s.curve, feature))).collect();
        panel.many(name, &curves);
    }
    panel
}

fn secondary(seeds: &[Seed], input: &str, title: &str, height: fn(&Reading) -> f64) -> Panel {
    let (_, name, unit) = TITLES.iter().find(|t| t.0 == input).unwrap_or(&("", "", ""));
    let x = format!("{name} [{unit}]");
    let mut panel = Panel::new(title, &x, "height [counts]").starting_at_zero();
    let sweeps = seeds.iter().flat_map(|s| &s.grid).filter(|sweep| sweep.input == input);
    panel.many(title, &sweeps.map(|s| along(&s.curve, height)).collect::<Vec<_>>());
    panel
}
