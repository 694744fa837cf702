//! Protocol files that are wrong are refused, with what is wrong with them.

use std::collections::VecDeque;
use std::time::Duration;

use flowtwin_backends::Wiring;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::driver::protocol::{At, ProtocolHost};
use flowtwin_backends::protocol::{Protocol, Value};
use flowtwin_backends::transport::{Dialog, Transport};
use flowtwin_lab::FaultKind;

/// What is said of a protocol of flowtwin in which `from` stands as `to`.
fn wrong(name: &str, from: &str, to: &str) -> String {
    let text = flowtwin_backends::protocol::built_in(name).expect("it is there");
    assert!(text.contains(from), "{from}");
    let read = Protocol::parse(&text.replacen(from, to, 1), "mine.toml");
    read.expect_err("it is wrong").to_string()
}

/// Of a stop that does not stop nobody would hear before it is needed.
#[test]
fn a_file_whose_steps_cannot_do_what_they_are_for_is_refused() {
    let stop = "stop = [\"do stop if running\", \"do stop if paused\"]";
    let off = "off = [\"set mode manual\", \"set output 0\"]";
    let pump = |to: &str| wrong("new-era-ne1000", stop, to);
    let heater = |to: &str| wrong("eurotherm-2000", off, to);
    for (said, error) in [
        ("a pump that is running is paused after it", pump("stop = [\"do stop if running\"]")),
        ("a pump that is running is running after it", pump("stop = [\"do clear_infused\"]")),
        ("nothing is asked for here", pump("stop = [\"set rate\", \"do stop\", \"do stop\"]")),
        ("`if halted`: the status has no such", pump("stop = [\"do stop if halted\"]")),
        ("`set dispensed`: the field has no `set`", pump("stop = [\"set dispensed 0\"]")),
        ("does not run after it", wrong("new-era-ne1000", ", \"do run\"]", "]")),
        (
            "it does not set the direction to withdraw",
            wrong("new-era-ne1000", "\"set direction withdraw\", ", ""),
        ),
        ("in manual mode a controller goes on heating", heater("off = [\"set mode manual\"]")),
        ("it does not set the mode to off", heater("off = [\"set output 0\"]")),
        ("`set mode of`: the field has no such value", heater("off = [\"set mode of\"]")),
        (
            "a pump that is delayed is delayed after it",
            wrong(
                "chemyx-fusion",
                "stop = [\"do stop\"]",
                "stop = [\"do stop if running\", \"do stop if paused\"]",
            ),
        ),
    ] {
        assert!(error.contains(said), "{error}");
    }
}

