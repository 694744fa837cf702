//! Conditions that were decided beforehand.

use flowtwin_lab::{Conditions, Input, Space};

use crate::policy::{Ask, Policy, PolicyError, Proposals};
use crate::{Context, Work};

/// Proposes what has been decided beforehand, in order, exactly as it stands there: a design of experiments from
/// elsewhere, or a campaign that is replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    conditions: Vec<Conditions>,
}

impl Listed {
    /// The policy that proposes these conditions.
    pub fn new(conditions: Vec<Conditions>) -> Self {
        Self { conditions }
    }

    /// A condition of the list, its values in the order of the space.
    fn at(&self, index: usize, space: &Space) -> Result<Conditions, PolicyError> {
        let length = self.conditions.len();
        let listed = self.conditions.get(index).ok_or(PolicyError::ListEnds { length })?;
        let value = |input: &Input| {
            let missing = || PolicyError::NoValue { place: index + 1, input: input.name.clone() };
            space.value(input, listed).ok_or_else(missing)
        };
        let values = space.inputs().iter().map(value);
        Ok(space.conditions(values.collect::<Result<_, _>>()?))
    }
}

impl Policy for Listed {
    fn name(&self) -> &'static str {
        "list"
    }

    fn propose(&self, ask: &Ask<'_>, _context: &Context) -> Result<Proposals, PolicyError> {
        let asked = ask.asked..ask.asked + ask.count;
        let conditions = asked.map(|i| self.at(i, ask.space)).collect::<Result<_, _>>()?;
        Ok(Proposals { conditions, work: Work::default() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowtwin_lab::Streams;

    use super::*;
    use crate::History;

    fn space() -> Space {
        let input = |name: &str| Input::number(name, 0.0, 10.0, 0.5);
        Space::new(vec![input("a"), input("b")], Vec::new()).unwrap()
    }

    fn point(names: [&str; 2], values: [f64; 2]) -> Conditions {
        let names: Arc<[String]> = names.map(str::to_owned).to_vec().into();
        Conditions::new(names, values.to_vec())
    }

    fn ask(list: &Listed, asked: usize) -> Result<Vec<Vec<f64>>, PolicyError> {
        let (space, history) = (space(), History::default());
        let ask = Ask { space: &space, history: &history, count: 1, asked, planned: 2, cost: None };
        let answer = list.propose(&ask, &Context::new(Streams::new(1)))?;
        Ok(answer.conditions.iter().map(|c| c.values().to_vec()).collect())
    }

    #[test]
    fn a_list_is_proposed_in_its_order_to_the_last_digit() {
        let list = Listed::new(vec![point(["a", "b"], [1.0, 2.25]), point(["b", "a"], [3.0, 4.0])]);
        assert_eq!(ask(&list, 0), Ok(vec![vec![1.0, 2.25]]));
        assert_eq!(ask(&list, 1), Ok(vec![vec![4.0, 3.0]]));
        assert_eq!(ask(&list, 2), Err(PolicyError::ListEnds { length: 2 }));
    }

    #[test]
    fn a_value_that_is_missing_is_named() {
        let list = Listed::new(vec![point(["a", "c"], [1.0, 2.0])]);
        let error = PolicyError::NoValue { place: 1, input: "b".into() };
        assert_eq!(ask(&list, 0), Err(error));
    }
}
