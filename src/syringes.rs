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

    /// Notes what is left [mL]; which stocks have fallen below this share of what they were filled with since the last time,
    /// with what is left.
    pub(crate) fn note_below(
        &mut self,
        left_ml: &[(String, f64)],
        share: f64,
    ) -> Vec<(String, f64)> {
        let is_low = |stock: &&Stock| stock.left_ml < share * stock.filled_ml;
        let before: Vec<String> =
            self.stocks.iter().filter(is_low).map(|s| s.name.clone()).collect();
        self.note(left_ml);
        let fallen =
            self.stocks.iter().filter(is_low).filter(|stock| !before.contains(&stock.name));
        fallen.map(|stock| (stock.name.replace('_', " "), stock.left_ml.max(0.0))).collect()
    }

    /// Notes what is left of each stock [mL].
    pub(crate) fn note(&mut self, left_ml: &[(String, f64)]) {
        for (name, ml) in left_ml {
            if let Some(stock) = self.stocks.iter_mut().find(|stock| stock.name == *name) {
                stock.left_ml = *ml;
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
        syringes.note(&[("red_dye".into(), 2.5), ("water".into(), 1.0)]);
        assert_eq!(syringes.line().unwrap(), "red dye ▂ 2.5 mL   oil █ 20.0 mL");
        assert_eq!(Syringes::default().line(), None);
    }

    #[test]
    fn a_stock_falls_below_its_share_once_until_it_is_filled_again() {
        let stock = Stock { name: "red_dye".into(), filled_ml: 10.0, left_ml: 10.0 };
        let mut syringes = Syringes { stocks: vec![stock] };
        let mut holds = |ml| syringes.note_below(&[("red_dye".into(), ml)], 0.1);
        let low = [("red dye".to_owned(), 0.5)];
        assert_eq!(holds(1.0), []);
        assert_eq!(holds(0.5), low);
        assert_eq!(holds(0.25), []);
        assert_eq!(holds(10.0), []);
        assert_eq!(holds(0.5), low);
    }
}
