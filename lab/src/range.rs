//! What the numbers of a table may be, declared once: the check of a scenario, its schema and the page of its keys read it.

use std::collections::BTreeMap;

/// The range of the numbers at a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyRange {
    /// The key, below the table that has it. In a choice between tables, the name of the choice stands before it.
    pub key: &'static str,
    /// Lowest allowed.
    pub low: f64,
    /// Highest allowed.
    pub high: f64,
    /// Unit, for messages.
    pub unit: &'static str,
}

/// A number outside its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// Its key, below the table, with the name of an entry where the key has several.
    pub key: String,
    /// Its value.
    pub value: f64,
    /// What is allowed.
    pub range: KeyRange,
}

/// A table whose numbers have ranges; [`ranges!`](crate::ranges) implements it.
///
/// ```
/// use flowtwin_lab::ranges;
/// use flowtwin_lab::range::Ranged as _;
///
/// struct Kettle {
///     volume_ml: f64,
///     limit_c: Option<f64>,
/// }
///
/// ranges! {
///     /// The ranges of a kitchen.
///     pub const KITCHEN;
///
///     struct Kettle {
///         volume_ml: 1.0, 5_000.0, "mL";
///         limit_c: 20.0, 120.0, "°C";
///     }
/// }
///
/// let kettle = Kettle { volume_ml: 9_000.0, limit_c: None };
/// let outside = kettle.outside().expect("nine litres are too many");
/// assert_eq!((outside.key.as_str(), outside.range.high), ("volume_ml", 5_000.0));
/// assert_eq!(KITCHEN[0].0, "Kettle");
/// ```
pub trait Ranged {
    /// What its numbers may be.
    const RANGES: &'static [KeyRange];

    /// The numbers that are there, each with its key and its range.
    fn numbers(&self) -> Vec<Outside>;

    /// What the numbers at `key` may be.
    ///
    /// # Panics
    /// If no range is declared for the key.
    fn range(key: &str) -> KeyRange {
        let found = Self::RANGES.iter().find(|range| range.key == key);
        *found.expect("a key that has a range")
    }

    /// The first number outside its range; what is not a number is outside every range.
    fn outside(&self) -> Option<Outside> {
        let is_outside = |n: &Outside| !(n.range.low..=n.range.high).contains(&n.value);
        self.numbers().into_iter().find(is_outside)
    }
}

/// What stands at a key: a number, none, or one for each name.
///
/// ```
/// use std::collections::BTreeMap;
/// use flowtwin_lab::range::Numbers as _;
///
/// let rates = BTreeMap::from([("oil".to_owned(), 300.0), ("water".to_owned(), 150.0)]);
/// assert_eq!(rates.numbers()[1], (".water".to_owned(), 150.0));
/// assert_eq!(Some(2.5).numbers(), [(String::new(), 2.5)]);
/// assert!(None::<f64>.numbers().is_empty());
/// ```
pub trait Numbers {
    /// The numbers, each with what its key has behind that of all.
    fn numbers(&self) -> Vec<(String, f64)>;
}

macro_rules! is_a_number {
    ($($kind:ty: $as_number:expr;)+) => {
        $(impl Numbers for $kind {
            fn numbers(&self) -> Vec<(String, f64)> {
                let as_number: fn($kind) -> f64 = $as_number;
                vec![(String::new(), as_number(*self))]
            }
        })+
    };
}

is_a_number! {
    f64: |value| value;
    u16: f64::from;
    u32: f64::from;
    usize: |value| value as f64;
}

impl<T: Numbers> Numbers for Vec<T> {
    fn numbers(&self) -> Vec<(String, f64)> {
        let within = |(i, value): (usize, &T)| {
            let numbers = value.numbers().into_iter();
            numbers.map(move |(below, number)| (format!(".{i}{below}"), number))
        };
        self.iter().enumerate().flat_map(within).collect()
    }
}

impl<T: Numbers> Numbers for Option<T> {
    fn numbers(&self) -> Vec<(String, f64)> {
        self.iter().flat_map(T::numbers).collect()
    }
}

