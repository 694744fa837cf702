//! Who refills the syringes: how long that takes, and when somebody is there.

use flowtwin_lab::range::{KeyRange, Outside, Ranged as _};
use flowtwin_lab::{Instant, Span, ranges};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY_MIN: u64 = 24 * 60;
const MIN_NS: u64 = 60_000_000_000;
const DAY_NS: u64 = DAY_MIN * MIN_NS;

ranges! {
    /// The ranges of this table, by the name of its type.
    pub(super) const RANGES;

    struct RefillSpec {
        takes_min: 0.0, 1_440.0, "min";
    }
}

/// Somebody refills the syringes of a simulated run. Where one does not hold what the next experiment needs, the rig is made
/// safe and waits until somebody is there, who then fills every syringe. On a real rig the run stops and says what to refill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefillSpec {
    /// How long it takes to fill the syringes and to start again \[min\].
    pub takes_min: f64,
    /// Time of day from which somebody is there, as "HH:MM".
    #[serde(default = "midnight")]
    pub from: String,
    /// Time of day until which somebody is there, as "HH:MM"; refilling ends by then, or waits for the next day.
    #[serde(default = "day_end")]
    pub to: String,
    /// The days on which somebody is there.
    #[serde(default = "every_day")]
    pub days: Vec<Day>,
    /// Day and time at which the run begins, such as "mon 09:00"; if not given, on the first of `days` at `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
}

/// A day of the week.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

const DAYS: [(Day, &str); 7] = [
    (Day::Mon, "mon"),
    (Day::Tue, "tue"),
    (Day::Wed, "wed"),
    (Day::Thu, "thu"),
    (Day::Fri, "fri"),
    (Day::Sat, "sat"),
    (Day::Sun, "sun"),
];

fn midnight() -> String {
    "00:00".into()
}

fn day_end() -> String {
    "24:00".into()
}

fn every_day() -> Vec<Day> {
    DAYS.map(|(day, _)| day).to_vec()
}

/// When somebody comes to refill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refill {
    takes: Span,
    /// Minutes of the day between which somebody is there.
    from_min: u64,
    to_min: u64,
    /// On which days of the week, from Monday.
    there: [bool; 7],
    /// When the run begins, in minutes since Monday 0:00.
    begins_min: u64,
}

impl Refill {
    /// What a table means.
    ///
    /// # Errors
    /// The key that is wrong, and why.
    pub(super) fn new(spec: &RefillSpec) -> Result<Self, (&'static str, String)> {
        let from_min = time_of_day(&spec.from).map_err(|message| ("from", message))?;
        let to_min = time_of_day(&spec.to).map_err(|message| ("to", message))?;
        if from_min >= to_min {
            return Err(("to", format!("{} is not after {}", spec.to, spec.from)));
        }
        if let Some(Outside { value, range: KeyRange { low, high, unit, .. }, .. }) = spec.outside()
        {
            let message = format!("takes_min = {value} is outside {low} to {high} {unit}");
            return Err(("takes_min", message));
        }
        if spec.takes_min > (to_min - from_min) as f64 {
            let RefillSpec { takes_min, from, to, .. } = spec;
            let message = format!("takes_min = {takes_min} does not fit between {from} and {to}");
            return Err(("takes_min", message));
        }
        let there = DAYS.map(|(day, _)| spec.days.contains(&day));
        let Some(first) = there.iter().position(|there| *there) else {
            return Err(("days", "somebody must be there on one day at least".into()));
        };
        let begins_min = match &spec.begins {
            None => first as u64 * DAY_MIN + from_min,
            Some(begins) => time_of_week(begins).map_err(|message| ("begins", message))?,
        };
        Ok(Self {
            takes: Span::from_secs(60.0 * spec.takes_min),
            from_min,
            to_min,
            there,
            begins_min,
        })
    }

