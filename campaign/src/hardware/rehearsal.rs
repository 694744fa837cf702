//! What a campaign will ask of the rig, found by running it in simulation first.

use std::collections::BTreeMap;
use std::fmt;

use flowtwin_lab::journal::{Answer, Journal, Record, pumped};
use flowtwin_lab::{Command, PumpId};
use serde::{Deserialize, Serialize};

/// The demands of a rehearsed campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// Number of experiments, blank not counted.
    pub experiments: u64,
    /// Number of them that failed.
    pub failed: u64,
    /// Lab time from the first command to the last \[s\].
    pub lab_time_s: f64,
    /// Each syringe: what is needed and what it holds.
    pub syringes: Vec<Syringe>,
    /// Lowest and highest set point of all heaters [°C]; none without heating.
    pub set_points_c: Option<(f64, f64)>,
    /// Highest sum of the rates of all pumps [µL/min].
    pub highest_flow_ul_per_min: f64,
}

/// What a campaign needs of one syringe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syringe {
    /// Its pump.
    pub pump: PumpId,
    /// What is in it.
    pub stock: String,
    /// Volume the campaign delivered in the rehearsal \[mL\].
    pub needs_ml: f64,
    /// Volume it holds at the start \[mL\].
    pub holds_ml: f64,
    /// How often it was refilled in the rehearsal.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refills: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Syringe {
    /// Whether the campaign empties it, and nobody refills it.
    pub(crate) fn runs_out(&self) -> bool {
        self.refills == 0 && self.needs_ml > self.holds_ml
    }
}

impl Rehearsal {
    /// What the campaign of a journal asked of its rig.
    pub fn of(journal: &Journal) -> Self {
        let mut found = Demands::default();
        for record in journal.records() {
            if let Record::Command(command) = record {
                found.note(&command.send, &command.answer);
            }
        }
        let manifest = &journal.header().manifest;
        let pumped = pumped(journal);
        let syringe = |info: &flowtwin_lab::PumpInfo| {
            let ul = pumped.get(&info.name).copied().unwrap_or_default();
            Syringe {
                pump: info.name.clone(),
                stock: info.stock.clone(),
                needs_ml: flowtwin_lab::math::round_decimals(ul / 1_000.0, 3),
                holds_ml: info.fill_ml,
                refills: found.refills.get(&info.name).copied().unwrap_or_default(),
            }
        };
        let is_study = journal.records().iter().any(|record| matches!(record, Record::Task(_)));
        let last = match is_study {
            true => journal.last_at().as_secs(),
            false => journal.experiments().last().map_or(0.0, |e| e.ended_ns.as_secs()),
        };
        Self {
            experiments: journal.experiments().count() as u64,
            failed: journal.experiments().filter(|e| e.fault.is_some()).count() as u64,
            lab_time_s: flowtwin_lab::math::round_decimals(last, 3),
            syringes: manifest.pumps.iter().map(syringe).collect(),
            set_points_c: found.set_points,
            highest_flow_ul_per_min: found.highest_flow,
        }
    }

    /// The syringes that do not hold enough.
    pub fn short(&self) -> impl Iterator<Item = &Syringe> {
        self.syringes.iter().filter(|s| s.runs_out())
    }
}

/// What is gathered from the commands of a journal.
#[derive(Debug, Default)]
struct Demands {
    rates: Vec<(PumpId, f64)>,
    highest_flow: f64,
    set_points: Option<(f64, f64)>,
    refills: BTreeMap<PumpId, usize>,
}

impl Demands {
    fn note(&mut self, command: &Command, answer: &Answer) {
        match (command, answer) {
            (Command::Dispense { pump, rate_ul_per_min, .. }, Answer::Done) => {
                self.rates.retain(|(p, _)| p != pump);
                self.rates.push((pump.clone(), rate_ul_per_min.ul_per_min()));
                let flow = self.rates.iter().map(|(_, rate)| rate).sum();
                self.highest_flow = self.highest_flow.max(flow);
            }
            (Command::Fill { pump, .. } | Command::Withdraw { pump, .. }, Answer::Done) => {
                *self.refills.entry(pump.clone()).or_default() += 1;
            }
            (Command::Stop { pump }, _) => self.rates.retain(|(p, _)| p != pump),
            (Command::MakeSafe, _) => self.rates.clear(),
            (Command::Heat { set_point_c, .. }, Answer::Done) => {
                let c = set_point_c.c();
                let (low, high) = self.set_points.unwrap_or((c, c));
                self.set_points = Some((low.min(c), high.max(c)));
            }
            _ => {}
        }
    }
}

/// A span of time as people say it.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} of them FAILED in simulation"),
        };
        writeln!(f, "experiments      {}{failed}", self.experiments)?;
        writeln!(f, "lab time         {}", duration(self.lab_time_s))?;
        if let Some((low, high)) = self.set_points_c {
            writeln!(f, "set points       {low:.1} to {high:.1} °C")?;
        }
        writeln!(f, "highest flow     {:.1} µL/min", self.highest_flow_ul_per_min)?;
        writeln!(f, "\npump             stock            needs mL   holds mL")?;
        for s in &self.syringes {
            let (pump, stock) = (s.pump.as_str(), &s.stock);
            let mark = match s.refills {
                _ if s.runs_out() => "   RUNS OUT".to_owned(),
                0 => String::new(),
                1 => "   refilled once".to_owned(),
                times => format!("   refilled {times} times"),
            };
            writeln!(f, "{pump:<16} {stock:<15} {:>9.2} {:>10.2}{mark}", s.needs_ml, s.holds_ml)?;
        }
        Ok(())
    }
}