/// An instrument takes one of the two, and nobody sees which.
#[test]
fn one_request_for_two_things_is_refused() {
    for (name, from, to, said) in [
        (
            "lauda",
            "sends = \"STOP\"",
            "sends = \"START\"",
            "actions.stop sends what actions.start sends, and does something else",
        ),
        ("ika-plate", "\"STOP_1\"", "\"START_1\"", "actions.stop sends what actions.start sends"),
        ("new-era-ne1000", "\"CLDINF\"", "\"cld wdr\"", "and does something else"),
        ("lauda", "sends = \"START\"", "sends = \"TYPE\"", "sends what reads fields.type"),
        (
            "eurotherm-2000",
            "[\"1\", \"manual\"]",
            "[\"0\", \"manual\"]",
            "fields.mode: its word \"0\" means two things",
        ),
        (
            "omega-platinum",
            "register = 556",
            "register = 576",
            "fields.valid: its register 576 is that of fields.mode",
        ),
        ("lauda", "unknown = \"ERR_3\"", "unknown = \"OK\"", "says the same when all is well"),
        ("ika-plate", "sends = \"STOP_1\"", "sends = \"STOP_1{blank}\"", "no {blank}"),
    ] {
        let error = wrong(name, from, to);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_wrong_with_steps_and_valves_is_said() {
    let cavro = |from: &str, to: &str| wrong("cavro-xlp-6000", from, to);
    for (said, error) in [
        (
            "fields.firmware: `travel_um` is for a rate",
            cavro("text = \"XLP6000\"", "travel_um = 1.0"),
        ),
        ("travel_um is 0, must be above 0", cavro("travel_um = 1.25", "travel_um = 0.0")),
        ("actions.deliver: its request does not say", cavro("D{volume}R", "D5R")),
        ("actions.draw: there is no field volum", cavro("P{volume}R", "P{volum}R")),
        ("steps.dispense: it draws", cavro("\"do deliver\"]", "\"do draw\"]")),
        ("steps.withdraw: it delivers", cavro("\"do draw\"]", "\"do deliver\"]")),
        ("`do deliver`: no volume is asked for", cavro("stop = [", "stop = [\"do deliver\", ")),
        (
            "it does not set the mode to off",
            wrong("lauda", "off = [\"do stop\"]", "off = [\"do start\"]"),
        ),
        (
            "steps.turn: a pump that is stopped moves after it",
            wrong(
                "hamilton-psd-4",
                "turn = [\"do extended\"]\nstop = [\"do terminate\"]",
                "turn = [\"do go\"]\nstop = [\"do terminate\"]\n\
                 [actions.go]\nsends = \"R\"\nreplies = \"\"\ndoes = \"start\"",
            ),
        ),
        (
            "it does not set the mode to off",
            wrong("lauda", "off = [\"do stop\"]", "off = [\"do stop\", \"do start\"]"),
        ),
        ("fields.set_point: hex is a number of digits", wrong("huber-pb", "hex = 4", "hex = 9")),
    ] {
        assert!(error.contains(said), "{error}");
    }
    for (section, said) in [
        (
            "file = \"julabo\"\nvalves = { a = \"tap\" }",
            "is not a pump with a valve, so a has no tap",
        ),
        (
            "file = \"cavro-xlp-6000\"\nparts = { a = 1 }\nvalves = { b = \"tap\" }",
            "valves: b is none of the `parts`",
        ),
    ] {
        let text = format!("schema = 1\n[protocol.pumps]\n{section}\n");
        let error = Wiring::parse(&text).expect_err("it is wrong").to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// What is done only sometimes makes nothing safe.
#[test]
fn a_controller_is_not_off_after_a_step_that_is_done_only_in_one_status() {
    let status = "[fields.state]\nmeans = \"status\"\nregister = 7\nwords = [[\"0\", \"stopped\"], [\"1\", \"running\"]]\n[steps]";
    for (off, said) in [
        ("[\"set mode manual if running\", \"set output 0\"]", "it does not set the mode to off"),
        ("[\"set mode manual\", \"set output 0 if running\"]", "set the power to 0 as well"),
    ] {
        let text = flowtwin_backends::protocol::built_in("eurotherm-2000").expect("it is there");
        let with = text.replacen("[steps]", status, 1);
        assert!(Protocol::parse(&with, "mine.toml").is_ok());
        let off = with.replacen("[\"set mode manual\", \"set output 0\"]", off, 1);
        let error = Protocol::parse(&off, "mine.toml").expect_err("it is wrong").to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_a_program_is_said_to_speak_must_be_there_and_of_its_kind() {
    for (speaks, said) in [
        ("protocol = { file = \"none.toml\" }", "speaks.protocol: none.toml"),
        (
            "protocol = { file = \"eurotherm-2000\" }",
            "speaks.protocol: that is not for kind = \"pump\"",
        ),
        ("chemyx = { chanel = 1 }", "speaks.chemyx: unknown key"),
    ] {
        let text = format!(
            "schema = 1\n[program.water]\nkind = \"pump\"\ncommand = \"pump\"\nspeaks.{speaks}\n"
        );
        let error = Wiring::parse(&text).expect_err("it is wrong").to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    for (from, to, said) in [
        ("schema = 1", "schema = 2", "mine.toml: schema is 2"),
        ("means = \"dispensed_ul\"", "", "fields: a pump needs one that means DispensedUl"),
        ("{rate_unit}", "{unit}", "fields.rate: there is no field unit"),
        ("\"do run\"", "\"do walk\"", "names nothing that there is"),
        ("\"do run\"", "\"run\"", "\"run\" is no step"),
        (", replies = \"{bore}\"", "", "fields.bore: `get` has no `replies`"),
        ("stop = [\"do stop if running\", \"do stop if paused\"]", "", "steps.stop is missing"),
    ] {
        let error = wrong("new-era-ne1000", from, to);
        assert!(error.contains(said), "{error}");
    }
    for (file, why) in [
        ("vapourtec-sf-10", "nobody could see that it has stopped"),
        ("Vapourtec R4.toml", "only to those who promise"),
        ("knauer-azura", "with --timed"),
        ("bronkhorst", "bronkhorst-modbus drives controllers that have a batch counter"),
        ("alicat-mc", "how it was ordered"),
        ("cavro-xcalibur", "no public manual"),
        ("none.toml", "there is no such file"),
    ] {
        let text = format!("schema = 1\n[protocol.water]\nfile = \"{file}\"\n");
        let error = Wiring::parse(&text).expect_err("there is none").to_string();
        assert!(error.contains(why) && error.contains("come with flowtwin: "), "{error}");
    }
    let euro = |from: &str, to: &str| wrong("eurotherm-3200", from, to);
    let bronkhorst = |from: &str, to: &str| wrong("bronkhorst-modbus", from, to);
    for (error, said) in [
        (
            bronkhorst("stop = [\"set flow 0\", ", "stop = ["),
            "steps.stop: a pump that is running is running after it",
        ),
        (bronkhorst("bus\", \"set flow\"]", "bus\"]"), "does not run after it"),
        (bronkhorst("chars = 7\n", "chars = 7\nstarts = true\n"), "`starts` is for a rate"),
        (bronkhorst("chars = 7", "chars = 70"), "`chars` is a number from 1 to 64"),
        (
            euro(
                "[steps]",
                "[fields.all]\nregister = 75\nmask = 48\nwords = [[\"16\", \"a\"]]\n[steps]",
            ),
            "its register 75 is that of fields.all",
        ),
        (euro("mask = 32", "mask = 8"), "its word \"32\" is none of the bits of `mask` = 8"),
        (euro("register = 75\nmask = 32", "mask = 32"), "it needs a register"),
        (euro("register = 273", "register = 273\nmask = 1"), "the field has no `set`"),
    ] {
        assert!(error.contains(said), "{error}");
    }
    let text = flowtwin_backends::protocol::built_in("eurotherm-3200").expect("it is there");
    let apart =
        "[fields.manual]\nregister = 75\nmask = 16\nwords = [[\"16\", \"manual\"]]\n[steps]";
    assert!(Protocol::parse(&text.replacen("[steps]", apart, 1), "mine.toml").is_ok());
    let missing = Wiring::parse("schema = 1\n[protocol.water]\nfile = \"none.toml\"\n")
        .expect_err("there is none");
    assert!(
        missing.to_string().contains("those that come with flowtwin: bronkhorst-modbus"),
        "{missing}"
    );
}

/// A wire on which a reply comes in pieces.
#[derive(Debug)]
struct Pieces(VecDeque<&'static str>);

impl Transport for Pieces {
    fn write(&mut self, _: &[u8]) -> Result<(), FaultKind> {
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        // What is dropped before a request is sent has not come yet.
        if patience.is_zero() {
            return Ok(0);
        }
        let piece = self.0.pop_front().unwrap_or_default();
        into.extend_from_slice(piece.as_bytes());
        Ok(piece.len())
    }
}

/// Of a pump that is not the first of a chain an error begins as an acknowledgement does.
#[test]
fn an_error_that_comes_in_pieces_is_no_acknowledgement() {
    let text = flowtwin_backends::protocol::built_in("harvard-kds").expect("it is there");
    let protocol = Protocol::parse(text, "harvard-kds").expect("it makes sense");
    let set = |pieces: &[&'static str]| {
        let wire = Pieces(pieces.iter().copied().collect());
        let dialog = Dialog::new(Box::new(wire), Duration::from_secs(1));
        let mut host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
        let at = At { address: 12, bore_mm: None };
        host.set(&protocol, at, "bore", &Value::Number(20.0))
    };
    assert_eq!(set(&["\n12:"]), Ok(()));
    assert_eq!(set(&["\n", "12", ":", "\u{11}"]), Ok(()));
    let refused = set(&["\n12:", "Argument error: 20\r\n12:   Out of range", "\r\n12:"]);
    assert!(matches!(refused, Err(FaultKind::Refused { .. })), "{refused:?}");
    let other = set(&["\n12:", "Nobody knows this\r\n12:"]);
    assert!(matches!(other, Err(FaultKind::Garbled { .. })), "{other:?}");
}

#[test]
fn a_reply_without_an_end_must_end_in_what_is_known_as_its_end() {
    let chain = |from: &str, to: &str| wrong("harvard-kds", from, to);
    for (error, said) in [
        (chain("{text}\\n{address:2?}{state}", "{text}\\n{state}{rate}"), "a reply must end in"),
        (chain("[\"*\", \"stalled\"]", "[\":*\", \"stalled\"]"), "a reply must end in"),
        (
            chain("Command error:{any}", "Command error:{why}"),
            "errors.unknown: there is no field why",
        ),
        (chain("sends = \"irun\"", "sends = \"irun{any}\""), "a request has no {any}"),
        (chain("sends = \"ver\"", "sends = \"ver{any}\""), "a request has no {any}"),
    ] {
        assert!(error.contains(said), "{error}");
    }
}
