/// placeholder
fn main() {}
