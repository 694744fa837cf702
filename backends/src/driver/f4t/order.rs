//! Which half of a float comes first, inferred from values that make sense in one order only.

use flowtwin_lab::FaultKind;

use crate::codec::modbus::WordOrder;

/// Coldest value that a controller of temperatures shows [°C]: absolute zero.
const COLDEST_C: f32 = -273.15;
/// Hottest value that a controller of temperatures shows [°C]: above the range of a type C thermocouple, 2315 °C.
const HOTTEST_C: f32 = 2500.0;
/// Smallest value that counts [°C]. The halves of a temperature read the wrong way round most often make a number far
/// below this one, and two such numbers agree with each other.
const SMALLEST_C: f32 = 0.01;

/// How many values must make sense in one order and not in the other.
const ENOUGH: usize = 2;

/// A float as it came over the wire, and what it is of.
pub(super) struct Witness {
    /// What it is of.
    pub(super) name: &'static str,
    /// Its two registers.
    pub(super) words: [u16; 2],
}

/// Makes sure that values come in the word order of the wiring file; returns how many confirm it.
///
/// # Errors
/// If they come in the other order, contradict each other, or do not decide.
pub(super) fn confirm(order: WordOrder, witnesses: &[Witness]) -> Result<usize, FaultKind> {
    let other = order.other();
    let agree = witnesses.iter().filter(|w| w.speaks_for(order)).count();
    let disagree: Vec<&Witness> = witnesses.iter().filter(|w| w.speaks_for(other)).collect();
    let detail = match disagree.first() {
        None if agree >= ENOUGH => return Ok(agree),
        None => format!(
            "the word order cannot be determined: {agree} of {} values make sense in one order only, {ENOUGH} must; give the \
             loop a set point such as 21.3 °C at the controller, then check again",
            witnesses.len()
        ),
        Some(witness) if disagree.len() > agree => format!(
            "wrong word order: the {} reads {:?} °C, the other way round {} °C; say word_order = \"{}\"",
            witness.name,
            order.join(witness.words),
            other.join(witness.words),
            other.key(),
        ),
        Some(witness) => format!(
            "wrong word order, or sensor open: the {} reads {:?} °C",
            witness.name,
            order.join(witness.words)
        ),
    };
    Err(FaultKind::Refused { detail })
}

impl Witness {
    /// Whether the value makes sense in this order, and not in the other.
    fn speaks_for(&self, order: WordOrder) -> bool {
        makes_sense(order.join(self.words)) && !makes_sense(order.other().join(self.words))
    }
}

fn makes_sense(c: f32) -> bool {
    (COLDEST_C..=HOTTEST_C).contains(&c) && c.abs() >= SMALLEST_C
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    fn witnesses(values: &[f32]) -> Vec<Witness> {
        let witness = |c: &f32| Witness { name: "value", words: WordOrder::LowFirst.split(*c) };
        values.iter().map(witness).collect()
    }

    #[test]
    fn the_wrong_order_never_passes_whatever_the_values() {
        let mut stream = Streams::new(13).open("values", 0);
        let mut told = 0;
        for _ in 0..20_000 {
            let mut draw = |low: f64, high: f64| (low + (high - low) * stream.uniform()) as f32;
            let value = draw(-40.0, 400.0);
            let values = [value, value + draw(-1.0, 1.0), draw(0.0, 300.0).round()];
            assert!(confirm(WordOrder::HighFirst, &witnesses(&values)).is_err(), "{values:?}");
            told += usize::from(confirm(WordOrder::LowFirst, &witnesses(&values)).is_ok());
        }
        assert!(told > 19_000, "the right order is told in {told} of 20000 cases");
    }

    #[test]
    fn limits_of_the_set_point_settle_it_whatever_the_sensor_reads() {
        let mut stream = Streams::new(14).open("values", 0);
        for _ in 0..20_000 {
            let value = (500.0 * stream.uniform() - 50.0) as f32;
            let values = witnesses(&[value, value, -200.0, 1371.0]);
            assert!(confirm(WordOrder::LowFirst, &values).is_ok(), "{value}");
            assert!(confirm(WordOrder::HighFirst, &values).is_err(), "{value}");
        }
    }

    #[test]
    fn where_the_values_cannot_tell_nothing_is_accepted() {
        for values in [&[0.0, 0.0, 0.0][..], &[f32::NAN, f32::NAN], &[21.3], &[1e-9, 1e-8, 21.3]] {
            for order in [WordOrder::LowFirst, WordOrder::HighFirst] {
                assert!(confirm(order, &witnesses(values)).is_err(), "{values:?}");
            }
        }
    }
}
