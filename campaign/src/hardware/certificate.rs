//! The certificate of a rehearsal, without which a real rig does not move.

use flowtwin_lab::digest::sha256;
use flowtwin_lab::in_plain_words;
use flowtwin_lab::journal::Journal;
use serde::{Deserialize, Serialize};

use super::rehearsal::Rehearsal;

/// Name of the certificate in a run folder.
pub const CERTIFICATE: &str = "rehearsal.json";

/// Says what was rehearsed, within which limits, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Version of this format: 1.
    pub schema: u32,
    /// What was rehearsed.
    pub plan: Plan,
    /// What it asked of the rig.
    pub rehearsal: Rehearsal,
    /// SHA-256 of the rehearsal's journal \[hexadecimal\].
    pub journal_sha256: String,
    /// SHA-256 of everything above \[hexadecimal\].
    pub digest: String,
}

/// What is about to be done. The rehearsal and the rig must agree on all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of flowtwin.
    pub flowtwin: String,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario, limits included \[hexadecimal\].
    pub scenario_sha256: String,
    /// SHA-256 of the wiring file \[hexadecimal\].
    #[serde(rename = "bench_sha256")]
    pub wiring_sha256: String,
    /// Master seed.
    pub seed: u64,
}

/// Why a certificate does not cover what is about to be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It is no certificate of this format.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    /// It was changed after it was written.
    #[error("the certificate was changed by hand: its digest does not fit its content")]
    Changed,
    /// It is for another plan.
    #[error("the rehearsal was of another {what}: {rehearsed}, now {now}")]
    Other {
        /// What differs.
        what: &'static str,
        /// What was rehearsed.
        rehearsed: String,
        /// What is about to be done.
        now: String,
    },
    /// A syringe does not hold what the campaign needs.
    #[error(
        "the syringe of {pump} holds {holds_ml} mL, but the campaign needs {needs_ml} mL: fill it or shorten the campaign"
    )]
    Short {
        /// Pump.
        pump: String,
        /// What it holds \[mL\].
        holds_ml: String,
        /// What is needed \[mL\].
        needs_ml: String,
    },
}

impl Certificate {
    /// Certifies the rehearsal that `journal` records.
    pub fn new(plan: Plan, journal: &Journal) -> Self {
        let rehearsal = Rehearsal::of(journal);
        let mut certificate = Self {
            schema: 1,
            plan,
            rehearsal,
            journal_sha256: journal.sha256(),
            digest: String::new(),
        };
        certificate.digest = certificate.own_digest();
        certificate
    }

    /// Reads a certificate and makes sure that nobody changed it.
    ///
    /// # Errors
    /// If it is unreadable or was changed.
    pub fn read(text: &str) -> Result<Self, Unfit> {
        let certificate: Self = serde_json::from_str(text)
            .map_err(|error| Unfit::Unreadable(in_plain_words(&error)))?;
        let intact = certificate.schema == 1 && certificate.digest == certificate.own_digest();
        if intact { Ok(certificate) } else { Err(Unfit::Changed) }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a certificate is plain data");
        text.push('\n');
        text
    }

    /// Makes sure that the rehearsal covers `plan` and that every syringe holds enough.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn covers(&self, plan: &Plan) -> Result<(), Unfit> {
        let seeds = (self.plan.seed.to_string(), plan.seed.to_string());
        let pairs = [
            ("version of flowtwin", &self.plan.flowtwin, &plan.flowtwin),
            ("scenario", &self.plan.scenario, &plan.scenario),
            ("version of the scenario", &self.plan.scenario_sha256, &plan.scenario_sha256),
            ("version of the wiring file", &self.plan.wiring_sha256, &plan.wiring_sha256),
            ("seed", &seeds.0, &seeds.1),
        ];
        if let Some((what, rehearsed, now)) = pairs.into_iter().find(|(_, a, b)| a != b) {
            return Err(Unfit::Other { what, rehearsed: rehearsed.clone(), now: now.clone() });
        }
        match self.rehearsal.short().next() {
            None => Ok(()),
            Some(syringe) => Err(Unfit::Short {
                pump: syringe.pump.to_string(),
                holds_ml: syringe.holds_ml.to_string(),
                needs_ml: syringe.needs_ml.to_string(),
            }),
        }
    }

    fn own_digest(&self) -> String {
        let blank = Self { digest: String::new(), ..self.clone() };
        sha256(blank.text().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::rehearsal::Syringe;

    fn plan() -> Plan {
        Plan {
            flowtwin: "0.1.0".into(),
            scenario: "toy".into(),
            scenario_sha256: "aa".into(),
            wiring_sha256: "bb".into(),
            seed: 1,
        }
    }

    fn certificate(needs_ml: f64) -> Certificate {
        let syringe = Syringe {
            pump: "water".into(),
            stock: "water".into(),
            needs_ml,
            holds_ml: 50.0,
            refills: 0,
        };
        let rehearsal = Rehearsal {
            experiments: 3,
            failed: 0,
            lab_time_s: 600.0,
            syringes: vec![syringe],
            set_points_c: Some((120.0, 150.0)),
            highest_flow_ul_per_min: 840.0,
        };
        let mut certificate = Certificate {
            schema: 1,
            plan: plan(),
            rehearsal,
            journal_sha256: "cc".into(),
            digest: String::new(),
        };
        certificate.digest = certificate.own_digest();
        certificate
    }

    #[test]
    fn a_certificate_covers_only_what_was_rehearsed() {
        let certificate = Certificate::read(&certificate(10.0).text()).unwrap();
        assert_eq!(certificate.covers(&plan()), Ok(()));
        let other = Plan { seed: 2, ..plan() };
        let unfit = certificate.covers(&other).unwrap_err();
        assert_eq!(unfit.to_string(), "the rehearsal was of another seed: 1, now 2");
    }

    #[test]
    fn an_edited_certificate_is_refused() {
        let text = certificate(60.0).text().replace("60.0", "40.0");
        assert_eq!(Certificate::read(&text), Err(Unfit::Changed));
    }

    #[test]
    fn a_syringe_that_runs_out_is_named() {
        let unfit = certificate(60.0).covers(&plan()).unwrap_err();
        assert!(unfit.to_string().starts_with("the syringe of water holds 50 mL"), "{unfit}");
    }
}
