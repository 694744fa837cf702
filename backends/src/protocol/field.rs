//! What an instrument keeps or measures: a number with its unit, a word, or a text.

use flowtwin_lab::{math, travel_ul};
use serde::Deserialize;

use super::template::{Taken, Template};

/// Digits after the point where a file does not say how many.
const USUAL: u32 = 6;

/// The word that stands for every number that is no word of a field.
pub(crate) const OTHER: &str = "(otherwise)";

/// By how much a value may miss its limits because rates are rounded to 1e-6 µL/min.
pub(crate) const ROUNDING: f64 = 1e-6;

/// What a field means to flowtwin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Means {
    /// Inner diameter of the syringe \[mm\].
    BoreMm,
    /// Rate [µL/min].
    RateUlPerMin,
    /// Volume after which a run ends \[µL\].
    VolumeUl,
    /// What the run has delivered \[µL\].
    DispensedUl,
    /// What it has drawn since it was cleared \[µL\].
    WithdrawnUl,
    /// What stands in the syringe, by where its plunger is \[µL\].
    PlungerUl,
    /// Whether a pump is to `infuse` or to `withdraw`.
    Direction,
    /// The position of a valve, from 1.
    Position,
    /// What a pump is at: `stopped`, `running`, `paused`, `delayed`, `stalled`.
    Status,
    /// Set point [°C].
    SetPointC,
    /// Temperature [°C].
    TemperatureC,
    /// Output power [%].
    PowerPercent,
    /// Control mode: `off`, `automatic`, `fixed_power`; or `manual`, which is off while the output power is zero.
    Mode,
    /// Whether the sensor of a heater is `whole` or `open`.
    Sensor,
    /// What a sensor reads, in the unit of its kind.
    Value,
    /// The answer to who it is.
    Model,
    /// Its serial number.
    SerialNumber,
    /// Its firmware.
    Firmware,
}

/// An exchange of a request and its answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The request.
    pub sends: Template,
    /// The answer; none where the instrument does not answer.
    pub replies: Option<Template>,
}

/// How a value stands in Modbus registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Form {
    /// One register, without sign.
    #[default]
    U16,
    /// One register, with a sign.
    I16,
    /// Two registers, the high half first.
    F32HighFirst,
    /// Two registers, the low half first.
    F32LowFirst,
}

impl Form {
    /// How many registers it takes.
    pub fn registers(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::F32HighFirst | Self::F32LowFirst => 2,
        }
    }

    /// The registers of a number; none where it does not fit.
    pub fn split(self, value: f64) -> Option<Vec<u16>> {
        let bits = (value as f32).to_bits();
        let (high, low) = ((bits >> 16) as u16, bits as u16);
        let whole = value.round();
        match self {
            Self::U16 => (0.0..=65_535.0).contains(&whole).then(|| vec![whole as u16]),
            Self::I16 => (-32_768.0..=32_767.0).contains(&whole).then(|| vec![whole as i16 as u16]),
            Self::F32HighFirst => Some(vec![high, low]),
            Self::F32LowFirst => Some(vec![low, high]),
        }
    }

    /// The number in registers.
    pub fn join(self, registers: &[u16]) -> Option<f64> {
        let float = |high: u16, low: u16| f32::from_bits(u32::from(high) << 16 | u32::from(low));
        match (self, registers) {
            (Self::U16, [value]) => Some(f64::from(*value)),
            (Self::I16, [value]) => Some(f64::from(*value as i16)),
            (Self::F32HighFirst, [a, b]) => Some(f64::from(float(*a, *b))),
            (Self::F32LowFirst, [a, b]) => Some(f64::from(float(*b, *a))),
            _ => None,
        }
    }
}

/// What a word is: a meaning, or the size of a unit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Is {
    /// So many of our units.
    Size(f64),
    /// A meaning.
    Meaning(String),
}

