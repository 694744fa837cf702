//! What the guard of a run watched over.

use flowtwin_lab::FaultKind;
use flowtwin_lab::layer::Limits;
use flowtwin_lab::math::round_decimals;

use crate::format::{counted, duration, plain, with_unit};
use crate::run::Run;
use crate::table::Table;
use crate::trouble;

/// How often the guard stepped in: one sentence.
pub(crate) fn headline(run: &Run<'_>) -> String {
    let faults = trouble::faults(run);
    let tripped =
        |fault: &&trouble::Trouble<'_>| matches!(fault.fault.kind, FaultKind::Interlock { .. });
    match faults.iter().filter(tripped).count() {
        0 => "The guard did not have to step in.".to_owned(),
        n => format!("The guard stepped in {} and made the rig safe.", times(n)),
    }
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { counted(n, "time") }
}

/// The limits that it enforced; none where the journal does not record them.
pub(crate) fn table(run: &Run<'_>) -> Option<Table> {
    let limits = run.definition().guard()?;
    let mut table = Table::new().words("what").words("limit");
    for (what, limit) in rows(&limits) {
        table.row(vec![what, limit]);
    }
    Some(table)
}

fn rows(limits: &Limits) -> Vec<(String, String)> {
    let number = |value: f64, unit: &str| with_unit(&plain(value), unit);
    let row = |what: &str, limit: String| (what.to_owned(), limit);
    let mut rows = vec![
        row("temperature", format!("at most {}", number(limits.max_temperature_c, "°C"))),
        row(
            "change of a temperature",
            format!("at most {}", number(limits.max_rise_k_per_min, "K/min")),
        ),
        row(
            "temperature off its set point",
            format!(
                "at most {} for {}",
                number(limits.out_of_step_k, "K"),
                duration(limits.out_of_step_s)
            ),
        ),
        row(
            "all flows together",
            format!("at most {}", number(limits.max_total_ul_per_min, "µL/min")),
        ),
        row(
            "volume delivered",
            format!(
                "{} to {} % of what was asked, and off by at most {}",
                plain(round_decimals(100.0 * limits.least_delivered, 1)),
                plain(round_decimals(100.0 * limits.most_delivered, 1)),
                number(limits.lag_ul, "µL")
            ),
        ),
        row("light", format!("on for at most {}", duration(limits.max_light_s))),
        row("time without a reading", format!("at most {}", duration(limits.no_reading_s))),
    ];
    if let Some(above) = limits.needs_flow_above_c() {
        let grace = duration(limits.no_flow_grace_s);
        rows.insert(
            3,
            row(
                "heating without flow",
                format!("above {} for at most {grace}", number(above, "°C")),
            ),
        );
    }
    rows.extend(
        limits
            .max_pressure_kpa
            .map(|kpa| row("pressure", format!("at most {}", number(kpa, "kPa")))),
    );
    for (sensor, rule) in &limits.sensors {
        let bound = |what: &str, value: Option<f64>| value.map(|v| format!("{what} {}", plain(v)));
        let bounds = [bound("at least", rule.low), bound("at most", rule.high)];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        let limit = format!("{} for {}", bounds.join(", "), duration(rule.for_s));
        rows.push(row(&format!("what {sensor} reads"), limit));
    }
    if limits.reserve_ul > 0.0 {
        rows.push(row(
            "volume left in a syringe",
            format!("at least {}", number(limits.reserve_ul, "µL")),
        ));
    }
    let ratio = |rule: &flowtwin_lab::layer::RatioRule| {
        (rule.name.clone(), format!("ratio of flows {} to {}", plain(rule.low), plain(rule.high)))
    };
    rows.extend(limits.ratios.iter().map(ratio));
    rows
}
