//! Says who is at the end of each cable of a wiring file, as JSON; moves nothing:
//! `cargo run -p flowtwin-backends --example identify -- WIRING`.

use flowtwin_backends::{Wiring, identify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a wiring file")?;
    let wiring = Wiring::parse(&std::fs::read_to_string(path)?)?;
    println!("{}", serde_json::to_string_pretty(&identify(&wiring))?);
    Ok(())
}
