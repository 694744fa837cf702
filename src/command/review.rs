//! `run --review`: people decide on every proposal, in the terminal or on the live page.

#[cfg(feature = "serve")]
pub(super) mod page;
mod terminal;
mod typed;

use std::io::{IsTerminal as _, stdin};

use flowtwin_campaign::campaign::{Answer, Proposed, Reviewer};
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::Decision;
use flowtwin_report::format::said;

use super::notify::Notifier;
use terminal::Terminal;

/// Several places at which people may decide; whoever decides first has decided.
#[derive(Debug)]
pub(super) struct Reviewers<'a>(Vec<Box<dyn Reviewer + 'a>>);

impl<'a> Reviewers<'a> {
    /// The live page if there is one, and what is typed here: by somebody at a terminal, or without a page by whatever writes to
    /// standard input. `notifier` tells that something is to be decided.
    pub(super) fn of(page: Option<Box<dyn Reviewer>>, notifier: &'a Notifier) -> Self {
        let on_page = page.is_some();
        let typed = !on_page || stdin().is_terminal();
        let mut places: Vec<Box<dyn Reviewer + 'a>> = vec![Box::new(notifier)];
        places.extend(page.map(|page| page as Box<dyn Reviewer + 'a>));
        if typed {
            places.push(Box::new(Terminal::new(on_page)));
        }
        Self(places)
    }
}

impl Reviewer for Reviewers<'_> {
    fn show(&self, proposed: &Proposed) {
        self.0.iter().for_each(|place| place.show(proposed));
    }

    fn decision(&self) -> Option<Answer> {
        self.0.iter().find_map(|place| place.decision())
    }

    fn refused(&self, why: &str) {
        self.0.iter().for_each(|place| place.refused(why));
    }

    fn over(&self, decided: Option<&Decision>) {
        self.0.iter().for_each(|place| place.over(decided));
    }
}

/// Conditions in one line.
fn in_words(conditions: &Conditions) -> String {
    let words = conditions.words().map(|(name, word)| format!("{name}={}", said(word)));
    words.collect::<Vec<_>>().join(" ")
}
