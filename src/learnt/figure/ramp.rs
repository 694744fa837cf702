//! A ramp of colours for numbers: dark is low, light is high, in colour and in grey.

use crate::report::format::significant;
use crate::report::page::html::escape;

/// Stops of the ramp, red, green and blue; lightness rises evenly, as in viridis (Smith and van der Walt 2015).
const STOPS: [[f64; 3]; 6] = [
    [68.0, 1.0, 84.0],
    [65.0, 68.0, 135.0],
    [42.0, 120.0, 142.0],
    [34.0, 168.0, 132.0],
    [122.0, 209.0, 81.0],
    [253.0, 231.0, 37.0],
];

/// The colour of a share from 0 to 1, as SVG writes it.
pub(in crate::learnt) fn ramp(share: f64) -> String {
    let place = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (place.floor() as usize).min(STOPS.len() - 2);
    let part = place - below as f64;
    let channel = |k: usize| {
        let (a, b) = (STOPS[below][k], STOPS[below + 1][k]);
        (a + part * (b - a)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}

/// The ramp as a bar with what its ends stand for, as HTML.
pub(in crate::learnt) fn bar(label: &str, low: f64, high: f64) -> String {
    words_bar(label, &significant(low, 3), &significant(high, 3))
}

/// The ramp as a bar with words at its ends, as HTML.
pub(in crate::learnt) fn words_bar(label: &str, low: &str, high: &str) -> String {
    let steps: String = (0..40)
        .map(|k| {
            let colour = ramp(f64::from(k) / 39.0);
            format!("<rect x=\"{}\" width=\"3.1\" height=\"9\" fill=\"{colour}\"/>", 3 * k)
        })
        .collect();
    format!(
        "<ul class=\"legend\"><li>{}</li><li>{}<svg width=\"120\" height=\"9\" viewBox=\"0 0 120 9\" aria-hidden=\"true\">{steps}</svg>{}</li></ul>\n",
        escape(label),
        escape(low),
        escape(high)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_runs_from_its_first_to_its_last_stop() {
        assert_eq!((ramp(0.0), ramp(1.0)), ("#440154".to_owned(), "#fde725".to_owned()));
        assert_eq!(ramp(0.2), "#414487");
        assert_eq!(ramp(7.0), ramp(1.0), "what lies outside has the colour of the end");
    }
}
