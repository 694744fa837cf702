//! The unit that a name ends in, as people write it.

use flowtwin_lab::formula::Unit;

/// The unit of a computed feature, such as `g/(L·h)` for `yield_g_per_l_h`; empty where its name ends in none.
pub(super) fn unit_of(name: &str) -> String {
    let words: Vec<&str> = name.split('_').collect();
    let is_unit = |first: &usize| Unit::parse(&words[*first..].join("_")).is_some();
    let Some(first) = (1..words.len()).find(is_unit) else { return String::new() };
    let mut parts = words[first..].split(|word| *word == "per");
    let over: Vec<&str> = parts.next().unwrap_or_default().iter().map(symbol).collect();
    let under: Vec<&str> = parts.flatten().map(symbol).collect();
    let over = if over.is_empty() { "1".into() } else { over.join("·") };
    match under[..] {
        [] => over,
        [one] => format!("{over}/{one}"),
        _ => format!("{over}/({})", under.join("·")),
    }
}

/// A unit of a name as people write it.
fn symbol<'a>(word: &&'a str) -> &'a str {
    match *word {
        "ul" => "µL",
        "nl" => "nL",
        "ml" => "mL",
        "l" => "L",
        "um" => "µm",
        "us" => "µs",
        "umol" => "µmol",
        "ug" => "µg",
        "c" => "°C",
        "k" => "K",
        "percent" => "%",
        "au" => "AU",
        "hz" => "Hz",
        "pa" => "Pa",
        "kpa" => "kPa",
        "mpa" => "MPa",
        "j" => "J",
        "kj" => "kJ",
        "w" => "W",
        "eur" => "€",
        "usd" => "$",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_name_is_written_as_people_do() {
        for (name, unit) in [
            ("space_time_yield_g_per_l_h", "g/(L·h)"),
            ("blue_per_ml_h", "1/(mL·h)"),
            ("price_eur_per_g", "€/g"),
            ("rate_ul_per_min", "µL/min"),
            ("selectivity", ""),
        ] {
            assert_eq!(unit_of(name), unit, "{name}");
        }
    }
}
