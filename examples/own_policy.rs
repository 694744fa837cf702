//! A new policy in one file: go from the best point so far a shrinking step in a random direction.
//!
//! Demonstrates in particular that a policy is a pure function of the history and of named random streams, and
//! how it is asked. Run it with `cargo run --example own_policy`.

use flowtwin_lab::{Input, Space, Streams};
use flowtwin_twin::{Ask, Context, History, Policy, PolicyError, Proposals, Trial, Work};

/// Steps away from the best point; the step shrinks as the phase goes on.
#[derive(Debug)]
struct Walk {
    /// First step, as a share of the range of each input.
    step: f64,
}

impl Policy for Walk {
    fn name(&self) -> &str {
        "walk"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let best = ask.history.best().map(|(i, _)| ask.history.trials[i].x.clone());
        let centre = best.unwrap_or_else(|| vec![0.5; ask.space.dim()]);
        let left = 1.0 - ask.asked as f64 / ask.planned.max(1) as f64;
        let propose = |k: usize| {
            // Indexed by the number of the experiment: asked again, it answers the same.
            let mut stream = context.streams.open("walk", ask.history.next() + k as u64);
            let moved =
                centre.iter().map(|x| x + self.step * left * (2.0 * stream.uniform() - 1.0));
            ask.space.from_unit(&moved.collect::<Vec<_>>())
        };
        Ok(Proposals { conditions: (0..ask.count).map(propose).collect(), work: Work::default() })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = |name: &str, low, high| Input::number(name, low, high, 0.1);
    let inputs = vec![input("temperature_c", 120.0, 150.0), input("flow_ul_per_min", 60.0, 120.0)];
    let space = Space::new(inputs, vec![])?;
    let policy = Walk { step: 0.5 };
    let context = Context::new(Streams::new(1));
    let mut history = History::default();
    let planned = 30;
    for asked in 0..planned {
        let ask = Ask { space: &space, history: &history, count: 1, asked, planned, cost: None };
        let conditions = policy.propose(&ask, &context)?.conditions.remove(0);
        // In a campaign this is an experiment on a `Lab`; here it is a hill with its top at 145 °C and 110 µL/min.
        let (t, q) = (conditions.values()[0], conditions.values()[1]);
        let outcome = 100.0 - (t - 145.0) * (t - 145.0) / 5.0 - (q - 110.0) * (q - 110.0) / 40.0;
        history.trials.push(Trial::new(&space, &conditions, Some(outcome))?);
    }
    let (number, best) = history.best().ok_or("no experiment succeeded")?;
    println!("best {best:.2} of 100 at experiment {} of {planned}", number + 1);
    Ok(())
}