impl<T: Numbers> Numbers for BTreeMap<String, T> {
    fn numbers(&self) -> Vec<(String, f64)> {
        let below = |(name, value): (&String, &T)| {
            let below = |(behind, number)| (format!(".{name}{behind}"), number);
            value.numbers().into_iter().map(below).collect::<Vec<_>>()
        };
        self.iter().flat_map(below).collect()
    }
}

/// Declares the ranges of tables, a line for each key: lowest, highest, unit.
///
/// A struct has its fields in braces; an `enum` has its choices, each with its name in files and its fields, or
/// with its number alone. The constant lists the ranges of all, by the name of the type.
#[macro_export]
macro_rules! ranges {
    (
        $(#[$about:meta])+ $vis:vis const $all:ident;
        $( struct $table:ident { $( $key:ident: $low:expr, $high:expr, $unit:expr; )+ } )*
        $( enum $choice:ident { $(
            $name:literal => $variant:ident {
                $( $field:ident: $least:expr, $most:expr, $of:expr; )+
            }
        )* $(
            $lone:ident($lone_name:literal): $lone_low:expr, $lone_high:expr, $lone_unit:expr;
        )* } )*
    ) => {
        $(#[$about])+
        $vis const $all: &[(&str, &[$crate::range::KeyRange])] = &[
            $( (stringify!($table), <$table as $crate::range::Ranged>::RANGES), )*
            $( (stringify!($choice), <$choice as $crate::range::Ranged>::RANGES), )*
        ];

        $(impl $crate::range::Ranged for $table {
            const RANGES: &'static [$crate::range::KeyRange] = &[
                $( $crate::range::KeyRange {
                    key: stringify!($key), low: $low, high: $high, unit: $unit,
                }, )+
            ];

            fn numbers(&self) -> Vec<$crate::range::Outside> {
                let Self { $( $key, )+ .. } = self;
                let all: &[&dyn $crate::range::Numbers] = &[$( $key, )+];
                $crate::range::ranged(Self::RANGES, all)
            }
        })*

        $(impl $crate::range::Ranged for $choice {
            const RANGES: &'static [$crate::range::KeyRange] = &[
                $( $( $crate::range::KeyRange {
                    key: concat!($name, ".", stringify!($field)),
                    low: $least,
                    high: $most,
                    unit: $of,
                }, )+ )*
                $( $crate::range::KeyRange {
                    key: $lone_name, low: $lone_low, high: $lone_high, unit: $lone_unit,
                }, )*
            ];

            fn numbers(&self) -> Vec<$crate::range::Outside> {
                $( if let Self::$variant { $( $field, )+ .. } = self {
                    let all: &[&dyn $crate::range::Numbers] = &[$( $field, )+];
                    let of = $crate::range::below(Self::RANGES, concat!($name, "."));
                    return $crate::range::ranged(of, all);
                } )*
                $( if let Self::$lone(number) = self {
                    return $crate::range::ranged($crate::range::below(Self::RANGES, $lone_name), &[number]);
                } )*
                Vec::new()
            }
        })*
    };
}

/// Numbers beside their ranges, for [`ranges!`](crate::ranges).
#[doc(hidden)]
pub fn ranged(ranges: &[KeyRange], values: &[&dyn Numbers]) -> Vec<Outside> {
    let each = |(range, value): (&KeyRange, &&dyn Numbers)| {
        let number = |(behind, value)| Outside {
            key: format!("{}{behind}", range.key),
            value,
            range: *range,
        };
        value.numbers().into_iter().map(number).collect::<Vec<_>>()
    };
    ranges.iter().zip(values).flat_map(each).collect()
}

/// The ranges of one choice, for [`ranges!`](crate::ranges).
#[doc(hidden)]
pub fn below(ranges: &'static [KeyRange], start: &str) -> &'static [KeyRange] {
    let is_below = |range: &&KeyRange| range.key.starts_with(start);
    let first = ranges.iter().position(|range| is_below(&range)).unwrap_or(0);
    let count = ranges.iter().filter(is_below).count();
    &ranges[first..first + count]
}
