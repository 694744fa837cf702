//! The tidy table as Parquet.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::table::{Column, Tidy};

/// The bytes of a table as Parquet, one row group, uncompressed: the same bytes for the same table.
///
/// # Errors
/// If a column's name cannot be one of Parquet's.
pub fn parquet(table: &Tidy) -> io::Result<Vec<u8>> {
    write(table).map_err(io::Error::other)
}

fn write(table: &Tidy) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(&schema(table))?);
    let properties = WriterProperties::builder()
        .set_created_by("flowtwin".into())
        .set_compression(Compression::UNCOMPRESSED)
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (_, column) in table.columns() {
        let mut writer = group.next_column()?.expect("the schema has this column");
        match column {
            Column::Text(values) => {
                let bytes: Vec<_> = values.iter().map(|v| ByteArray::from(v.as_str())).collect();
                writer.typed::<ByteArrayType>().write_batch(&bytes, None, None)?;
            }
            Column::Integer(values) => {
                writer.typed::<Int64Type>().write_batch(values, None, None)?;
            }
            Column::Number(values) => {
                let there: Vec<f64> = values.iter().copied().flatten().collect();
                let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
                writer.typed::<DoubleType>().write_batch(&there, Some(&levels), None)?;
            }
        }
        writer.close()?;
    }
    group.close()?;
    file.into_inner()
}

fn schema(table: &Tidy) -> String {
    let mut schema = String::from("message benchmark {\n");
    for (name, column) in table.columns() {
        let line = match column {
            Column::Text(_) => writeln!(schema, "  required binary {name} (string);"),
            Column::Integer(_) => writeln!(schema, "  required int64 {name};"),
            Column::Number(_) => writeln!(schema, "  optional double {name};"),
        };
        line.expect("a string takes everything");
    }
    schema + "}"
}
