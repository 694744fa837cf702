//! Cross-validated accuracy of the surrogates on a CSV file: inputs first, then the outcome; a column `n_replicates` is
//! ignored.
//!
//! `cargo run --release --example accuracy -- FILE [surrogates…]`
#![expect(clippy::disallowed_types, reason = "timings are printed; no result depends on them")]

use std::num::NonZeroUsize;
use std::time::Instant;

use flowtwin_lab::Streams;
use flowtwin_twin::{Context, SurrogateSpec, cross_validate};
use ndarray::Array2;

fn read(path: &str) -> (Array2<f64>, Vec<f64>) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let columns = header.iter().filter(|name| **name != "n_replicates").count();
    let rows: Vec<Vec<f64>> = lines
        .map(|line| line.split(',').take(columns).map(|v| v.parse().expect("a number")).collect())
        .collect();
    let dim = columns - 1;
    let range = |j: usize| {
        let low = rows.iter().map(|r| r[j]).fold(f64::INFINITY, f64::min);
        (low, rows.iter().map(|r| r[j]).fold(f64::NEG_INFINITY, f64::max) - low)
    };
    let ranges: Vec<_> = (0..dim).map(range).collect();
    let x =
        Array2::from_shape_fn((rows.len(), dim), |(i, j)| (rows[i][j] - ranges[j].0) / ranges[j].1);
    (x, rows.iter().map(|r| r[dim]).collect())
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (x, y) = read(&arguments.next().expect("a file"));
    let mut names: Vec<String> = arguments.collect();
    if names.is_empty() {
        names = SurrogateSpec::ALL
            .into_iter()
            .filter(|s| !s.is_legacy())
            .map(|s| s.name().into())
            .collect();
    }
    let context = Context::new(Streams::new(1)).with_threads(NonZeroUsize::new(2).expect("two"));
    println!(
        "{:<18} {:>22} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "surrogate", "R2 [95 %]", "r2", "rmse", "nll", "cover", "ms/fit"
    );
    for name in names {
        let surrogate: SurrogateSpec = name.parse().expect("a surrogate");
        let begun = Instant::now();
        let e = cross_validate(&surrogate, x.view(), &y, (10, 5), &context)
            .expect("the data can be learnt");
        let ms = begun.elapsed().as_secs_f64() * 1e3 / 50.0 * 2.0;
        println!(
            "{name:<18} {:>6.3} [{:>5.3}, {:>5.3}] {:>8.3} {:>8.4} {:>8.3} {:>8.3} {ms:>8.1}",
            e.r2.value,
            e.r2.low,
            e.r2.high,
            e.pearson_r2.value,
            e.rmse.value,
            e.nll.value,
            e.coverage_95.value
        );
    }
}
