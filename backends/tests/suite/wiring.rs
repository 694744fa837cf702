//! Wiring files say exactly what is wrong with them.

use flowtwin_backends::{Wiring, identify};
use flowtwin_lab::FaultKind;

fn complaint(text: &str) -> String {
    Wiring::parse(text).expect_err("it is wrong").to_string()
}

#[test]
fn an_unknown_key_is_pointed_at() {
    let text = "schema = 1\n[hdx.eye]\nlink.tcp = \"10.0.0.1:1\"\nlanp = \"halogen\"\n";
    let said = complaint(text);
    assert!(said.contains("line 4, column 1") && said.contains("unknown key `lanp`"), "{said}");
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

/// Which instruments of a wiring file are reported to be on the cable of another.
fn at_one_cable(text: &str) -> Vec<String> {
    let found = identify(
        &Wiring::parse(&format!("schema = 1\npatience_s = 0.01\n{text}")).expect("a wiring file"),
    );
    let told = |kind: &FaultKind| kind.to_string().contains("at the end of the same cable");
    found.into_iter().filter(|f| f.problem.as_ref().is_some_and(told)).map(|f| f.name).collect()
}

#[test]
fn two_instruments_cannot_hang_on_one_cable() {
    let port = "link.serial = { port = \"/dev/none\" }\n";
    assert_eq!(at_one_cable(&format!("[chemyx.a]\n{port}[chemyx.b]\n{port}")), ["a", "b"]);
    let oven = |name, unit| {
        format!(
            "[f4t.{name}]\nunit = {unit}\nlink.tcp = \"127.0.0.1:1\"\nloops = {{ {name} = 1 }}\n"
        )
    };
    assert_eq!(at_one_cable(&(oven("x", 1) + &oven("y", 1))), ["x", "y"]);
    let gateway = oven("x", 1) + &oven("y", 2);
    assert!(at_one_cable(&gateway).is_empty(), "a gateway leads to several units");
}

#[test]
#[cfg(unix)]
fn one_port_by_two_names_is_one_port() {
    let own = format!("one-port-{}", std::process::id());
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
    std::fs::create_dir_all(&dir).expect("a folder can be made");
    let (port, link) = (dir.join("ttyUSB0"), dir.join("by-id"));
    std::fs::write(&port, "").expect("a file can be written");
    let _is_not_there_yet = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(&port, &link).expect("a link can be made");
    let pump = |name, port: &std::path::Path| {
        format!("[chemyx.{name}]\nlink.serial = {{ port = {:?} }}\n", port.display().to_string())
    };
    assert_eq!(at_one_cable(&(pump("a", &port) + &pump("b", &link))), ["a", "b"]);
}

#[test]
fn two_heaters_cannot_hang_on_one_loop_nor_two_leds_on_one_channel() {
    let text = "schema = 1\n[f4t.oven]\nloops = { plate = 1, lid = 1 }\n";
    assert_eq!(complaint(text), "loop 1 of oven is wired twice");
    let led = "{ channel = 0, current_ma = 1 }";
    let text = format!("schema = 1\n[dc4100.leds]\nlights = {{ a = {led}, b = {led} }}\n");
    assert_eq!(complaint(&text), "LED 0 of leds is wired twice");
}

#[test]
fn a_fault_needs_an_instrument() {
    let text = "schema = 1\n[[faults]]\ninstrument = \"x\"\nat_s = 1\nfor_s = 1\nwhat = \"drop\"\n";
    assert_eq!(
        complaint(text),
        "faults[0].instrument = \"x\": there is no section of that name in the wiring file"
    );
}

#[test]
fn every_wiring_file_of_the_repository_can_be_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/wirings");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).expect("there are wiring files") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        Wiring::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        read += 1;
    }
    assert!(read > 0);
}
