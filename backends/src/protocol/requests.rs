//! Whether an instrument can tell the requests of a protocol file apart.

use super::{Does, Field, Protocol, Template, Token};

impl Protocol {
    /// Two requests that are one and the same, or two meanings of one word, in words.
    pub(super) fn wrong_requests(&self) -> Option<String> {
        self.twofold_actions()
            .or_else(|| self.acting_reads())
            .or_else(|| self.twofold_words())
            .or_else(|| self.twofold_registers())
            .or_else(|| self.unheard_errors())
    }

    /// A pattern as the instrument hears it.
    fn heard(&self, pattern: &Template) -> Template {
        let plain = self.line.as_ref().is_some_and(|line| line.plain);
        let of = |token: &Token| match token {
            Token::Text(text) if plain => Token::Text(text.replace(' ', "").to_uppercase()),
            token => token.clone(),
        };
        Template(pattern.0.iter().map(of).collect())
    }

    /// Actions with one request that do different things.
    fn twofold_actions(&self) -> Option<String> {
        let all: Vec<_> = self.actions.iter().collect();
        for (place, (name, action)) in all.iter().enumerate() {
            let same = |it: &&(&String, &super::Action)| {
                it.1.does != action.does && self.heard(&it.1.sends) == self.heard(&action.sends)
            };
            if let Some((other, _)) = all[..place].iter().find(same) {
                return Some(format!(
                    "actions.{name} sends what actions.{other} sends, and does something else"
                ));
            }
        }
        None
    }

    /// A request that reads or sets a field, and does something as well.
    fn acting_reads(&self) -> Option<String> {
        let acts = self.actions.iter().filter(|(_, action)| action.does != Does::Nothing);
        for (name, action) in acts {
            let request = self.heard(&action.sends);
            for (field, it) in &self.fields {
                let same = |verb: &str| {
                    format!("actions.{name} sends what {verb} fields.{field}: it would do both")
                };
                if it.get.as_ref().is_some_and(|get| self.heard(&get.sends) == request) {
                    return Some(same("reads"));
                }
                if it.set.as_ref().is_some_and(|set| self.heard(&set.sends) == request) {
                    return Some(same("sets"));
                }
            }
        }
        None
    }

    /// A word with two meanings.
    fn twofold_words(&self) -> Option<String> {
        let of = |(name, field): (&String, &Field)| {
            let words = field.words.iter().enumerate();
            let twice = words.into_iter().find_map(|(place, (word, is))| {
                let before = field.words[..place].iter();
                before.into_iter().any(|(other, it)| other == word && it != is).then_some(word)
            })?;
            Some(format!("fields.{name}: its word {twice:?} means two things"))
        };
        self.fields.iter().find_map(of)
    }

    /// A register with two fields, other than bits of it.
    fn twofold_registers(&self) -> Option<String> {
        let all: Vec<_> = self.fields.iter().collect();
        for (place, (name, field)) in all.iter().enumerate() {
            let Some(register) = field.register else { continue };
            let apart = |it: &Field| match (it.mask, field.mask) {
                (Some(one), Some(other)) => one & other == 0,
                _ => false,
            };
            let before = all[..place].iter();
            let mut same = before.filter(|(_, it)| it.register == Some(register));
            let other = same.find(|(_, it)| !apart(it));
            if let Some((other, _)) = other {
                return Some(format!(
                    "fields.{name}: its register {register} is that of fields.{other}"
                ));
            }
        }
        None
    }

    /// An error that says what an acknowledgement says: nobody would hear that the instrument refuses.
    fn unheard_errors(&self) -> Option<String> {
        let sets = self.fields.iter().filter_map(|(name, field)| {
            Some((format!("fields.{name}"), field.set.as_ref()?.replies.as_ref()?))
        });
        let acts = self.actions.iter().filter_map(|(name, action)| {
            Some((format!("actions.{name}"), action.replies.as_ref()?))
        });
        let said: Vec<_> = sets.chain(acts).collect();
        self.errors.iter().find_map(|(error, text)| {
            let (place, _) = said.iter().find(|(_, replies)| *replies == text)?;
            Some(format!("errors.{}: {place} says the same when all is well", error.name()))
        })
    }
}
