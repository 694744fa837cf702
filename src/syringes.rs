//! What is left in the syringes, in one line.

use flowtwin_lab::Manifest;

use crate::sketch::level;

/// The stocks of a rig, and what is left of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Syringes {
    stocks: Vec<Stock>,
}

#[derive(Clone, Debug)]
struct Stock {
    name: String,
    filled_ml: f64,
    left_ml: f64,
}

impl Syringes {
    /// As they are at the start of a run.
    pub(crate) fn new(manifest: &Manifest) -> Self {
        let stock =
            |(name, ml): (&str, f64)| Stock { name: name.to_owned(), filled_ml: ml, left_ml: ml };
        Self { stocks: manifest.filled_ml().into_iter().map(stock).collect() }
    }

    /// Takes what an experiment has used [mL].
    pub(crate) fn take(&mut self, consumed_ml: &[(String, f64)]) {
        for (name, ml) in consumed_ml {
            if let Some(stock) = self.stocks.iter_mut().find(|stock| stock.name == *name) {
                stock.left_ml -= ml;
            }
        }
    }

    /// Each stock with its level and what is left, the scarcest first; nothing where there is no syringe.
    pub(crate) fn line(&self) -> Option<String> {
        let mut stocks: Vec<&Stock> = self.stocks.iter().collect();
        let share = |stock: &Stock| (stock.left_ml / stock.filled_ml).clamp(0.0, 1.0);
        stocks.sort_by(|a, b| share(a).total_cmp(&share(b)));
        let told = |stock: &&Stock| {
            let name = stock.name.replace('_', " ");
            format!("{name} {} {:.1} mL", level(share(stock)), stock.left_ml.max(0.0))
        };
        let told: Vec<String> = stocks.iter().map(told).collect();
        (!told.is_empty()).then(|| told.join("   "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scarcest_stock_comes_first() {
        let stock =
            |name: &str, filled_ml| Stock { name: name.into(), filled_ml, left_ml: filled_ml };
        let mut syringes = Syringes { stocks: vec![stock("oil", 20.0), stock("red_dye", 10.0)] };
        syringes.take(&[("red_dye".into(), 7.5), ("water".into(), 1.0)]);
        assert_eq!(syringes.line().unwrap(), "red dye ▂ 2.5 mL   oil █ 20.0 mL");
        assert_eq!(Syringes::default().line(), None);
    }
}
