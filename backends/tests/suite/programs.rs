//! Programs that hang, end, garble or lie are faults like any other, with their last words.

use std::time::Duration;

use flowtwin_backends::codec::program::Kind;
use flowtwin_backends::driver::program::{ProgramHost, ProgramPart};
use flowtwin_backends::instrument::{Heater as _, Pump as _};
use flowtwin_backends::transport::{Dialog, ProgramWire, Start};
use flowtwin_lab::{FaultKind, FlowRate, Temperature, Volume};

/// Patience with a program that answers, and with one that does not.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// The first lines of a program that is in order, up to where it says who it is.
const GREETS: &str = r#"echo '{"hello":{"protocol":1}}'; read -r line;
echo '{"id":1,"ok":{"protocol":1,"model":"sh","reads":["status","dispensed_ul","temperature_c","set_point_c"]}}'; "#;

/// An instrument behind a shell script.
fn part(script: &str, kind: Kind, patience: Duration) -> ProgramPart {
    let words = ["sh", "-c", script].map(String::from).to_vec();
    let start = Start { words, folder: "".into(), within: LONG, instead_of: None };
    let dialog = Dialog::new(Box::new(ProgramWire::new(start)), patience);
    ProgramPart::new(ProgramHost::shared(dialog), "it", kind)
}

fn lost(kind: FaultKind) -> String {
    match kind {
        FaultKind::LinkLost { detail } => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_that_is_not_there_or_is_no_instrument_program_is_told() {
    let start =
        Start { words: vec!["no-such".into()], folder: "".into(), within: LONG, instead_of: None };
    let dialog = Dialog::new(Box::new(ProgramWire::new(start)), SHORT);
    let refused = ProgramPart::new(ProgramHost::shared(dialog), "it", Kind::Pump).identify();
    assert!(lost(refused.unwrap_err()).contains("`no-such` cannot be started"));
    let refused = part("echo Welcome; sleep 60", Kind::Pump, SHORT).identify().unwrap_err();
    assert!(lost(refused).contains("its first line is \"Welcome\", expected was {\"hello\""));
    let other = "echo '{\"hello\":{\"protocol\":7}}'; sleep 60";
    let refused = part(other, Kind::Pump, SHORT).identify().unwrap_err();
    assert!(lost(refused).contains("speaks version 7"));
}

#[test]
fn a_program_that_ends_is_a_lost_link_with_its_status_and_its_last_words() {
    let dies = format!("{GREETS} echo 'no such port' >&2; exit 3");
    let mut pump = part(&dies, Kind::Pump, LONG);
    pump.identify().unwrap();
    let told = lost(pump.stop().unwrap_err());
    assert!(told.contains("has ended (exit status: 3)"), "{told}");
    assert!(told.contains("\n  | no such port"), "{told}");
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_has_started() {
    let hangs = format!("{GREETS} echo busy >&2; sleep 3600.125 & wait");
    let mut pump = part(&hangs, Kind::Pump, LONG);
    pump.identify().unwrap();
    // A program that is given little time from now on.
    let mut hung = part(&hangs, Kind::Pump, SHORT);
    let told = lost(hung.stop().unwrap_err());
    assert!(told.contains("gave no answer in time and was ended"), "{told}");
    assert!(told.contains("\n  | busy"), "{told}");
}

#[test]
fn a_program_is_started_again_and_must_be_who_it_was() {
    let number = std::env::temp_dir().join(format!("flowtwin-again-{}", std::process::id()));
    let script = format!(
        r#"echo '{{"hello":{{"protocol":1}}}}'; n=$(cat {0} 2>/dev/null || echo 0); echo $((n+1)) > {0};
        read -r line; echo '{{"id":'$((2*n+1))',"ok":{{"protocol":1,"model":"sh '$n'","reads":["status","dispensed_ul"]}}}}'"#,
        number.display()
    );
    let _old = std::fs::remove_file(&number);
    let mut pump = part(&script, Kind::Pump, LONG);
    assert_eq!(pump.identify().unwrap().model, "sh 0");
    // It has ended: the next request starts another, which is another instrument.
    lost(pump.stop().unwrap_err());
    let refused = pump.identify().unwrap_err();
    std::fs::remove_file(&number).unwrap();
    assert!(
        matches!(&refused, FaultKind::Refused { detail } if detail.contains("before it was sh 0")),
        "{refused:?}"
    );
}

#[test]
fn a_reading_is_repeated_with_a_program_that_was_started_again_and_has_said_who_it_is() {
    let died = std::env::temp_dir().join(format!("flowtwin-died-{}", std::process::id()));
    let _old = std::fs::remove_file(&died);
    let script = format!(
        r#"echo '{{"hello":{{"protocol":1}}}}'; met=
        while read -r line; do
            id=$(printf %s "$line" | sed 's/{{"id":\([0-9]*\).*/\1/')
            case $line in
            *identify*) met=1; echo '{{"id":'$id',"ok":{{"protocol":1,"model":"sh","reads":["temperature_c"]}}}}' ;;
            *) [ -e {0} ] || {{ : > {0}; exit 1; }}
               [ -n "$met" ] && echo '{{"id":'$id',"ok":{{"value":20.5}}}}' || echo '{{"id":'$id',"error":"who asks?"}}' ;;
            esac
        done"#,
        died.display()
    );
    let read = part(&script, Kind::Heater, LONG).temperature_c();
    std::fs::remove_file(&died).unwrap();
    assert_eq!(read, Ok(20.5));
}

#[test]
fn what_a_program_says_without_sense_is_garbled_and_what_it_does_not_do_is_refused() {
    let garbles =
        format!("{GREETS} read -r line; echo 'Traceback (most recent call last)'; sleep 60");
    let mut pump = part(&garbles, Kind::Pump, LONG);
    pump.identify().unwrap();
    let rate = FlowRate::from_ul_per_min(5.0);
    let garbled = pump.dispense(rate, Volume::from_ul(1.0)).unwrap_err();
    assert!(
        matches!(&garbled, FaultKind::Garbled { detail } if detail.contains("Traceback")),
        "{garbled:?}"
    );
    let lies = format!(
        "{GREETS} read -r line; echo '{{\"id\":2,\"ok\":{{}}}}'; read -r line; echo '{{\"id\":3,\"ok\":{{\"value\":20.0}}}}'; sleep 60"
    );
    let mut heater = part(&lies, Kind::Heater, LONG);
    heater.identify().unwrap();
    let kept = heater.heat(Temperature::from_c(120.0)).unwrap_err();
    assert!(
        matches!(kept, FaultKind::KeptOther { kept, .. } if (kept - 20.0).abs() < 1e-9),
        "{kept:?}"
    );
}

#[test]
fn a_program_that_cannot_read_what_its_kind_must_is_refused() {
    let refused = part(GREETS, Kind::Switch, LONG).identify().unwrap_err();
    let FaultKind::Unsupported { detail } = refused else { panic!("{refused:?}") };
    assert!(detail.contains("a switch must be able to read granted"), "{detail}");
}
