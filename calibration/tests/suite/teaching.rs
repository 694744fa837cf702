//! The policy `calibrate` and calibrations mean the same by information.

use flowtwin_calibration::{Free, calibrate, free};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Conditions, Streams, math};
use flowtwin_twin::Question;
use flowtwin_twin::design::Sobol;
use nalgebra::DMatrix;

use crate::{measured_at, scenario};

/// A quarter of the range of each key is one standard deviation of what is believed.
const SHARE: f64 = 0.25;

/// Eighteen points of a sequence. A calibration simulates replicates at each third of them, and the policy at the first six of the
/// sequence: they come where both look.
fn points(scenario: &Scenario) -> Vec<Conditions> {
    let space = scenario.space();
    let sequence = Sobol::scrambled(space.dim(), &mut Streams::new(0).open("teaching", 0));
    let points = sequence.take(64).map(|u| space.from_unit(&u));
    let all: Vec<Conditions> = points.filter(|at| space.contains(at)).take(18).collect();
    (0..18)
        .map(|i| if i % 3 == 0 { i / 3 } else { 6 + i - i / 3 - 1 })
        .map(|i| all[i].clone())
        .collect()
}

/// The covariance of a calibration, and the inverse of the information that the policy counts for the same experiments.
#[test]
fn the_policy_counts_information_as_a_calibration_does() {
    let scenario = scenario("snar-calibrate");
    let keys = free(&scenario, &[]).unwrap();
    let truth: Vec<f64> = keys.iter().map(|key| key.start).collect();
    let measured = measured_at(&scenario, (&keys, &truth), &points(&scenario), 3);
    let calibration = calibrate(&scenario, &keys, &measured).unwrap();
    let teaching = scenario.mechanism().unwrap().teaching().unwrap();
    let (shared, n) = (teaching.shared(), teaching.shared() + keys.len());
    let points: Vec<Vec<f64>> =
        measured.experiments.iter().map(|it| scenario.space().to_unit(&it.conditions)).collect();
    let questions: Vec<Question<'_>> =
        points.iter().map(|x| Question { x, measured: None }).collect();
    let unit = |key: &Free| SHARE * (key.scaled(key.high) - key.scaled(key.low));
    let found = calibration.parameters.iter().map(|it| it.value.unwrap_or(it.start));
    let z: Vec<f64> = keys
        .iter()
        .zip(found)
        .map(|(key, value)| (key.scaled(value) - key.scaled(key.start)) / unit(key))
        .collect();
    let lessons = teaching.lessons(&z, &questions).unwrap();
    // Nothing is believed of the keys here: a calibration's covariance is of its data alone.
    let mut information =
        DMatrix::from_fn(n, n, |i, j| if i == j && i < shared { 1.0 } else { 0.0 });
    for lesson in &lessons {
        let slopes = DMatrix::from_row_slice(lesson.residuals.len(), n, &lesson.slopes);
        information += slopes.transpose() * slopes;
    }
    let covariance = information.try_inverse().unwrap();
    // What is left of noise widens the intervals of a calibration, and is no part of its information.
    let wider = calibration.chi2_per_dof.max(1.0).sqrt();
    for (k, key) in keys.iter().enumerate() {
        let counted = covariance[(shared + k, shared + k)].sqrt() * unit(key);
        let found = calibration.covariance[k][k].sqrt() / wider;
        assert!((0.9..1.1).contains(&(counted / found)), "{}: {counted} {found}", key.key);
    }
    let of = |matrix: DMatrix<f64>| math::ln(matrix.determinant()) / (2.0 * keys.len() as f64);
    let units: f64 = keys.iter().map(|key| math::ln(unit(key))).sum::<f64>() / keys.len() as f64;
    let counted = of(covariance.view((shared, shared), (keys.len(), keys.len())).into()) + units;
    let rows = |i: usize, j: usize| calibration.covariance[i][j];
    let found = of(DMatrix::from_fn(keys.len(), keys.len(), rows)) - math::ln(wider);
    assert!((counted - found).abs() < 0.1, "{counted} {found}");
}