/// What an instrument keeps or measures.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// What it means to flowtwin.
    pub means: Option<Means>,
    /// How it is read.
    pub get: Option<Exchange>,
    /// How it is set.
    pub set: Option<Exchange>,
    /// Its first Modbus register.
    pub register: Option<u16>,
    /// How it stands in registers.
    pub form: Form,
    /// The number of characters of a text in registers, two in each, the first in the high half.
    pub chars: Option<u16>,
    /// Whether a pump starts when this is set, and stops when it is set to zero: the set point of a mass-flow controller.
    pub starts: bool,
    /// The bits of its register that it is, where others are other things; it is only read.
    pub mask: Option<u16>,
    /// One of the instrument's units in ours.
    pub scale: Option<f64>,
    /// Travel of the plunger that is one of the instrument's units \[µm\], in a second for a rate: with the bore it gives the scale.
    pub travel_um: Option<f64>,
    /// The field with the unit in which it is given.
    pub unit: Option<String>,
    /// Most digits that the instrument takes.
    pub digits: Option<u32>,
    /// Digits after the point.
    pub decimals: Option<u32>,
    /// Hexadecimal digits of a whole number, with a sign by two's complement; none where it is decimal.
    pub hex: Option<u32>,
    /// Lowest value that the instrument takes, in our units.
    pub low: Option<f64>,
    /// Highest value that the instrument takes, in our units.
    pub high: Option<f64>,
    /// The slowest and fastest speed of the plunger [mm/min], for a rate: its limits follow from the bore.
    pub mm_per_min: Option<[f64; 2]>,
    /// Whether the instrument keeps the old value where it does not take a new one, and says nothing.
    pub keeps_old: bool,
    /// Words of the instrument, and what each is; of several with one meaning an emulator says the first.
    pub words: Vec<(String, Is)>,
    /// What every number means that is none of the words.
    pub otherwise: Option<String>,
    /// What an emulator says, for a text.
    pub text: Option<String>,
    /// What an emulator begins with.
    pub begins: Option<f64>,
}

/// A value of a field: a number in our units, or a word or text of the instrument.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number, in our units.
    Number(f64),
    /// A word or a text, as the instrument says it.
    Word(String),
}

