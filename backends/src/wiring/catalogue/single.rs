//! What spectrometers have in common that give one frame for each request.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::{LightId, Manifest, Span, SpectrometerId};

use crate::bench::Instruments;
use crate::driver::one_by_one::{Exposes, LampLine, OneByOne, Shared};
use crate::wiring::{Job, Link, Ranged};

/// Shortest and longest that a frame may take longer than its integration time \[ms\].
const GAPS_MS: (f64, f64) = (0.0, 60_000.0);
/// Bits of a byte on a serial line.
const BITS: f64 = 10.0;

/// The number that a section may have.
pub(super) fn ranges(gap_ms: Option<f64>) -> Vec<Ranged> {
    gap_ms.map(|ms| Ranged::new("gap_ms", ms, GAPS_MS.0, GAPS_MS.1)).into_iter().collect()
}

pub(super) fn jobs(name: &str, lamp: Option<&LightId>) -> Vec<Job> {
    let spectrometer = Job::Spectrometer(SpectrometerId::new(name));
    [spectrometer].into_iter().chain(lamp.cloned().map(Job::Light)).collect()
}

/// How long a spectrum of so many bytes is under way on its cable; no time to speak of, other than on a serial line.
pub(super) fn under_way(link: Option<&Link>, bytes: usize) -> Duration {
    match link {
        Some(Link::Serial(serial)) => {
            Duration::from_secs_f64(bytes as f64 * BITS / f64::from(serial.baud.max(1)))
        }
        _ => Duration::ZERO,
    }
}

/// What a frame takes longer than its integration time \[ms\]: what was said, or what its bytes are under way. On a wire in
/// memory that is no time.
pub(super) fn gap_ms(said: Option<f64>, link: Option<&Link>, bytes: usize, usb_ms: f64) -> f64 {
    let cable = |link: &Link| match link {
        Link::Serial(_) => 1e3 * under_way(Some(link), bytes).as_secs_f64(),
        Link::Tcp(_) | Link::Usb(_) => usb_ms,
    };
    said.unwrap_or_else(|| link.map_or(0.0, cable))
}

/// What does not fit between a spectrometer and the scenario, where its detector has so many pixels and its counts end there.
pub(super) fn misfit(
    which: &str,
    (pixels, full_scale): (usize, u16),
    name: &str,
    manifest: &Manifest,
) -> Option<String> {
    let info = manifest.spectrometer(&SpectrometerId::new(name))?;
    ((info.pixels, info.full_scale) != (pixels, full_scale)).then(|| {
        format!(
            "{which} has {pixels} pixels and counts to {full_scale}, and rig.spectrometers.{name} of the scenario has {} and \
             counts to {}: say `pixels = {pixels}` and `full_scale = {full_scale}` there",
            info.pixels, info.full_scale
        )
    })
}

/// Puts the driver of a spectrometer and of the light at its lamp-enable line among `drivers`.
pub(super) fn drive<S: Exposes + 'static>(
    name: &str,
    spectrometer: S,
    gap_ms: f64,
    lamp: Option<LightId>,
    drivers: &mut Instruments,
) {
    let driver = OneByOne::new(spectrometer, Span::from_secs(1e-3 * gap_ms));
    let shared = Rc::new(RefCell::new(driver));
    if let Some(light) = lamp {
        drivers.lights.insert(light, Box::new(LampLine::new(shared.clone())));
    }
    drivers.spectrometers.insert(SpectrometerId::new(name), Box::new(Shared::new(shared)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::SerialSettings;

    #[test]
    fn what_a_frame_takes_longer_follows_from_its_cable_unless_somebody_says_it() {
        let serial = Link::Serial(SerialSettings { baud: 9600, ..SerialSettings::at("port") });
        let usb = Link::Usb("S00042".into());
        for (said, link, ms) in [
            (None, None, 0.0),
            (None, Some(&usb), 17.0),
            (None, Some(&serial), 2200.0),
            (Some(3.0), Some(&serial), 3.0),
        ] {
            let gap = gap_ms(said, link, 2112, 17.0);
            assert!((gap - ms).abs() < 1e-9, "{gap} ms, not {ms}");
        }
    }
}
