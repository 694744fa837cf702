//! Stocks, hardware and book-keeping: sections 2.1 to 2.3.

use super::{Claim, calibrated, definition};
use crate::paper::studies::Studies;
use crate::paper::study::vials::Vial;

pub(super) fn claims() -> Vec<Claim> {
    [stocks(), hardware(), operation()].concat()
}

fn stocks() -> Vec<Claim> {
    vec![
        definition(
            "C03",
            "free oleic acid for each Cs in the Cs stock, at the purities given",
            "≥ 5",
        )
        .fact("mol/mol", |f| f.oleic_acid_per_cs)
        .above(5.0)
        .unless("the stock is written with less than five oleic acids for each Cs"),
        definition(
            "C03.clog",
            "a Cs stock with 4 oleic acids for each Cs precipitates and clogs the rig",
            "yes",
        )
        .fact("yes = 1", |f| yes(f.four_ligands_clog))
        .is(1.0)
        .unless("no rule of precipitation, or one that acts too late"),
        definition("C03.flow", "the Cs stock of the recipe does so in the same time", "no")
            .fact("yes = 1", |f| yes(f.recipe_clogs))
            .is(0.0)
            .unless("the rule of precipitation stands above the ratio of the recipe"),
        definition("C04", "Cs-oleate stock, scenario against recipe (Cs 30.2 mM)", "30.2 mM")
            .fact("%", |f| f.recipe_percent("cs_oleate"))
            .within(0.0, 0.5)
            .unless("stock and recipe are written with different amounts"),
        definition("C05", "CuI stock, scenario against recipe (Cu and I 7.50 mM)", "7.50 mM")
            .fact("%", |f| f.recipe_percent("cui"))
            .within(0.0, 0.5)
            .unless("stock and recipe are written with different amounts"),
        definition("C06.oa", "oleic acid in ODE 1 : 4, scenario against recipe", "1 : 4")
            .fact("%", |f| f.recipe_percent("oa_ode"))
            .within(0.0, 0.5)
            .unless("stock and recipe are written with different amounts"),
        definition("C06.oam", "oleylamine in ODE 1 : 4, scenario against recipe", "1 : 4")
            .fact("%", |f| f.recipe_percent("oam_ode"))
            .within(0.0, 0.5)
            .unless("stock and recipe are written with different amounts"),
    ]
}

fn hardware() -> Vec<Claim> {
    vec![
        definition("H02.small", "syringes of 50 mL", "7")
            .fact("", |f| count(&f.syringes_ml, 45.0, 50.0))
            .is(7.0)
            .unless("a syringe is left out or of another size"),
        definition("H02.large", "syringes of 100 mL, for the carrier", "1")
            .fact("", |f| count(&f.syringes_ml, 95.0, 100.0))
            .is(1.0)
            .unless("a syringe is left out or of another size"),
        definition("H04.cu", "pumps into the five-way junction of the CuI stream", "4")
            .fact("", |f| f.pumps_of_streams.first().map_or(f64::NAN, |n| *n as f64))
            .is(4.0)
            .unless("a pump feeds another stream"),
        definition("H04.cs", "pumps into the four-way junction of the Cs stream", "3")
            .fact("", |f| f.pumps_of_streams.get(1).map_or(f64::NAN, |n| *n as f64))
            .is(3.0)
            .unless("a pump feeds another stream"),
        definition("H05", "inner diameter of the stock lines", "0.02 in")
            .fact("in", |f| inches(f.bores_mm[0]))
            .within(0.0199, 0.0201)
            .unless("another bore is written"),
        definition("H10.reactor", "inner diameter of the reactor", "0.03 in")
            .fact("in", |f| inches(f.bores_mm[1]))
            .within(0.0299, 0.0301)
            .unless("another bore is written"),
        calibrated(
            "H11",
            "warmest liquid in the flow cell, tR 25 to 42 s at the highest temperature",
            "room temperature",
        )
        .fact("°C", |f| f.outlet_c.iter().fold(f64::NEG_INFINITY, |most, (_, c)| most.max(*c)))
        .below(30.0)
        .unless("the cooling length is shorter, or heat passes the wall more slowly"),
        calibrated(
            "H15",
            "PLI against absolute quantum yield where Abs300 is alike: squared correlation",
            "linear",
        )
        .pooled("", |seeds| {
            let vials: Vec<_> = seeds.iter().flat_map(|s| &s.vials.random).collect();
            Vial::linearity(&vials, Studies::of_the_paper().vials.window)
        })
        .above(0.95)
        .unless("an inner filter, a bent detector or a second band in the window"),
        definition("H10.cell", "inner diameter of the flow cells", "0.04 in")
            .fact("in", |f| inches(f.bores_mm[2]))
            .within(0.0399, 0.0401)
            .unless("another bore is written"),
    ]
}

fn operation() -> Vec<Claim> {
    vec![
        definition("O01.low", "lowest reaction temperature of a campaign", "120 °C")
            .fact("°C", |f| f.temperature_c[0])
            .is(120.0)
            .unless("another range is written"),
        definition("O01.high", "highest reaction temperature of a campaign", "150 °C")
            .fact("°C", |f| f.temperature_c[1])
            .is(150.0)
            .unless("another range is written"),
        definition("O02", "independent inputs", "7")
            .fact("", |f| f.inputs as f64)
            .is(7.0)
            .unless("an input is added or taken away"),
        definition(
            "O03",
            "largest deviation of the streams from 1 : 1 over 1000 random conditions",
            "1 : 1",
        )
        .fact("", |f| f.stream_ratio_error)
        .below(1e-7)
        .unless("a pump is not derived from the others"),
        definition(
            "O04",
            "largest deviation of the carrier from the total precursor flow",
            "1 : 1",
        )
        .fact("", |f| f.carrier_ratio_error)
        .below(1e-7)
        .unless("the carrier is not derived from the streams"),
        calibrated(
            "O05",
            "spread of slug lengths with a stream 30 % off 1 : 1, over that at 1 : 1",
            "1 : 1 needed",
        )
        .fact("", |f| f.off_ratio.spread)
        .above(2.0)
        .unless("slugs stay regular where streams are uneven"),
        calibrated("O05.flag", "… the outcome is flagged for it, and not at 1 : 1", "1 : 1 needed")
            .fact("yes = 1", |f| yes(f.off_ratio.flagged == [true, false]))
            .is(1.0)
            .unless("the flag is not set, or is set at one to one"),
        calibrated(
            "O08.share",
            "largest share of a syringe that the 100 conditions of a batch take",
            "≤ 1",
        )
        .largest("", |s| s.campaign.largest_share().1)
        .below(1.0)
        .unless("an experiment takes longer to its steady state, or syringes hold less"),
        calibrated(
            "O08.first",
            "the carrier is the syringe that limits a batch",
            "100 mL for 100 conditions",
        )
        .share(|s| s.campaign.largest_share().0 == "pfo")
        .at_least(1.0)
        .unless("another syringe is the smallest for its use"),
        calibrated("O08.volume", "precursors taken by one condition", "1 mL")
            .mean("mL", |s| s.campaign.precursors_ml())
            .within(0.85, 1.0)
            .unless("the wait, the lines or the frames take another volume"),
    ]
}

fn yes(it_is: bool) -> f64 {
    f64::from(u8::from(it_is))
}

fn inches(mm: f64) -> f64 {
    mm / 25.4
}

fn count(volumes: &[f64], low: f64, high: f64) -> f64 {
    volumes.iter().filter(|v| (low..=high).contains(v)).count() as f64
}
