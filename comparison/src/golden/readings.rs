//! What a golden run reads: the reference of each channel, then the features and spectra of each experiment.

use flowtwin_lab::journal::{BlankRecord, ExperimentRecord};

/// Bands of a spectrum, each the mean of its pixels.
const BANDS: usize = 12;

/// Numbers that belong together: those of the references, or of one experiment. What could not be read is NaN.
pub(crate) type Block = Vec<f64>;

/// The references of all channels, in bands \[counts\].
pub(crate) fn of_blank(blank: &BlankRecord) -> Block {
    blank.reference.iter().flat_map(|counts| bands(counts)).collect()
}

/// The features of an experiment, then its spectra in bands.
pub(crate) fn of_experiment(record: &ExperimentRecord) -> Block {
    let features = record.features.iter().map(|(_, value)| value.unwrap_or(f64::NAN));
    let spectra = record.spectra.iter().flat_map(|spectrum| bands(&spectrum.values));
    features.chain(spectra).collect()
}

/// The means of a spectrum over bands of equal numbers of pixels; the pixels themselves where there are fewer.
fn bands(values: &[f64]) -> Vec<f64> {
    let bands = BANDS.min(values.len());
    let edge = |band: usize| band * values.len() / bands;
    let of = |band| flowtwin_statistics::mean(&values[edge(band)..edge(band + 1)]);
    (0..bands).map(of).collect()
}

/// The differences of two blocks.
pub(crate) fn minus(a: &[f64], b: &[f64]) -> Block {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_every_pixel_once() {
        let values: Vec<f64> = (0..25).map(f64::from).collect();
        let bands = bands(&values);
        assert_eq!(bands.len(), BANDS);
        assert!((bands[0] - 0.5).abs() < 1e-12);
        assert!((bands[BANDS - 1] - 23.0).abs() < 1e-12);
        assert_eq!(super::bands(&[3.0, 4.0]), [3.0, 4.0]);
        assert!(super::bands(&[]).is_empty());
    }
}
