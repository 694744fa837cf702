//! Bench files say exactly what is wrong with them.

use flowtwin_backends::Wiring;

fn complaint(text: &str) -> String {
    Wiring::parse(text).expect_err("it is wrong").to_string()
}

#[test]
fn an_unknown_key_is_pointed_at() {
    let text = "schema = 1\n[hdx.eye]\nlink.tcp = \"10.0.0.1:1\"\nlanp = \"halogen\"\n";
    let said = complaint(text);
    assert!(said.contains("line 4, column 1") && said.contains("unknown field `lanp`"), "{said}");
}

#[test]
fn another_schema_is_refused() {
    assert_eq!(complaint("schema = 2\n"), "schema is 2, but this program reads schema 1");
}

#[test]
fn numbers_out_of_range_are_named_with_their_range() {
    let text = "schema = 1\n[f4t.oven]\nloops = { plate = 5 }\n";
    assert_eq!(complaint(text), "f4t.oven.loops.plate is 5, allowed is 1 to 4");
}

#[test]
fn two_instruments_cannot_have_one_name() {
    let text = "schema = 1\n[chemyx.a]\n[hdx.a]\n";
    assert_eq!(complaint(text), "a is wired twice");
}

#[test]
fn a_fault_needs_an_instrument() {
    let text = "schema = 1\n[[faults]]\ninstrument = \"x\"\nat_s = 1\nfor_s = 1\nwhat = \"drop\"\n";
    assert_eq!(
        complaint(text),
        "faults[0].instrument = \"x\": there is no section of that name in the bench file"
    );
}

#[test]
fn every_bench_file_of_the_repository_can_be_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/benches");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).expect("there are bench files") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        Wiring::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        read += 1;
    }
    assert!(read > 0);
}
