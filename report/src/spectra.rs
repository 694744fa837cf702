//! `spectra.parquet`: the spectra of all experiments, one row for each pixel.

use std::io;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::run::{Experiment, Run};

const SCHEMA: &str = "
message spectra {
    required int32 experiment (integer(32, true));
    required binary phase (string);
    required binary channel (string);
    required binary unit (string);
    required double wavelength_nm;
    required double value;
}";

/// Experiments in one row group: a reader that wants one experiment skips the other groups.
const GROUP: usize = 50;

/// The bytes of `spectra.parquet`; no rows where the run has no spectra.
///
/// # Errors
/// Only for a run of more than 2³¹ experiments.
pub fn spectra_parquet(run: &Run<'_>) -> io::Result<Vec<u8>> {
    write(run).map_err(io::Error::other)
}

fn write(run: &Run<'_>) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_created_by("flowtwin".into())
        .set_compression(Compression::UNCOMPRESSED)
        .set_key_value_metadata(Some(metadata(run)))
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let grids = grids(run);
    for experiments in run.experiments().chunks(GROUP) {
        let columns = Columns::gather(run, experiments, &grids)?;
        let mut group = file.next_row_group()?;
        columns.write(&mut group)?;
        group.close()?;
    }
    file.into_inner()
}

/// What stays with the table wherever it goes.
fn metadata(run: &Run<'_>) -> Vec<KeyValue> {
    let header = run.header();
    let pair = |key: &str, value: String| KeyValue::new(format!("flowtwin.{key}"), value);
    vec![
        pair("simulated", header.simulated.to_string()),
        pair("scenario", header.scenario.clone()),
        pair("seed", header.seed.to_string()),
        pair("journal_sha256", run.journal().sha256()),
    ]
}

/// The wavelengths of every channel by its name [nm].
type Grids = Vec<(String, Arc<[f64]>)>;

fn grids(run: &Run<'_>) -> Grids {
    let Some(analysis) = run.definition().analysis(&run.header().manifest) else {
        return Grids::new();
    };
    let grid = |(i, c): (usize, &flowtwin_lab::analysis::Channel)| {
        (c.name.clone(), analysis.wavelengths_nm(i).clone())
    };
    analysis.channels().iter().enumerate().map(grid).collect()
}

/// The columns of a row group.
#[derive(Debug, Default)]
struct Columns {
    experiment: Vec<i32>,
    phase: Vec<ByteArray>,
    channel: Vec<ByteArray>,
    unit: Vec<ByteArray>,
    wavelength_nm: Vec<f64>,
    value: Vec<f64>,
}

impl Columns {
    fn gather(
        run: &Run<'_>,
        experiments: &[Experiment<'_>],
        grids: &Grids,
    ) -> Result<Self, ParquetError> {
        let mut columns = Self::default();
        for e in experiments {
            let number = i32::try_from(e.record.experiment)
                .map_err(|error| ParquetError::General(error.to_string()))?;
            let phase = run.phases()[e.phase].record.name.as_str();
            for spectrum in &e.record.spectra {
                let Some((_, grid)) = grids.iter().find(|(name, _)| *name == spectrum.name) else {
                    continue;
                };
                let n = grid.len().min(spectrum.values.len());
                columns.experiment.extend(std::iter::repeat_n(number, n));
                columns.phase.extend(repeated(phase, n));
                columns.channel.extend(repeated(&spectrum.name, n));
                columns.unit.extend(repeated(&spectrum.unit, n));
                columns.wavelength_nm.extend_from_slice(&grid[..n]);
                columns.value.extend_from_slice(&spectrum.values[..n]);
            }
        }
        Ok(columns)
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<'_, Vec<u8>>) -> Result<(), ParquetError> {
        column::<Int32Type>(group, &self.experiment)?;
        column::<ByteArrayType>(group, &self.phase)?;
        column::<ByteArrayType>(group, &self.channel)?;
        column::<ByteArrayType>(group, &self.unit)?;
        column::<DoubleType>(group, &self.wavelength_nm)?;
        column::<DoubleType>(group, &self.value)
    }
}

fn repeated(text: &str, n: usize) -> impl Iterator<Item = ByteArray> {
    std::iter::repeat_n(ByteArray::from(text), n)
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("the schema has this column");
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}
