//! Telling whoever stands before the terminal that a rig is not safe: at once, and again until it is.

use std::time::{Duration, Instant};

use flowtwin_backends::bench::{Herald, Unsafe};

use crate::console;

/// Time between two repetitions of a warning.
const AGAIN: Duration = Duration::from_secs(10);

/// Says what is on and what to do by hand.
#[derive(Debug)]
pub(crate) struct Shout {
    who: &'static str,
    /// A port that another process lets go of in a moment is no reason to call somebody.
    grace: Duration,
    since: Option<Instant>,
    said: Option<(Instant, Vec<String>)>,
}

impl Shout {
    /// The campaign, which says it at once.
    pub(crate) fn of_campaign() -> Self {
        Self { who: "", grace: Duration::ZERO, since: None, said: None }
    }

    /// The watch, which takes over from a campaign that may still be ending.
    pub(crate) fn of_watch() -> Self {
        Self { who: "watch: ", grace: Duration::from_millis(800), since: None, said: None }
    }

    /// Whether it must be said now that these are not safe.
    fn is_due(&mut self, now: Instant, names: &[String]) -> bool {
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) < self.grace {
            return false;
        }
        let is_known = |(when, known): &(Instant, Vec<String>)| {
            now.duration_since(*when) < AGAIN && names.iter().all(|name| known.contains(name))
        };
        let due = !self.said.as_ref().is_some_and(is_known);
        if due {
            self.said = Some((now, names.to_vec()));
        }
        due
    }
}

impl Herald for Shout {
    fn not_safe(&mut self, left: &[Unsafe]) {
        let names: Vec<String> = left.iter().map(|it| it.name.clone()).collect();
        if self.is_due(Instant::now(), &names) {
            console::say(in_words(self.who, left));
        }
    }

    fn safe(&mut self) {
        if self.said.take().is_some() {
            console::say_line(format_args!("\n{}SAFE now: everything has acknowledged", self.who));
        }
        self.since = None;
    }
}

fn in_words(who: &str, left: &[Unsafe]) -> String {
    let mut text = String::new();
    for Unsafe { what, name, does, why } in left {
        text += &format!("\n{who}NOT SAFE: the {what} {name} {does}; it does not obey: {why}");
    }
    text + &format!(
        "\n{who}go to the rig NOW and switch off by hand: the supply of the heater first, then pumps and lamps; \
         trying on meanwhile, said again every {} s\n",
        AGAIN.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plate() -> Unsafe {
        let does = "is on, last set to 147.0 °C".into();
        Unsafe { what: "heater", name: "plate".into(), does, why: "no reply".into() }
    }

    #[test]
    fn it_is_said_at_once_and_again_but_not_all_the_time() {
        let (begun, mut shout) = (Instant::now(), Shout::of_campaign());
        let plate = ["plate".to_owned()];
        let mut due = |s| shout.is_due(begun + Duration::from_secs(s), &plate);
        assert_eq!([0, 1, 9, 10, 11, 20].map(&mut due), [true, false, false, true, false, true]);
    }

    #[test]
    fn what_was_not_named_before_is_named_at_once() {
        let (begun, mut shout) = (Instant::now(), Shout::of_campaign());
        let names = ["cui".to_owned(), "plate".to_owned()];
        assert!(shout.is_due(begun, &names[..1]));
        assert!(shout.is_due(begun, &names));
        assert!(!shout.is_due(begun, &names[1..]));
    }

    #[test]
    fn a_watch_gives_ports_a_moment_to_become_free() {
        let (begun, mut shout) = (Instant::now(), Shout::of_watch());
        let plate = ["plate".to_owned()];
        let mut due = |ms| shout.is_due(begun + Duration::from_millis(ms), &plate);
        assert_eq!([0, 799, 800, 900].map(&mut due), [false, false, true, false]);
    }

    #[test]
    fn what_is_on_and_what_to_do_by_hand_are_said() {
        let said = in_words("watch: ", &[plate()]);
        let first = "\nwatch: NOT SAFE: the heater plate is on, last set to 147.0 °C; it does not obey: no reply\n";
        assert!(said.starts_with(first), "{said}");
        assert!(said.contains("switch off by hand: the supply of the heater first"), "{said}");
        assert!(said.ends_with("said again every 10 s\n"), "{said}");
    }
}
