//! `flowtwin twin explain`: what an outcome depends on.

use flowtwin_data::learnt::Twin;
use flowtwin_data::learnt::explain::{self, Explanation};

use super::{context, read};
use crate::cli::TwinExplain as Args;
use crate::command::output::into_folder;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let data = read(&args.data)?;
    let context = context(&args.data);
    let twin = Twin::fit(&data, args.surrogate, &context)?;
    let explanation = Explanation::of(&twin, &data, &context)?;
    console::say_line(format_args!(
        "{}: {} of {} experiments explained against a background of {}, {} predictions",
        twin.surrogate.name(),
        explanation.explained.len(),
        data.outcomes().len(),
        explanation.background,
        explanation.predictions
    ));
    match args.data.json {
        true => {
            console::print_line(format_args!("{:#}", explain::value(&twin, &data, &explanation)))?;
        }
        false => console::print(console::fitted(&explain::table(&data, &explanation)))?,
    }
    if let Some(folder) = &args.out {
        let files = into_folder(folder, |folder| {
            explain::write(folder, &twin, &data, &explanation).map(drop).map_err(Into::into)
        })?;
        files.iter().for_each(|file| console::say_line(format_args!("wrote {}", file.display())));
    }
    Ok(())
}