impl Field {
    /// What is wrong with it, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let scale = self.scale.unwrap_or(1.0);
        if !(scale.is_finite() && scale > 0.0) {
            return Some(format!("scale is {scale}, and must be above 0"));
        }
        if let Some(um) = self.travel_um {
            let is_moved = [Means::RateUlPerMin, Means::VolumeUl, Means::PlungerUl];
            if !self.means.is_some_and(|means| is_moved.contains(&means)) {
                return Some("`travel_um` is for a rate, a volume, or where the plunger is".into());
            }
            if self.scale.is_some() || !(um.is_finite() && um > 0.0) {
                return Some(format!("travel_um is {um}, must be above 0, and stands for `scale`"));
            }
        }
        if self.hex.is_some_and(|digits| !(1..=8).contains(&digits)) {
            return Some("hex is a number of digits from 1 to 8".into());
        }
        if self.starts && self.means != Some(Means::RateUlPerMin) {
            return Some("`starts` is for a rate".into());
        }
        if self.chars.is_some_and(|chars| self.register.is_none() || !(1..=64).contains(&chars)) {
            return Some("`chars` is a number from 1 to 64, for a register".into());
        }
        if let Some(problem) = self.wrong_mask() {
            return Some(problem);
        }
        if !self.words.is_empty() && self.text.is_some() {
            return Some("it is either one of `words` or a `text`".into());
        }
        let answers = |it: &Option<Exchange>| it.as_ref().is_none_or(|it| it.replies.is_some());
        if !answers(&self.get) {
            return Some("`get` has no `replies`".into());
        }
        if !answers(&self.set) && !self.is_read() {
            return Some("a `set` that is not answered needs a `get`: nobody would see it".into());
        }
        None
    }

    /// What is wrong with its bits, in words.
    fn wrong_mask(&self) -> Option<String> {
        let mask = self.mask?;
        if self.register.is_none() || self.form != Form::U16 {
            return Some("`mask` is for a register of the form u16".into());
        }
        let beyond = |word: &&String| word.parse::<u16>().is_ok_and(|bits| bits & mask == bits);
        match self.words.iter().map(|(word, _)| word).find(|word| !beyond(word)) {
            Some(word) => Some(format!("its word {word:?} is none of the bits of `mask` = {mask}")),
            None if self.words.is_empty() => Some("with `mask` it needs `words`".into()),
            None => None,
        }
    }

    /// How many registers it takes.
    pub fn registers(&self) -> u16 {
        self.chars.map_or(self.form.registers(), |chars| chars.div_ceil(2))
    }

    /// What registers say: a text, a word, or a number in the instrument's unit.
    pub(crate) fn of_registers(&self, registers: Vec<u16>) -> Option<Value> {
        if let Some(chars) = self.chars {
            let bytes = registers.iter().flat_map(|register| register.to_be_bytes());
            let bytes: Vec<u8> = bytes.take(chars.into()).collect();
            let text = String::from_utf8_lossy(&bytes);
            return Some(Value::Word(text.trim_matches(['\0', ' ']).to_owned()));
        }
        let number = self.form.join(&self.masked(registers))?;
        if self.words.is_empty() {
            let is_moved = matches!(self.unit_of_ours(), "µL" | "µL/min");
            return Some(Value::Number(if is_moved { as_written(number) } else { number }));
        }
        Some(Value::Word(self.known(&number.to_string()).to_owned()))
    }

    /// The registers of a value in the instrument's unit; none where it does not fit.
    pub(crate) fn to_registers(&self, value: &Value) -> Option<Vec<u16>> {
        match (value, self.chars) {
            (Value::Word(text), Some(chars)) => {
                let mut bytes = text.clone().into_bytes();
                bytes.resize(usize::from(chars.div_ceil(2)) * 2, 0);
                Some(bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect())
            }
            (Value::Word(word), None) if word == OTHER => {
                self.form.split(self.begins.unwrap_or(1.0))
            }
            (Value::Word(word), None) => self.form.split(word.parse().ok()?),
            (Value::Number(number), _) => self.form.split(*number),
        }
    }

    /// A word, or [`OTHER`] where it is none of them and all others mean something too.
    fn known<'a>(&self, word: &'a str) -> &'a str {
        let is_word = self.words.iter().any(|(known, _)| known == word);
        if !is_word && self.otherwise.is_some() { OTHER } else { word }
    }

    /// What of a register it is.
    pub fn masked(&self, registers: Vec<u16>) -> Vec<u16> {
        match self.mask {
            Some(mask) => registers.into_iter().map(|register| register & mask).collect(),
            None => registers,
        }
    }

    /// Whether it can be set.
    pub(crate) fn is_set(&self) -> bool {
        self.set.is_some() || (self.register.is_some() && self.mask.is_none())
    }

    /// Whether it can be read.
    pub(crate) fn is_read(&self) -> bool {
        self.get.is_some() || self.register.is_some()
    }

    /// Our unit of what it means, for people.
    pub(crate) fn unit_of_ours(&self) -> &'static str {
        match self.means {
            Some(Means::RateUlPerMin) => "µL/min",
            Some(Means::VolumeUl | Means::DispensedUl | Means::WithdrawnUl | Means::PlungerUl) => {
                "µL"
            }
            Some(Means::BoreMm) => "mm",
            Some(Means::SetPointC | Means::TemperatureC) => "°C",
            Some(Means::PowerPercent) => "%",
            _ => "",
        }
    }

    /// The distance that is the same whatever the number: displays of controllers have one decimal. Of a flow none is.
    pub(crate) fn as_shown(&self) -> f64 {
        match self.means {
            Some(Means::SetPointC | Means::TemperatureC | Means::PowerPercent) => 0.05,
            _ => 1e-9,
        }
    }

    /// A number of the instrument's units in ours. A scale such as 0.01 divides by 100: 3273 hundredths are 32.73, and not
    /// 32.730000000000004.
    pub(crate) fn in_ours(number: f64, scale: f64) -> f64 {
        let parts = (1.0 / scale).round();
        #[expect(clippy::float_cmp, reason = "only where the division is exact")]
        let is_a_part = parts > 1.0 && 1.0 / scale == parts;
        if is_a_part { number / parts } else { number * scale }
    }

    /// One of the instrument's units in ours, with a syringe of this bore \[mm\]; none where it counts steps and nobody knows the
    /// bore.
    pub fn scale(&self, bore_mm: Option<f64>) -> Option<f64> {
        let Some(um) = self.travel_um else { return Some(self.scale.unwrap_or(1.0)) };
        let ul = travel_ul(bore_mm?, um);
        Some(if self.means == Some(Means::RateUlPerMin) { 60.0 * ul } else { ul })
    }

    /// A number as the instrument writes it, in its unit; `how` is `short` for no more digits than are needed, and `>10` for
    /// ten characters, blanks in front, and `2` for two digits, zeros in front.
    pub fn write(&self, value: f64, how: &str) -> String {
        if let Some(digits) = self.hex {
            let bits = (value.round() as i64) & ((1_i64 << (4 * digits)) - 1);
            return format!("{bits:0width$X}", width = digits as usize);
        }
        let most = self.decimals.unwrap_or(USUAL);
        let fit =
            |value| self.digits.map_or(most, |it| math::decimals_that_fit(value, it).min(most));
        let value = math::round_decimals(value, fit(value));
        // Rounded up, it may have one digit more before the point.
        let text = format!("{value:.*}", fit(value) as usize);
        if let Some(width) = how.strip_prefix('>').and_then(|width| width.parse().ok()) {
            return format!("{text:>width$}");
        }
        if let Some(width) = how.strip_prefix('+').and_then(|width| width.parse::<usize>().ok()) {
            let (sign, digits) = text.strip_prefix('-').map_or(('+', &*text), |rest| ('-', rest));
            return format!("{sign}{digits:0>width$}");
        }
        if let Ok(width) = how.parse::<usize>() {
            return format!("{text:0>width$}");
        }
        match (how, self.digits) {
            ("short", _) if text.contains('.') => {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            // With a number of digits the point is always there.
            ("", Some(_)) if !text.contains('.') => text + ".",
            _ => text,
        }
    }

    /// The value that is left of a number when the instrument writes it, in its unit.
    pub fn rounded(&self, value: f64) -> f64 {
        if self.hex.is_some() {
            return value.round();
        }
        self.write(value, "").trim_end_matches('.').parse().unwrap_or(value)
    }

    /// A word as it is written: with `upper` in capitals.
    pub(crate) fn spelt(word: &str, how: &str) -> String {
        if how == "upper" { word.to_uppercase() } else { word.to_owned() }
    }

    /// Takes a number or a word from the beginning of a text: what it is, in the instrument's unit, and its bytes.
    pub fn read(&self, text: &str, how: &str) -> Option<(Value, usize)> {
        if self.otherwise.is_some() {
            let (number, bytes) = Self::number(text)?;
            return Some((Value::Word(self.known(&number.to_string()).to_owned()), bytes));
        }
        if !self.words.is_empty() {
            let spelt = |word: &String| text.starts_with(Self::spelt(word, how).as_str());
            let fit = self.words.iter().map(|(word, _)| word).filter(|word| spelt(word));
            let longest = fit.max_by_key(|word| word.len())?;
            return Some((Value::Word(longest.clone()), longest.len()));
        }
        if self.text.is_some() {
            let end = text.find(['\r', '\n', '\u{3}', '>', '"']).unwrap_or(text.len());
            return Some((Value::Word(text[..end].trim().to_owned()), end));
        }
        if let Some(digits) = self.hex {
            let bits = i64::from_str_radix(text.get(..digits as usize)?, 16).ok()?;
            let (half, all) = (1_i64 << (4 * digits - 1), 1_i64 << (4 * digits));
            let number = if bits < half { bits } else { bits - all };
            return Some((Value::Number(number as f64), digits as usize));
        }
        Self::number(text).map(|(number, bytes)| (Value::Number(number), bytes))
    }

    /// A number at the beginning of a text, and its bytes.
    fn number(text: &str) -> Option<(f64, usize)> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        // Some instruments fill up with blanks in front.
        let number = text.trim_start_matches(' ');
        let end = number.find(|c: char| !is_part(c)).unwrap_or(number.len());
        let value = number[..end].parse().ok()?;
        Some((value, text.len() - number.len() + end))
    }

    /// As [`Field::read`]; what a text takes may be less, where the pattern goes on within it.
    pub(crate) fn take(&self, text: &str, how: &str) -> Option<(Value, Taken)> {
        let (value, bytes) = self.read(text, how)?;
        let is_text = self.words.is_empty() && self.text.is_some();
        Some((value, if is_text { Taken::AtMost(bytes) } else { Taken::Exactly(bytes) }))
    }

    /// What a value of a step stands for: a meaning by its word, or what the instrument itself says.
    pub fn given(&self, text: &str) -> Value {
        match (self.word(text), self.words.is_empty(), text.parse()) {
            (Some(word), ..) => Value::Word(word.to_owned()),
            (None, true, Ok(number)) => Value::Number(number),
            _ => Value::Word(text.to_owned()),
        }
    }

    /// What a word of the instrument means.
    pub fn meaning(&self, word: &str) -> Option<&str> {
        if word == OTHER {
            return self.otherwise.as_deref();
        }
        self.words.iter().find_map(|(known, is)| match is {
            Is::Meaning(meaning) if known == word => Some(meaning.as_str()),
            _ => None,
        })
    }

    /// The word of the instrument for a meaning.
    pub fn word(&self, meaning: &str) -> Option<&str> {
        let is_it = |is: &Is| matches!(is, Is::Meaning(known) if known == meaning);
        let word = self.words.iter().find(|(_, is)| is_it(is)).map(|(word, _)| word.as_str());
        word.or(self.otherwise.as_ref().filter(|other| *other == meaning).map(|_| OTHER))
    }

    /// The first word that means the same as this one: what an emulator says.
    pub(crate) fn first_alike<'a>(&'a self, word: &'a str) -> &'a str {
        let of = self.words.iter().find(|(known, _)| known == word).map(|(_, is)| is);
        let first = of.and_then(|of| self.words.iter().find(|(_, is)| is == of));
        first.map_or(word, |(first, _)| first.as_str())
    }

    /// The size of a unit by its word.
    pub fn size(&self, word: &str) -> Option<f64> {
        self.words.iter().find_map(|(known, is)| match is {
            Is::Size(size) if known == word => Some(*size),
            _ => None,
        })
    }

    /// The value nearest to this one within the limits; a whole number of units where it counts steps.
    pub fn nearest(&self, bore_mm: Option<f64>, value: f64) -> f64 {
        let [low, high] = self.limits(bore_mm);
        let value = value.max(low).min(high);
        let unit = self.travel_um.and_then(|_| self.scale(bore_mm));
        unit.map_or(value, |unit| (value / unit).round().max(1.0) * unit)
    }

    /// Lowest and highest value, which a rounded value may miss by 1e-6, for a syringe of this bore \[mm\].
    pub fn limits(&self, bore_mm: Option<f64>) -> [f64; 2] {
        let mut limits =
            [self.low.unwrap_or(f64::NEG_INFINITY), self.high.unwrap_or(f64::INFINITY)];
        if let (Some([slow, fast]), Some(bore_mm)) = (self.mm_per_min, bore_mm) {
            let area_mm2 = std::f64::consts::PI / 4.0 * bore_mm * bore_mm;
            limits = [limits[0].max(slow * area_mm2), limits[1].min(fast * area_mm2)];
        }
        limits
    }
}

