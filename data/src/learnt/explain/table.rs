//! An explanation as a table, and its inputs in words.

use flowtwin_lab::Input;
use flowtwin_report::format::significant;
use flowtwin_report::{Quantity, Table};

use super::Explanation;
use crate::learnt::data::Data;

/// The inputs, the most important first: how much each moves the target, alone and with which
/// other.
pub fn table(data: &Data, explanation: &Explanation) -> Table {
    let unit = &data.target.unit;
    let mut table = Table::new()
        .words("input")
        .numbers(&Quantity::new("mean |Shapley value|", unit).label())
        .numbers(&Quantity::new("alone", unit).label())
        .numbers(&Quantity::new("range of mean response", unit).label())
        .words("interacts most with");
    for &i in &explanation.order {
        let row = &explanation.interactions[i];
        let others = (0..row.len()).filter(|&j| j != i);
        let partner = others.max_by(|&a, &b| row[a].total_cmp(&row[b]));
        table.row(vec![
            label(data, i),
            significant(explanation.importance[i], 3),
            significant(row[i], 3),
            significant(explanation.curves[i].span(), 3),
            partner.map_or_else(String::new, |j| {
                format!("{} ({})", label(data, j), significant(row[j], 2))
            }),
        ]);
    }
    table
}

/// An input in words.
pub(super) fn label(data: &Data, input: usize) -> String {
    Quantity::of_key(&data.space.inputs()[input].name).label()
}

/// The value of an input at a share of its range.
pub(super) fn at(input: &Input, unit: f64) -> f64 {
    input.low + unit * (input.high - input.low)
}
