//! What a spectrometer makes of light before it is counted: second order, fringes, pixels that differ; and what it
//! counts without light.

use flowtwin_lab::{Streams, math};

use crate::model::liquid::ROOM_C;
use crate::spec::Spectrometer;

/// Kelvins in which the dark signal doubles: what makers of silicon detectors state, 6 to 8 K.
const DOUBLES_K: f64 = 7.0;

/// A place between two pixels.
#[derive(Clone, Copy, Debug)]
struct Between {
    below: usize,
    /// How far it is towards the next pixel, 0 to 1.
    along: f32,
}

impl Between {
    /// Light there: a straight line between the two.
    fn of(self, light: &[f32]) -> f32 {
        let Self { below, along } = self;
        light[below] + along * (light[below + 1] - light[below])
    }
}

/// What each pixel shows in place of its own wavelength; none where each shows its own.
#[derive(Clone, Debug)]
pub(crate) struct Shift(Option<Vec<Between>>);

/// The response of one spectrometer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The first pixel that sees half its wavelength beside its own, and for it and all beyond where that is.
    second_order: Option<(usize, Vec<Between>)>,
    order: f32,
    /// Sensitivity of each pixel, relative to the mean; none where all are alike.
    sensitivity: Option<Vec<f32>>,
    /// Dark signal of each pixel [counts/s]; none where there is none.
    dark: Option<Vec<f32>>,
    /// Wavelengths of the pixels, and by how much they show longer ones than those \[nm\].
    nm: Vec<f64>,
    offset_nm: f64,
    /// What of a pixel is read with the next.
    lag: f32,
}

impl Response {
    /// The response of a spectrometer whose pixels are at `nm`; fixed patterns are drawn from `streams` by its name.
    pub(crate) fn new(
        name: &str,
        spec: &Spectrometer,
        nm: &[f64],
        ambient_c: f64,
        streams: &Streams,
    ) -> Self {
        let second_order = (spec.second_order_percent > 0.0).then(|| halves(nm));
        Self {
            second_order,
            order: 0.01 * spec.second_order_percent as f32,
            sensitivity: sensitivity(name, spec, nm, streams),
            dark: dark(name, spec, ambient_c, streams),
            nm: nm.to_vec(),
            offset_nm: spec.wavelength_offset_nm,
            lag: 0.01 * spec.pixel_lag_percent as f32,
        }
    }

    /// What pixels show where wavelengths have drifted by so much \[nm\]: the same in all frames of an acquisition.
    pub(crate) fn shift(&self, drifted_nm: f64) -> Shift {
        let off_nm = self.offset_nm + drifted_nm;
        Shift((off_nm != 0.0).then(|| places(&self.nm, off_nm)))
    }

    /// The light as it comes to be counted, in one frame [pixels].
    pub(crate) fn seen(&self, mut light: Vec<f32>, shift: &Shift) -> Vec<f32> {
        if let Some(places) = &shift.0 {
            light = places.iter().map(|place| place.of(&light)).collect();
        }
        if let Some((from, halves)) = &self.second_order {
            let first = light.clone();
            for (light, half) in light[*from..].iter_mut().zip(halves) {
                *light += self.order * half.of(&first);
            }
        }
        if let Some(sensitivity) = &self.sensitivity {
            for (light, sensitivity) in light.iter_mut().zip(sensitivity) {
                *light *= sensitivity;
            }
        }
        lagging(&mut light, self.lag);
        light
    }

    /// Dark signal in one frame of so many seconds \[counts\] \[pixels\]; none where there is none.
    pub(crate) fn dark(&self, seconds: f64) -> Option<Vec<f32>> {
        let of_frame = |dark: &Vec<f32>| {
            let mut dark: Vec<f32> = dark.iter().map(|rate| rate * seconds as f32).collect();
            lagging(&mut dark, self.lag);
            dark
        };
        self.dark.as_ref().map(of_frame)
    }
}

/// Lets each pixel be read with a part of the one before: what an amplifier of a finite bandwidth makes of charges that come one after
/// the other.
fn lagging(pixels: &mut [f32], lag: f32) {
    if lag > 0.0 {
        let mut before = pixels.first().copied().unwrap_or(0.0);
        for pixel in pixels {
            let own = *pixel;
            *pixel = (1.0 - lag) * own + lag * before;
            before = own;
        }
    }
}

/// Where pixels look that show wavelengths longer by `off_nm` than theirs; beyond the last pixel, at that.
fn places(nm: &[f64], off_nm: f64) -> Vec<Between> {
    let mut above = 1;
    let of_pixel = |own: &f64| {
        let there = own + off_nm;
        while above + 1 < nm.len() && nm[above] < there {
            above += 1;
        }
        let along = ((there - nm[above - 1]) / (nm[above] - nm[above - 1])).clamp(0.0, 1.0) as f32;
        Between { below: above - 1, along }
    };
    nm.iter().map(of_pixel).collect()
}

/// Where half the wavelength of each pixel lies among the pixels, from the first pixel on for which it is on the detector.
fn halves(nm: &[f64]) -> (usize, Vec<Between>) {
    let from = nm.partition_point(|own| 0.5 * own <= nm[0]);
    let place = |own: &f64| {
        let half = 0.5 * own;
        let above = nm.partition_point(|nm| *nm < half);
        let along = ((half - nm[above - 1]) / (nm[above] - nm[above - 1])) as f32;
        Between { below: above - 1, along }
    };
    (from, nm[from..].iter().map(place).collect())
}

