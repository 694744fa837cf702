//! Colours for numbers.

use super::chart::{Mark, PlotArea};
use super::style::Colour;
use super::svg::{px, text_width};
use crate::format;

/// A row of colours from low to high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// Dark to light, evenly to the eye and to colour-blind eyes: viridis (van der Walt & Smith, 2015; CC0).
    Viridis,
    /// Blue to vermilion, for marks on white.
    BlueToRed,
}

const VIRIDIS: [u32; 10] = [
    0x44_01_54, 0x48_28_78, 0x3e_49_89, 0x31_68_8e, 0x26_82_8e, 0x1f_9e_89, 0x35_b7_79, 0x6e_ce_58,
    0xb5_de_2b, 0xfd_e7_25,
];
const BLUE_TO_RED: [u32; 3] = [0x00_72_b2, 0xa8_9a_b0, 0xd5_5e_00];

impl Ramp {
    /// The colour at a share of the way from low (0) to high (1), as `#rrggbb`.
    pub fn at(self, share: f64) -> String {
        let stops: &[u32] = match self {
            Self::Viridis => &VIRIDIS,
            Self::BlueToRed => &BLUE_TO_RED,
        };
        let position = share.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let below = (position.floor() as usize).min(stops.len() - 2);
        let part = position - below as f64;
        let channel = |shift: u32| {
            let of = |stop: u32| f64::from((stop >> shift) & 0xff);
            let (a, b) = (of(stops[below]), of(stops[below + 1]));
            (a + (b - a) * part).round() as u8
        };
        format!("#{:02x}{:02x}{:02x}", channel(16), channel(8), channel(0))
    }
}

/// What the colours of a ramp stand for: a bar to the right of the chart, with its ends and its name.
#[derive(Clone, Debug)]
pub struct Key {
    ramp: Ramp,
    low: String,
    high: String,
    label: String,
}

/// Steps in which the bar is painted.
const STEPS: usize = 32;
/// From the edge of the chart to the bar, and from there to the words beside it \[px\].
const BEFORE: f64 = 14.0;
const BESIDE: f64 = 15.0;
/// Room for the turned label \[px\].
const TURNED: f64 = 30.0;

impl Key {
    /// A key for numbers from `low` to `high`.
    pub fn new(ramp: Ramp, low: f64, high: f64, label: impl Into<String>) -> Self {
        let number = |x| format::significant(x, 3);
        Self::named(ramp, number(low), number(high), label)
    }

    /// A key whose ends are words.
    pub fn named(
        ramp: Ramp,
        low: impl Into<String>,
        high: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self { ramp, low: low.into(), high: high.into(), label: label.into() }
    }
}

impl Mark for Key {
    fn room_at_right(&self) -> f64 {
        let words = text_width(&self.high, 12.0).max(text_width(&self.low, 12.0));
        BEFORE + (BESIDE + words).max(TURNED)
    }

    fn draw(&self, f: &PlotArea<'_>) -> String {
        let (x, step) = (f.right() + BEFORE, f.height / STEPS as f64);
        let mut out = String::new();
        for i in 0..STEPS {
            let colour = self.ramp.at((i as f64 + 0.5) / STEPS as f64);
            let y = f.bottom() - (i + 1) as f64 * step;
            let (x, y, h) = (px(x), px(y), px(step + 0.3));
            out.push_str(&format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"10\" height=\"{h}\" fill=\"{colour}\"/>\n"
            ));
        }
        let mut text = |y: f64, words: &str, more: &str| {
            let words = super::svg::escape(words);
            let (x, y) = (px(x + BESIDE), px(y));
            out.push_str(&format!("<text x=\"{x}\" y=\"{y}\"{more}>{words}</text>\n"));
        };
        text(f.top + 9.0, &self.high, "");
        text(f.bottom(), &self.low, "");
        let middle = f.top + f.height / 2.0;
        let turned = format!(
            " fill=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 {} {})\"",
            Colour::INK.0,
            px(x + 24.0),
            px(middle)
        );
        let words = super::svg::escape(&self.label);
        let (x, y) = (px(x + 24.0), px(middle + 4.0));
        out.push_str(&format!("<text x=\"{x}\" y=\"{y}\"{turned}>{words}</text>\n"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_ramp_are_its_first_and_last_colour() {
        assert_eq!(Ramp::Viridis.at(0.0), "#440154");
        assert_eq!(Ramp::Viridis.at(1.0), "#fde725");
        assert_eq!(Ramp::BlueToRed.at(7.0), "#d55e00");
    }
}
