//! One number read off a spectrum.

use serde::{Deserialize, Serialize};

use super::bands::Laid;
use super::{AnalysisError, Band, Channel, ChannelKind, Window};
use crate::observation::Spectrum;

/// Widest average over wavelengths [nm].
const WIDEST_NM: f64 = 1000.0;

/// A named number: read off the spectrum of a channel, told by an instrument, or computed from other numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// The channel whose spectrum it is read off, or the analyser or the sensor that tells it; empty where it is computed.
    pub channel: String,
    /// How.
    pub measure: Measure,
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Feature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Feature".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

/// A feature as files have it: read off the spectrum of a `channel` by a `measure`, or computed by a `formula` from inputs, rates, volumes,
/// times and other features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Written {
    /// Its name; where it is computed, it ends in its unit.
    name: String,
    /// The channel whose spectrum it is read off, or the analyser or the sensor that tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measure: Option<Measure>,
    /// The formula that computes it, in place of channel and measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    formula: Option<String>,
}

impl TryFrom<Written> for Feature {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { name, channel, measure, formula } = written;
        let missing = |key: &str| Err(format!("missing key `{key}` of the feature {name}"));
        match (channel, measure, formula) {
            (Some(channel), Some(measure), None) => Ok(Self { name, channel, measure }),
            (None, None, Some(formula)) => {
                Ok(Self { name, channel: String::new(), measure: Measure::Formula(formula) })
            }
            (_, _, Some(_)) => Err(format!(
                "the feature {name} has a `formula`: it is not read off a spectrum, and has neither `channel` nor `measure`"
            )),
            (None, ..) => missing("channel"),
            (Some(_), None, None) => missing("measure"),
        }
    }
}

impl From<Feature> for Written {
    fn from(feature: Feature) -> Self {
        let Feature { name, channel, measure } = feature;
        match measure {
            Measure::Formula(formula) => {
                Self { name, channel: None, measure: None, formula: Some(formula) }
            }
            measure => Self { name, channel: Some(channel), measure: Some(measure), formula: None },
        }
    }
}

/// How a number is read off a spectrum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Measure {
    /// The value at a wavelength, averaged over the pixels within `width_nm` around it.
    ///
    /// Whole pixels count, so their mean wavelength can be off by up to half a pixel's width: on a shoulder that falls by
    /// 16 % in a nanometre, 2 nm of an HDX read 0.6 % less than the value at the wavelength itself.
    ValueAt {
        /// Wavelength \[nm\].
        nm: f64,
        /// Width of the average \[nm\]; it must hold a pixel. 0 interpolates linearly between pixels.
        width_nm: f64,
    },
    /// The largest value in a window, after a moving average.
    PeakHeight {
        /// Lower end \[nm\].
        low_nm: f64,
        /// Upper end \[nm\].
        high_nm: f64,
        /// Width of the moving average \[nm\].
        smooth_nm: f64,
    },
    /// Where the largest value lies, after a moving average: the vertex of the parabola fitted to the points
    /// within `smooth_nm` on either side of it \[nm\]. Where that is no maximum, or lies further off, the pixel of
    /// the largest moving average. Missing where the largest value stands at an end of the window, or no higher above
    /// its mean than noise does: then there is no peak in it.
    PeakPosition {
        /// Lower end \[nm\].
        low_nm: f64,
        /// Upper end \[nm\].
        high_nm: f64,
        /// Width of the moving average \[nm\].
        smooth_nm: f64,
    },
    /// The full width at half maximum of the peak in a window, after a moving average: between the places nearest to the peak where
    /// the average falls to half its height \[nm\]. Missing where there is no peak, as for `peak_position`, or half its height is not
    /// reached within the window. An average over a fifth of the width widens a Gaussian band by 1 %.
    PeakWidth {
        /// Lower end \[nm\].
        low_nm: f64,
        /// Upper end \[nm\].
        high_nm: f64,
        /// Width of the moving average \[nm\].
        smooth_nm: f64,
    },
    /// The area over a window by the trapezoid rule.
    Area {
        /// Lower end \[nm\].
        low_nm: f64,
        /// Upper end \[nm\].
        high_nm: f64,
    },
    /// The height of one of several overlapping Gaussian bands, by least squares over a window.
    Component {
        /// Lower end of the window \[nm\].
        low_nm: f64,
        /// Upper end of the window \[nm\].
        high_nm: f64,
        /// All bands that may be there.
        bands: Vec<Band>,
        /// Which of them is reported, counted from 0.
        which: usize,
    },
    /// The concentration that an analyser finds of a species \[mM\].
    Concentration {
        /// The species.
        of: String,
    },
    /// What a sensor in the line reads as the sample is taken.
    Reading,
    /// What a formula computes from inputs, rates, volumes, times and other features; scenarios write `formula` in the place of
    /// channel and measure.
    #[serde(skip)]
    Formula(String),
}