/// Pixels differ at random, and a thin film makes fringes: 1 + a cos(4π nd/λ) for two beams at right angles to it (Hecht,
/// *Optics*, section 9.4).
fn sensitivity(name: &str, spec: &Spectrometer, nm: &[f64], streams: &Streams) -> Option<Vec<f32>> {
    if spec.fixed_pattern_percent <= 0.0 && spec.etalon_percent <= 0.0 {
        return None;
    }
    let mut draws = streams.open(&format!("spectrometer/{name}/pattern"), 0);
    let phase = 4.0 * std::f64::consts::PI * 1e3 * spec.etalon_um;
    let of_pixel = |nm: &f64| {
        let pattern = 1.0 + 0.01 * spec.fixed_pattern_percent * draws.normal();
        let fringe = 1.0 + 0.01 * spec.etalon_percent * math::cos(phase / nm);
        (pattern.max(0.0) * fringe) as f32
    };
    Some(nm.iter().map(of_pixel).collect())
}

fn dark(name: &str, spec: &Spectrometer, ambient_c: f64, streams: &Streams) -> Option<Vec<f32>> {
    if spec.dark_counts_per_s <= 0.0 {
        return None;
    }
    let warmer = math::exp((ambient_c - ROOM_C) / DOUBLES_K * std::f64::consts::LN_2);
    let usual = spec.dark_counts_per_s * warmer;
    let mut dark = vec![usual as f32; spec.pixels];
    let mut draws = streams.open(&format!("spectrometer/{name}/hot"), 0);
    for _ in 0..spec.hot_pixels {
        let pixel = (draws.uniform() * spec.pixels as f64) as usize;
        dark[pixel.min(spec.pixels - 1)] = (usual * spec.hot_factor) as f32;
    }
    Some(dark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(extra: &str) -> Spectrometer {
        let text = format!(
            "cell = \"c\"\nlight = \"l\"\nsignal = \"emission\"\npixels = 801\n\
             wavelength_coefficients = [200.0, 1.0, 0.0, 0.0]\nslit_nm = 1.0\n{extra}"
        );
        toml::from_str(&text).unwrap()
    }

    fn response(extra: &str, ambient_c: f64) -> Response {
        let nm: Vec<f64> = (0..801).map(|i| 200.0 + f64::from(i)).collect();
        Response::new("s", &spec(extra), &nm, ambient_c, &Streams::new(1))
    }

    fn seen(response: &Response, light: Vec<f32>) -> Vec<f32> {
        response.seen(light, &response.shift(0.0))
    }

    /// A line at 310 nm shows again at 620 nm, with the stated part of its height, and twice as wide.
    #[test]
    fn light_of_half_the_wavelength_shows_in_second_order() {
        let mut light = vec![0.0; 801];
        light[109..=111].copy_from_slice(&[500.0, 1000.0, 500.0]);
        let seen = seen(&response("second_order_percent = 2.0", 25.0), light);
        assert!((seen[420] - 20.0).abs() < 1e-4, "{}", seen[420]);
        assert!((seen[422] - 10.0).abs() < 1e-4 && (seen[421] - 15.0).abs() < 1e-4);
        assert!((seen[110] - 1000.0).abs() < 1e-4 && seen[600].abs() < 1e-6);
    }

    #[test]
    fn pixels_differ_by_their_deviation_and_stay_as_they_are() {
        let response = response("fixed_pattern_percent = 1.5", 25.0);
        let first = seen(&response, vec![1000.0; 801]);
        let mean = first.iter().sum::<f32>() / 801.0;
        let variance = first.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / 800.0;
        assert!((variance.sqrt() - 15.0).abs() < 1.2, "{}", variance.sqrt());
        assert_eq!(seen(&response, vec![1000.0; 801]), first);
    }

    /// A film of 10 µm of optical thickness has fringes every λ²/2nd: 12.5 nm at 500 nm.
    #[test]
    fn fringes_come_at_the_distance_of_their_film() {
        let film = response("etalon_percent = 3.0\netalon_um = 10.0", 25.0);
        let seen = seen(&film, vec![1.0; 801]);
        let tops: Vec<usize> =
            (250..360).filter(|&i| seen[i] > seen[i - 1] && seen[i] >= seen[i + 1]).collect();
        let distance = (tops[tops.len() - 1] - tops[0]) as f64 / (tops.len() - 1) as f64;
        assert!((distance - 12.7).abs() < 0.4, "{distance} nm");
        assert!(seen.iter().all(|s| (s - 1.0).abs() <= 0.0301));
    }

    #[test]
    fn dark_signal_grows_with_time_and_doubles_in_seven_kelvins() {
        let of = |celsius| response("dark_counts_per_s = 20.0\nhot_pixels = 3", celsius);
        let (cool, warm) = (of(25.0), of(32.0));
        let median = |response: &Response, seconds: f64| {
            let mut dark = response.dark(seconds).unwrap();
            dark.sort_by(f32::total_cmp);
            (dark[400], dark[800])
        };
        assert!((median(&cool, 0.5).0 - 10.0).abs() < 1e-4);
        assert!((median(&cool, 1.0).1 - 2000.0).abs() < 1e-2);
        assert!((median(&warm, 0.5).0 - 20.0).abs() < 1e-4);
        assert!(response("", 25.0).dark(1.0).is_none());
    }
}
