//! Campaigns that share their beginning.

use flowtwin_lab::journal::{Sink, Writer};
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::{Blank, Command, Fault, Lab};
use flowtwin_twin::{History, Work};

use super::costs::Learnt;
use super::{Campaign, CampaignError, Ended, Halt, Observer, UnderWay};

/// A campaign at the end of its phases, its lab as they left it: any number of others can go on from here.
#[derive(Debug)]
pub struct BranchPoint<L: Lab> {
    lab: Guarded<L>,
    blank: Option<Blank>,
    phases: Vec<History>,
    number: u64,
    costs: Learnt,
    work: Work,
    fault: Option<Fault>,
}

impl<L: Lab> BranchPoint<L> {
    /// The fault that stopped it; none where all phases ran to their end.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl Campaign<'_> {
    /// Runs all phases on `lab` as [`Campaign::run`] does, without a journal, and leaves the lab as it then is.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn run_to_branch_point<L: Lab>(
        &self,
        lab: L,
        observer: &mut dyn Observer,
    ) -> Result<BranchPoint<L>, CampaignError> {
        let guarded = self.scenario.guarded(lab);
        let mut under_way = self.under_way(guarded, Writer::new(Nowhere), None, observer);
        let mut blank = None;
        let result = under_way.blank().and_then(|taken| under_way.from(0, blank.insert(taken)));
        let fault = match result {
            Ok(()) => None,
            Err(Halt::Fault(fault)) => Some(fault),
            Err(Halt::Error(error)) => return Err(error),
        };
        let UnderWay { lab, phases, number, costs, work, .. } = under_way;
        let lab = lab.into_parts().0.into_inner();
        Ok(BranchPoint { lab, blank, phases, number, costs: costs.learnt, work, fault })
    }

    /// Runs the phases behind those of `branch_point`, which are the first of this campaign, on a lab of their own: to the
    /// last bit what [`Campaign::run`] would do after doing them all again.
    ///
    /// # Errors
    /// If a policy has no proposal. Faults of the lab are no errors: they are in [`Ended`].
    pub fn go_on_from<L: Lab + Clone>(
        &self,
        branch_point: &BranchPoint<L>,
        observer: &mut dyn Observer,
    ) -> Result<Ended, CampaignError> {
        let BranchPoint { lab, blank, phases, number, costs, work, fault } = branch_point;
        let (Some(blank), None) = (blank, fault) else {
            let (fault, work, experiments) = (fault.clone(), *work, *number);
            return Ok(Ended { fault, work, experiments, fruitless: false, all_failed: false });
        };
        let mut under_way = self.under_way(lab.clone(), Writer::new(Nowhere), None, observer);
        (under_way.phases, under_way.number, under_way.work) = (phases.clone(), *number, *work);
        under_way.costs.learnt = costs.clone();
        let result = under_way.from(phases.len(), blank);
        // Whoever goes on from here has a lab of his own.
        let safe = under_way.lab.send(&Command::MakeSafe);
        let fault = match result {
            Ok(()) => safe.err(),
            Err(Halt::Fault(fault)) => Some(fault),
            Err(Halt::Error(error)) => return Err(error),
        };
        Ok(under_way.ended(fault))
    }
}

/// A sink that discards the journal.
#[derive(Clone, Copy, Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _bytes: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