impl Feature {
    /// Whether a formula computes it.
    pub fn is_computed(&self) -> bool {
        matches!(self.measure, Measure::Formula(_))
    }

    pub(super) fn check(&self, channel: &Channel, grid: &[f64]) -> Result<(), AnalysisError> {
        let what = format!("feature {}", self.name);
        if matches!(self.measure, Measure::Concentration { .. } | Measure::Reading) {
            let detail =
                format!("{} is a spectrometer's channel, which shows a spectrum", channel.name);
            return Err(AnalysisError::Unfit { feature: self.name.clone(), detail });
        }
        channel.check_window(&what, self.measure.window(), grid)?;
        let within = |key: &str, value: f64, high: f64, unit| {
            if (0.0..=high).contains(&value) {
                return Ok(());
            }
            Err(AnalysisError::OutOfRange { what: format!("{what}: {key}"), value, high, unit })
        };
        match &self.measure {
            Measure::ValueAt { width_nm: nm, .. } => within("width_nm", *nm, WIDEST_NM, " nm"),
            Measure::PeakHeight { smooth_nm: nm, .. }
            | Measure::PeakPosition { smooth_nm: nm, .. }
            | Measure::PeakWidth { smooth_nm: nm, .. } => {
                within("smooth_nm", *nm, WIDEST_NM, " nm")
            }
            Measure::Component { bands, which, .. } => {
                within("which", *which as f64, bands.len() as f64 - 1.0, "")
            }
            Measure::Area { .. }
            | Measure::Concentration { .. }
            | Measure::Reading
            | Measure::Formula(_) => Ok(()),
        }
    }
}

impl Measure {
    /// Whether it follows the amount of something, a little more for a little more. Positions and widths of peaks jump from one peak
    /// to another, and formulas may be of them.
    pub fn follows_amounts(&self) -> bool {
        !matches!(self, Self::PeakPosition { .. } | Self::PeakWidth { .. } | Self::Formula(_))
    }

