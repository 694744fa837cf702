//! `flowtwin twin explain`: what an outcome depends on.

use super::{context, read};
use crate::cli::TwinExplain as Args;
use crate::error::CommandError;
use crate::learnt::Twin;
use crate::learnt::explain::{self, Explanation};

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let data = read(&args.data)?;
    let context = context(&args.data);
    let twin = Twin::fit(&data, args.surrogate, &context)?;
    let explanation = Explanation::of(&twin, &data, &context)?;
    eprintln!(
        "{}: {} of {} experiments explained against a background of {}, {} predictions",
        twin.surrogate.name(),
        explanation.explained.len(),
        data.outcomes().len(),
        explanation.background,
        explanation.predictions
    );
    match args.data.json {
        true => println!("{:#}", explain::value(&twin, &data, &explanation)),
        false => print!("{}", explain::table(&data, &explanation).text()),
    }
    if let Some(folder) = &args.out {
        let files = explain::write(folder, &twin, &data, &explanation)?;
        files.iter().for_each(|file| eprintln!("wrote {}", file.display()));
    }
    Ok(())
}
