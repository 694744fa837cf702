//! Cross-validated accuracy of the surrogates on a CSV file: inputs first, then the outcome; a column `n_replicates` is
//! ignored.
//!
//! `cargo run --release --example accuracy -- FILE [--repeats N] [--folds] [surrogates…]`; with `--folds` it prints the splits
//! instead, for `benches/peers/accuracy.py --folds`.
#![expect(clippy::disallowed_types, reason = "timings are printed; no result depends on them")]

use std::num::NonZeroUsize;
use std::time::Instant;

use flowtwin_lab::Streams;
use flowtwin_twin::evaluate::split;
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

/// Parts of each split.
const FOLDS: usize = 10;

struct Arguments {
    file: String,
    repeats: usize,
    folds: bool,
    surrogates: Vec<SurrogateSpec>,
}

impl Arguments {
    fn read() -> Self {
        let mut given = std::env::args().skip(1);
        let file = given.next().expect("a file");
        let mut read = Self { file, repeats: 5, folds: false, surrogates: Vec::new() };
        while let Some(word) = given.next() {
            match word.as_str() {
                "--repeats" => {
                    let count = given.next().and_then(|count| count.parse().ok());
                    read.repeats = count.expect("a number of repeats");
                }
                "--folds" => read.folds = true,
                name => read.surrogates.push(name.parse().expect("a surrogate")),
            }
        }
        if read.surrogates.is_empty() {
            read.surrogates = SurrogateSpec::ALL
                .into_iter()
                .filter(|s| !s.is_legacy() && s.needs_data_only())
                .collect();
        }
        read
    }
}

/// Which row is in which fold of which repeat.
fn print_folds(x: &Array2<f64>, repeats: usize, context: &Context) {
    println!("repeat,fold,row");
    for repeat in 0..repeats {
        let parts = split(x.view(), FOLDS, repeat as u64, context);
        for (fold, part) in parts.iter().enumerate() {
            part.iter().for_each(|row| println!("{repeat},{fold},{row}"));
        }
    }
}

fn main() {
    let arguments = Arguments::read();
    let (x, y) = read(&arguments.file);
    let repeats = arguments.repeats;
    let threads = NonZeroUsize::new(2).expect("two");
    let context = Context::new(Streams::new(1)).with_threads(threads);
    if arguments.folds {
        return print_folds(&x, repeats, &context);
    }
    println!(
        "{:<18} {:>22} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "surrogate", "R2 [95 %]", "r2", "rmse", "nll", "cover", "ms/fit"
    );
    for surrogate in arguments.surrogates {
        let begun = Instant::now();
        let e = cross_validate(&surrogate, x.view(), &y, (FOLDS, repeats), &context)
            .expect("the data can be learnt");
        let ms = begun.elapsed().as_secs_f64() * 1e3 / (e.folds * e.repeats) as f64;
        println!(
            "{:<18} {:>6.3} [{:>5.3}, {:>5.3}] {:>8.3} {:>8.4} {:>8.3} {:>8.3} {:>8.1}",
            surrogate.name(),
            e.r2.value,
            e.r2.low,
            e.r2.high,
            e.pearson_r2.value,
            e.rmse.value,
            e.nll.value,
            e.coverage_95.value,
            ms * threads.get() as f64
        );
    }
}