/// A number of single precision as a person would write it: 0.0925, and not 0.092500001192.
fn as_written(number: f64) -> f64 {
    (number as f32).to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_four_digits_keeps_its_point() {
        let field = Field { digits: Some(4), decimals: Some(3), ..Field::default() };
        for (value, text) in [
            (5.0, "5.000"),
            (0.5, "0.500"),
            (12.346, "12.35"),
            (999.96, "1000."),
            (1245.0, "1245."),
        ] {
            assert_eq!(field.write(value, ""), text, "{value}");
        }
        assert_eq!(field.write(92.5, "short"), "92.5");
        let port = Field { decimals: Some(0), ..Field::default() };
        assert_eq!((port.write(3.0, "2"), port.write(12.0, "2")), ("03".into(), "12".into()));
        assert_eq!(field.rounded(1245.4).to_bits(), 1245.0_f64.to_bits());
    }

    #[test]
    fn a_hexadecimal_number_has_its_sign_in_its_first_bit() {
        let field = Field { hex: Some(4), ..Field::default() };
        for (value, text) in [(2534.0, "09E6"), (-100.0, "FF9C"), (0.0, "0000"), (-151.0, "FF69")] {
            assert_eq!(field.write(value, ""), text);
            assert_eq!(field.read(&format!("{text}xyz"), ""), Some((Value::Number(value), 4)));
        }
        assert_eq!((field.read("****", ""), field.read("12", "")), (None, None));
        assert_eq!(field.rounded(12.4).to_bits(), 12.0_f64.to_bits());
    }

    #[test]
    fn the_longest_word_is_read() {
        let words = ["A", "A?S"].map(|word| (word.to_owned(), Is::Meaning("stalled".into())));
        let field = Field { words: words.to_vec(), ..Field::default() };
        assert_eq!(field.read("A?SX", ""), Some((Value::Word("A?S".into()), 3)));
        assert_eq!(field.read("B", ""), None);
    }

    #[test]
    fn registers_are_split_and_joined() {
        for (form, value) in [
            (Form::U16, 65_535.0),
            (Form::I16, -7.0),
            (Form::F32HighFirst, 126.4_f32.into()),
            (Form::F32LowFirst, -0.25),
        ] {
            let registers = form.split(value).unwrap();
            assert_eq!(registers.len(), usize::from(form.registers()));
            assert_eq!(form.join(&registers).unwrap().to_bits(), f64::to_bits(value));
        }
        assert_eq!(Form::U16.split(-1.0), None);
    }
}