    /// Unit of the number, on a channel of this kind.
    pub fn unit(&self, kind: ChannelKind) -> &'static str {
        match (self, kind) {
            (Self::PeakPosition { .. } | Self::PeakWidth { .. }, _) => "nm",
            (Self::Area { .. }, ChannelKind::Absorbance) => "AU·nm",
            (Self::Area { .. }, ChannelKind::Emission) => "counts·nm",
            (Self::Concentration { .. }, _) => "mM",
            (Self::Reading, _) => "",
            // It is in the name.
            (Self::Formula(_), _) => "",
            (_, kind) => kind.unit(),
        }
    }

    /// The wavelengths on which the number depends: its window, and as far beyond as the window's ends are smoothed.
    pub(super) fn reach(&self) -> Window {
        let Window { low_nm, high_nm } = self.window();
        let beyond_nm = match *self {
            Self::PeakHeight { smooth_nm, .. }
            | Self::PeakPosition { smooth_nm, .. }
            | Self::PeakWidth { smooth_nm, .. } => smooth_nm,
            _ => 0.0,
        };
        Window { low_nm: low_nm - beyond_nm, high_nm: high_nm + beyond_nm }
    }

    fn window(&self) -> Window {
        match *self {
            // Half a pixel of an HDX is 0.19 nm: a point must have a pixel within 1 nm.
            Self::ValueAt { nm, width_nm } => {
                let half = if width_nm > 0.0 { width_nm / 2.0 } else { 1.0 };
                Window { low_nm: nm - half, high_nm: nm + half }
            }
            Self::PeakHeight { low_nm, high_nm, .. }
            | Self::PeakPosition { low_nm, high_nm, .. }
            | Self::PeakWidth { low_nm, high_nm, .. }
            | Self::Area { low_nm, high_nm }
            | Self::Component { low_nm, high_nm, .. } => Window { low_nm, high_nm },
            Self::Concentration { .. } | Self::Reading | Self::Formula(_) => {
                Window { low_nm: f64::NAN, high_nm: f64::NAN }
            }
        }
    }

    /// The bands of a component on the pixels of a grid; none of what is no component.
    pub(super) fn laid(&self, grid: &[f64]) -> Option<Laid> {
        let Self::Component { bands, .. } = self else { return None };
        Some(Laid::new(bands, self.window(), grid))
    }

    /// The number, from a spectrum on whose pixels its bands [are laid out](Self::laid).
    pub(super) fn with(&self, laid: Option<&Laid>, spectrum: &Spectrum) -> f64 {
        match (self, laid) {
            (Self::Component { which, .. }, Some(laid)) => {
                laid.heights(&spectrum.values).get(*which).copied().unwrap_or(f64::NAN)
            }
            _ => self.of(spectrum),
        }
    }

    /// The number, from a spectrum.
    pub fn of(&self, spectrum: &Spectrum) -> f64 {
        let (grid, values) = (&spectrum.wavelengths_nm[..], &spectrum.values[..]);
        match self {
            Self::ValueAt { nm, width_nm } if *width_nm <= 0.0 => interpolate(grid, values, *nm),
            Self::ValueAt { nm, width_nm } => {
                let half = width_nm / 2.0;
                Window { low_nm: nm - half, high_nm: nm + half }.mean(grid, values)
            }
            Self::PeakHeight { smooth_nm, .. } => {
                peak(grid, values, self.window(), *smooth_nm).map_or(f64::NAN, |(_, height)| height)
            }
            Self::PeakPosition { smooth_nm, .. } => vertex(grid, values, self.window(), *smooth_nm),
            Self::PeakWidth { smooth_nm, .. } => width(grid, values, self.window(), *smooth_nm),
            Self::Area { .. } => area(grid, values, self.window()),
            Self::Component { bands, which, .. } => {
                let heights = Laid::new(bands, self.window(), grid).heights(values);
                heights.get(*which).copied().unwrap_or(f64::NAN)
            }
            // No spectrum tells these.
            Self::Concentration { .. } | Self::Reading | Self::Formula(_) => f64::NAN,
        }
    }
}

fn interpolate(grid: &[f64], values: &[f64], nm: f64) -> f64 {
    let i = grid.partition_point(|&x| x < nm).clamp(1, grid.len() - 1);
    let t = (nm - grid[i - 1]) / (grid[i] - grid[i - 1]);
    values[i - 1] + t * (values[i] - values[i - 1])
}

fn area(grid: &[f64], values: &[f64], window: Window) -> f64 {
    let pixels = window.pixels(grid);
    let (x, y) = (&grid[pixels.clone()], &values[pixels]);
    x.windows(2).zip(y.windows(2)).map(|(x, y)| 0.5 * (x[1] - x[0]) * (y[0] + y[1])).sum()
}

/// The moving average at a pixel.
fn smoothed(grid: &[f64], values: &[f64], pixel: usize, smooth_nm: f64) -> f64 {
    let half = smooth_nm / 2.0;
    Window { low_nm: grid[pixel] - half, high_nm: grid[pixel] + half }.mean(grid, values)
}

