//! A spectrum drawn with characters.

use flowtwin_lab::Spectrum;

const COLUMNS: usize = 76;
const ROWS: usize = 8;
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The spectrum as an area over its wavelengths, with the range of both axes.
pub fn spectrum(spectrum: &Spectrum) -> String {
    let means = means(&spectrum.values, COLUMNS);
    let top = means.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut out = format!("{} [{}], 0 to {:.4}\n", spectrum.name, spectrum.unit, top);
    for row in (0..ROWS).rev() {
        let cell = |mean: &f64| {
            let eighths = (mean / top * (8 * ROWS) as f64).round() - (8 * row) as f64;
            BLOCKS[eighths.clamp(0.0, 8.0) as usize]
        };
        out.push_str(means.iter().map(cell).collect::<String>().trim_end());
        out.push('\n');
    }
    let end = |nm: Option<&f64>| nm.map_or(String::new(), |nm| format!("{nm:.0} nm"));
    let (first, last) = (end(spectrum.wavelengths_nm.first()), end(spectrum.wavelengths_nm.last()));
    out.push_str(&format!("{first}{last:>width$}\n", width = COLUMNS - first.len()));
    out
}

/// The spectrum in one line of so many characters.
pub fn line(spectrum: &Spectrum, columns: usize) -> String {
    let means = means(&spectrum.values, columns);
    let top = means.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    means.iter().map(|mean| level(mean / top)).collect()
}

/// A block as high as a share from 0 to 1.
pub fn level(share: f64) -> char {
    BLOCKS[(8.0 * share).round().clamp(0.0, 8.0) as usize]
}

/// Mean of the values in each column; a value below zero is noise about nothing.
fn means(values: &[f64], columns: usize) -> Vec<f64> {
    let part = |column: usize| {
        let range = column * values.len() / columns..(column + 1) * values.len() / columns;
        let part = &values[range];
        part.iter().sum::<f64>() / part.len().max(1) as f64
    };
    (0..columns).map(|column| part(column).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_rises_to_the_right() {
        let ramp = Spectrum {
            name: "ramp".into(),
            unit: "AU".into(),
            wavelengths_nm: (0..COLUMNS).map(|i| 200.0 + i as f64).collect(),
            values: (0..COLUMNS).map(|i| i as f64).collect(),
        };
        let drawn = spectrum(&ramp);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), ROWS + 2);
        assert_eq!(lines[0], "ramp [AU], 0 to 75.0000");
        assert!(lines[1].ends_with('█') && lines[1].starts_with("      "));
        assert_eq!(lines[ROWS + 1].len(), COLUMNS);
        // Its first column is too low for the lowest block.
        assert_eq!(line(&ramp, 8), " ▂▃▄▅▆▇█");
    }
}
