//! Any fitted surrogate, as one type that can be written to a file and read back bit for bit.

mod encoded;
mod related;
mod spec;

use flowtwin_lab::Stream;
use serde::{Deserialize, Serialize};

use crate::Work;
use crate::ensemble::EnsemblePosterior;
use crate::forest::ForestPosterior;
use crate::gp::GpPosterior;
use crate::grey::GreyPosterior;
use crate::legacy::LegacyPosterior;
use crate::stack::StackPosterior;
use crate::surrogate::{Belief, Posterior, Slope};

pub use encoded::Encoded;
pub use related::Related;
pub(crate) use related::Relation;
pub use spec::{SurrogateSpec, UnknownName};

/// A fitted surrogate of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Model {
    /// An ensemble as in the published codes.
    Legacy(LegacyPosterior),
    /// An ensemble of our own design.
    Modern(EnsemblePosterior),
    /// A Gaussian process.
    Gp(GpPosterior),
    /// A random forest.
    Forest(ForestPosterior),
    /// All three, weighed.
    Stack(Box<StackPosterior>),
    /// A simulator and its residuals; it cannot be written to a file.
    #[serde(skip)]
    Twin(Box<GreyPosterior>),
    /// Any of them, of a space with choices.
    Encoded(Box<Encoded>),
    /// One of an earlier campaign, and one of its residuals.
    Related(Box<Related>),
}

impl From<GpPosterior> for Model {
    fn from(posterior: GpPosterior) -> Self {
        Self::Gp(posterior)
    }
}

impl Model {
    fn posterior(&self) -> &dyn Posterior {
        match self {
            Self::Legacy(posterior) => posterior,
            Self::Modern(posterior) => posterior,
            Self::Gp(posterior) => posterior,
            Self::Forest(posterior) => posterior,
            Self::Stack(posterior) => &**posterior,
            Self::Twin(posterior) => &**posterior,
            Self::Encoded(posterior) => &**posterior,
            Self::Related(posterior) => &**posterior,
        }
    }

    /// The same with one more experiment at `x` [d], where the model can take one in without being fitted again.
    pub(crate) fn with(&self, x: &[f64], y: f64) -> Option<Self> {
        match self {
            Self::Gp(gp) => Some(Self::Gp(gp.with(x, y))),
            Self::Encoded(encoded) => Some(Self::Encoded(Box::new(encoded.with(x, y)?))),
            Self::Related(related) => Some(Self::Related(Box::new(related.with(x, y)?))),
            _ => None,
        }
    }
}

impl Posterior for Model {
    fn at(&self, x: &[f64]) -> Belief {
        self.posterior().at(x)
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        self.posterior().beliefs(points)
    }

    fn noise_sd(&self) -> f64 {
        self.posterior().noise_sd()
    }

    fn members(&self, x: &[f64], out: &mut Vec<f64>) {
        self.posterior().members(x, out);
    }

    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        self.posterior().draw(points, stream)
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        self.posterior().slope(x)
    }

    fn held_out(&self) -> &[Belief] {
        self.posterior().held_out()
    }

    fn weights(&self) -> Vec<(&'static str, f64)> {
        self.posterior().weights()
    }

    fn work(&self) -> Work {
        self.posterior().work()
    }
}