/// Pixel and height of the largest moving average in the window.
fn peak(grid: &[f64], values: &[f64], window: Window, smooth_nm: f64) -> Option<(usize, f64)> {
    let mean = |&i: &usize| (i, smoothed(grid, values, i, smooth_nm));
    let pixels: Vec<usize> = window.pixels(grid).collect();
    pixels.iter().map(mean).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// The vertex of the least-squares parabola through the points around the peak [nm].
fn vertex(grid: &[f64], values: &[f64], window: Window, smooth_nm: f64) -> f64 {
    let Some((top, height)) = peak(grid, values, window, smooth_nm) else {
        return f64::NAN;
    };
    if !stands_out(grid, values, window, (top, height), smooth_nm) {
        return f64::NAN;
    }
    let centre = grid[top];
    let around = Window { low_nm: centre - smooth_nm, high_nm: centre + smooth_nm };
    let pixels = around.pixels(grid);
    let mut s = [0.0; 5];
    let mut t = [0.0; 3];
    for (nm, value) in grid[pixels.clone()].iter().zip(&values[pixels]) {
        let x = nm - centre;
        let powers = [1.0, x, x * x, x * x * x, x * x * x * x];
        for (sum, power) in s.iter_mut().zip(powers) {
            *sum += power;
        }
        for (sum, power) in t.iter_mut().zip(powers) {
            *sum += power * value;
        }
    }
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let slope = det([[s[0], t[0], s[2]], [s[1], t[1], s[3]], [s[2], t[2], s[4]]]);
    let curvature = det([[s[0], s[1], t[0]], [s[1], s[2], t[1]], [s[2], s[3], t[2]]]);
    let shift = -0.5 * slope / curvature;
    let vertex = if curvature < 0.0 && shift.abs() <= smooth_nm { centre + shift } else { centre };
    // A band whose top lies outside has none in the window.
    if (window.low_nm..=window.high_nm).contains(&vertex) { vertex } else { f64::NAN }
}

/// The full width at half maximum of the peak \[nm\].
fn width(grid: &[f64], values: &[f64], window: Window, smooth_nm: f64) -> f64 {
    let Some((top, height)) = peak(grid, values, window, smooth_nm) else {
        return f64::NAN;
    };
    if height <= 0.0 || !stands_out(grid, values, window, (top, height), smooth_nm) {
        return f64::NAN;
    }
    let pixels = window.pixels(grid);
    // Where the average first falls to half the height, between the last pixel above and the first below.
    let falls = |ways: &mut dyn Iterator<Item = usize>| {
        let (mut nm, mut above) = (grid[top], height);
        for i in ways {
            let next = smoothed(grid, values, i, smooth_nm);
            if next <= 0.5 * height {
                return nm + (grid[i] - nm) * (above - 0.5 * height) / (above - next);
            }
            (nm, above) = (grid[i], next);
        }
        f64::NAN
    };
    falls(&mut (top + 1..pixels.end)) - falls(&mut (pixels.start..top).rev())
}

/// Times the noise of the moving average by which a peak must stand above the mean of its window. The largest of some ten
/// independent averages of noise does so once in a million.
const STANDS_OUT: f64 = 6.0;

/// Whether a largest moving average is a peak: not at an end of the window, and above the noise.
fn stands_out(
    grid: &[f64],
    values: &[f64],
    window: Window,
    (top, height): (usize, f64),
    smooth_nm: f64,
) -> bool {
    let pixels = window.pixels(grid);
    if top == pixels.start || top + 1 == pixels.end {
        return false;
    }
    let half = smooth_nm / 2.0;
    let around = Window { low_nm: grid[top] - half, high_nm: grid[top] + half };
    let averaged = around.pixels(grid).len().max(1) as f64;
    let above = height - window.mean(grid, values);
    above > STANDS_OUT * noise(&values[pixels]) / averaged.sqrt()
}

/// Standard deviation of the noise from pixel to pixel: from the median of second differences, to which no smooth band
/// contributes. The median of |z| is 0.6745 of a deviation, and a second difference has six times the variance.
fn noise(values: &[f64]) -> f64 {
    let mut differences: Vec<f64> =
        values.windows(3).map(|v| (v[0] - 2.0 * v[1] + v[2]).abs()).collect();
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    let (_, median, _) = differences.select_nth_unstable_by(middle, f64::total_cmp);
    *median / (0.6745 * 6.0_f64.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(value: impl Fn(f64) -> f64) -> Spectrum {
        let grid: Vec<f64> = (0..1000).map(|i| 300.0 + 0.37 * f64::from(i)).collect();
        let values = grid.iter().map(|&nm| value(nm)).collect();
        Spectrum { name: "x".into(), unit: "AU".into(), wavelengths_nm: grid.into(), values }
    }

    #[test]
    fn a_line_is_interpolated_and_integrated_exactly() {
        let line = spectrum(|nm| 2.0 * nm);
        let at = Measure::ValueAt { nm: 333.333, width_nm: 0.0 }.of(&line);
        assert!((at - 666.666).abs() < 1e-9);
        let (low_nm, high_nm) = (300.0, 300.0 + 0.37 * 100.0);
        let area = Measure::Area { low_nm, high_nm }.of(&line);
        assert!((area - (high_nm * high_nm - low_nm * low_nm)).abs() < 1e-6);
    }

    #[test]
    fn the_peak_of_a_band_is_found_between_pixels() {
        let band = Band { centre_nm: 450.1, fwhm_ev: 0.5 };
        let s = spectrum(|nm| 1_000.0 * band.relative(nm));
        let (low_nm, high_nm, smooth_nm) = (400.0, 500.0, 5.0);
        let height = Measure::PeakHeight { low_nm, high_nm, smooth_nm }.of(&s);
        let position = Measure::PeakPosition { low_nm, high_nm, smooth_nm }.of(&s);
        // The Jacobian moves the maximum per wavelength away from the centre energy.
        let finer = (0..20_000).map(|i| 400.0 + f64::from(i) * 0.005);
        let truth = finer.max_by(|a, b| band.relative(*a).total_cmp(&band.relative(*b))).unwrap();
        assert!((truth - 450.1).abs() > 1.0, "{truth}");
        assert!((height / band.relative(truth) - 1_000.0).abs() < 2.0, "{height}");
        assert!((position - truth).abs() < 0.05, "{position} against {truth}");
    }

    /// Where the largest value in 410 to 520 nm lies, with a moving average of 30 nm.
    fn position(value: impl Fn(f64) -> f64) -> f64 {
        let (low_nm, high_nm, smooth_nm) = (410.0, 520.0, 30.0);
        Measure::PeakPosition { low_nm, high_nm, smooth_nm }.of(&spectrum(value))
    }

    /// A Gaussian of 20 nm, with and without its moving average: √(w² + 0.462 s²). A band that ends with the window has no width.
    #[test]
    fn the_width_of_a_band_is_read_at_half_its_height() {
        let gaussian = |nm: f64| {
            let z = (nm - 520.3) / 20.0;
            500.0 * crate::math::exp(-4.0 * std::f64::consts::LN_2 * z * z)
        };
        let width = |low_nm, smooth_nm, value: &dyn Fn(f64) -> f64| {
            Measure::PeakWidth { low_nm, high_nm: 600.0, smooth_nm }.of(&spectrum(value))
        };
        assert!((width(450.0, 0.0, &gaussian) - 20.0).abs() < 0.02);
        let seen = width(450.0, 8.0, &gaussian);
        assert!((seen - (400.0_f64 + 0.462 * 64.0).sqrt()).abs() < 0.05, "{seen} nm");
        assert!(width(513.0, 2.0, &gaussian).is_nan());
        assert!(width(450.0, 2.0, &|nm| nm).is_nan() && width(450.0, 2.0, &|_| 0.0).is_nan());
    }

    /// Between two bands the parabola through the edge of the window has its vertex at the valley.
    #[test]
    fn a_valley_a_slope_and_a_shoulder_are_no_peaks() {
        let other = Band { centre_nm: 380.0, fwhm_ev: 0.25 };
        assert!(position(|nm| (nm - 460.0) * (nm - 460.0)).is_nan());
        assert!(position(|nm| nm).is_nan() && position(|nm| -nm).is_nan());
        assert!(position(|nm| 200.0 * other.relative(nm)).is_nan());
    }

    /// Noise of ten counts, by a generator of Weyl: its largest value is no peak, a band of twice the noise is one.
    #[test]
    fn noise_has_no_peak_and_a_weak_band_has() {
        let band = Band { centre_nm: 452.0, fwhm_ev: 0.5 };
        for seed in 1..200 {
            let uniform = |nm: f64, step: f64| (nm * 1e3 * step + 0.37 * f64::from(seed)).fract();
            let noise = |nm: f64| {
                let sum: f64 = [0.618_034, 0.414_214, 0.732_051, 0.236_068]
                    .iter()
                    .map(|s| uniform(nm, *s))
                    .sum();
                10.0 * (sum - 2.0) * 3.0_f64.sqrt()
            };
            assert!(position(noise).is_nan(), "seed {seed}: {}", position(noise));
            let seen = position(|nm| noise(nm) + 100.0 * band.relative(nm));
            assert!((seen - 450.0).abs() < 12.0, "seed {seed}: {seen}");
        }
        assert!(position(|_| 0.0).is_nan());
    }

    #[test]
    fn features_that_could_not_be_read_are_refused_before_anything_is_measured() {
        let channel = Channel {
            name: "x".into(),
            spectrometer: "s".into(),
            light: "l".into(),
            kind: ChannelKind::Emission,
            exposure: crate::command::Exposure { integration_us: 20_000, frames: 10 },
            phase: super::super::PhaseWindow { low_nm: 300.0, high_nm: 301.0, keep: 4 },
            baseline: Window { low_nm: 303.0, high_nm: 304.0 },
            decimals: 6,
            least_light_counts: 100.0,
        };
        let grid = spectrum(|nm| nm).wavelengths_nm;
        let check = |measure: Measure| {
            let feature = Feature { name: "f".into(), channel: "x".into(), measure };
            let read = feature.measure.of(&spectrum(|nm| nm));
            (feature.check(&channel, &grid).map_err(|e| e.to_string()), read)
        };
        let bands = || vec![Band { centre_nm: 450.0, fwhm_ev: 0.5 }];
        let (low_nm, high_nm) = (400.0, 500.0);
        let wide = Measure::ValueAt { nm: 300.2, width_nm: 0.4 };
        assert!(check(wide).0.is_ok());
        // Pixels lie at 300.00 and 300.37 nm, none within 0.05 nm of 300.2.
        for (measure, message) in [
            (Measure::ValueAt { nm: 300.2, width_nm: 0.1 }, "holds no pixel"),
            (
                Measure::ValueAt { nm: 300.2, width_nm: -1.0 },
                "width_nm = -1 is outside 0 to 1000 nm",
            ),
            (Measure::PeakHeight { low_nm, high_nm, smooth_nm: -2.0 }, "smooth_nm = -2 is outside"),
            (Measure::PeakPosition { low_nm, high_nm, smooth_nm: 1e4 }, "smooth_nm = 10000 is"),
            (Measure::Component { low_nm, high_nm, bands: bands(), which: 1 }, "outside 0 to 0"),
        ] {
            let (checked, read) = check(measure);
            let error = checked.expect_err(message);
            assert!(error.starts_with("feature f") || error.contains("feature f"), "{error}");
            assert!(error.contains(message), "{error}: {message}, and reads {read}");
        }
        assert!(check(Measure::Component { low_nm, high_nm, bands: bands(), which: 0 }).0.is_ok());
    }
}
