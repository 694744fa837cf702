//! Bytes of a table, as a spreadsheet or something else wrote them: nothing panics or hangs, what was understood is there,
//! and every number that comes out can be worked with.

use flowtwin_data::learnt::{Csv, Data, Selection};
use flowtwin_lab::is_sensible;

/// Columns that are asked for as the target.
const TARGETS: usize = 3;

/// Tables to learn from.
pub fn sheet(data: &[u8]) {
    let csv = match Csv::of("x.csv", data) {
        Ok(csv) => csv,
        Err(complaint) => {
            assert!(!complaint.to_string().is_empty());
            return;
        }
    };
    for (i, row) in csv.rows().iter().enumerate() {
        assert_eq!(row.len(), csv.header().len(), "every row has a cell for each column");
        assert!(row.iter().any(|cell| !cell.text.is_empty()), "empty rows are left out");
        assert!((1..=csv.text().lines().count()).contains(&csv.line(i)));
        assert!(row.iter().all(|cell| csv.place(cell).is_some()));
    }
    for name in csv.header().iter().take(TARGETS).map(|cell| cell.text.clone()) {
        let selection = Selection { target: name, inputs: None, ranges: None, words: false };
        match Data::of_table(&csv, &selection) {
            Ok(data) => check(&csv, &data),
            Err(complaint) => assert!(!complaint.to_string().is_empty()),
        }
    }
}

fn check(csv: &Csv, data: &Data) {
    assert_eq!(data.rows.len() + data.incomplete.len(), csv.rows().len(), "no row vanishes");
    for row in &data.rows {
        assert!(row.inputs.iter().chain(&row.outcome).all(|value| is_sensible(*value)));
    }
    let summary = data.summary();
    assert!(summary.contains("read, inputs"), "{summary}");
}