    /// When the syringes are full again if one is found to be short at `now`.
    pub(crate) fn done_by(&self, now: Instant) -> Instant {
        let began = self.begins_min * MIN_NS;
        let (now, takes) = (began + now.as_nanos(), self.takes.as_nanos());
        let mut day = now / DAY_NS;
        loop {
            let start = now.max(day * DAY_NS + self.from_min * MIN_NS);
            let ends = day * DAY_NS + self.to_min * MIN_NS;
            if self.there[(day % 7) as usize] && start + takes <= ends {
                return Instant::from_nanos(start + takes - began);
            }
            day += 1;
        }
    }
}

/// Minutes since midnight.
fn time_of_day(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is not a time of day: write \"HH:MM\", from 00:00 to 24:00");
    let two_digits = |part: &str| match part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())
    {
        true => part.parse::<u64>().ok(),
        false => None,
    };
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    match (two_digits(hours), two_digits(minutes)) {
        (Some(24), Some(0)) => Ok(DAY_MIN),
        (Some(hours @ 0..24), Some(minutes @ 0..60)) => Ok(60 * hours + minutes),
        _ => Err(wrong()),
    }
}

/// Minutes since Monday 0:00.
fn time_of_week(text: &str) -> Result<u64, String> {
    let parts = text.split_once(' ');
    let day = parts.and_then(|(day, _)| DAYS.iter().position(|(_, name)| *name == day));
    match (day, parts) {
        (Some(day), Some((_, time))) => Ok(day as u64 * DAY_MIN + time_of_day(time)?),
        _ => Err(format!("\"{text}\" is not a day and time: write it as \"mon 09:00\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> RefillSpec {
        RefillSpec {
            takes_min: 20.0,
            from: "08:00".into(),
            to: "18:00".into(),
            days: every_day(),
            begins: None,
        }
    }

    fn minutes(refill: &Refill, now_min: f64) -> f64 {
        refill.done_by(Instant::from_secs(60.0 * now_min)).as_secs() / 60.0
    }

    #[test]
    fn somebody_refills_at_once_where_there_is_time_and_else_the_next_morning() {
        let refill = Refill::new(&spec()).expect("it is right");
        // The run begins at 8:00.
        assert!((minutes(&refill, 60.0) - 80.0).abs() < 1e-9);
        assert!((minutes(&refill, 580.0) - 600.0).abs() < 1e-9, "by 18:00 sharp");
        assert!((minutes(&refill, 581.0) - (1440.0 + 20.0)).abs() < 1e-9, "it would be past 18:00");
        assert!((minutes(&refill, 900.0) - (1440.0 + 20.0)).abs() < 1e-9);
    }

    #[test]
    fn nobody_refills_at_the_weekend() {
        let days = DAYS[..5].iter().map(|(day, _)| *day).collect();
        let begins = Some("fri 17:00".into());
        let refill = Refill::new(&RefillSpec { days, begins, ..spec() }).expect("it is right");
        assert!((minutes(&refill, 10.0) - 30.0).abs() < 1e-9);
        // Monday 8:20 is 2 days, 15 hours and 20 minutes after Friday 17:00.
        assert!((minutes(&refill, 50.0) - (63.0 * 60.0 + 20.0)).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_time_is_refused_at_its_key() {
        let wrong = [
            ("from", RefillSpec { from: "8:00".into(), ..spec() }),
            ("to", RefillSpec { to: "25:00".into(), ..spec() }),
            ("to", RefillSpec { to: "08:00".into(), ..spec() }),
            ("takes_min", RefillSpec { takes_min: -1.0, ..spec() }),
            ("takes_min", RefillSpec { takes_min: 601.0, ..spec() }),
            ("days", RefillSpec { days: Vec::new(), ..spec() }),
            ("begins", RefillSpec { begins: Some("someday 09:00".into()), ..spec() }),
            ("begins", RefillSpec { begins: Some("mon".into()), ..spec() }),
        ];
        for (key, spec) in wrong {
            assert_eq!(Refill::new(&spec).map_err(|(at, _)| at), Err(key), "{spec:?}");
        }
    }
}
