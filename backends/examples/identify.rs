//! Says who is at the end of each cable of a bench file, as JSON; moves nothing:
//! `cargo run -p flowtwin-backends --example identify -- BENCH`.

use flowtwin_backends::{Wiring, identify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a bench file")?;
    let wiring = Wiring::parse(&std::fs::read_to_string(path)?)?;
    println!("{}", serde_json::to_string_pretty(&identify(&wiring))?);
    Ok(())
}
