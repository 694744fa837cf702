//! Programs that hang, end, garble or lie are faults like any other, with their last words.

use std::path::PathBuf;
use std::time::Duration;

use flowtwin_backends::clock::WallClock;
use flowtwin_backends::codec::program::Kind;
use flowtwin_backends::driver::program::{ProgramHost, ProgramPart};
use flowtwin_backends::examination::{Subject, examine};
use flowtwin_backends::heartbeat::{Alarm, Duty, stand_watch};
use flowtwin_backends::instrument::{Heater as _, Pump as _};
use flowtwin_backends::transport::{Dialog, Hurry, ProgramWire, Start, this_process};
use flowtwin_backends::{Wiring, connect};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{Command, FaultKind, FlowRate, Lab as _, Reply, Temperature, Volume};

use crate::server::{Unheard, told_by};

/// Patience with a program that answers, and with one that does not.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
const HOUR: Duration = Duration::from_secs(3600);

/// The first lines of a program that is in order, up to where it says who it is.
const GREETS: &str = r#"echo '{"hello":{"protocol":1}}'; read -r line;
echo '{"id":1,"ok":{"protocol":1,"model":"sh","reads":["status","dispensed_ul","temperature_c","set_point_c"]}}'; "#;

/// An instrument behind a shell script.
fn part(script: &str, kind: Kind, patience: Duration) -> ProgramPart {
    hurried(script, kind, patience, &Hurry::default())
}

/// The same, which is waited for no longer than `hurry` grants.
fn hurried(script: &str, kind: Kind, patience: Duration, hurry: &Hurry) -> ProgramPart {
    let words = ["sh", "-c", script].map(String::from).to_vec();
    let start = Start { words, folder: "".into(), within: LONG, instead_of: None };
    let wire = ProgramWire::new(start).heeding(hurry.clone());
    let dialog = Dialog::new(Box::new(wire), patience);
    ProgramPart::new(ProgramHost::shared(dialog), "it", kind)
}

/// A folder in which a script and its test leave each other signs.
struct Signs(PathBuf);

impl Signs {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("flowtwin-{name}-{}", std::process::id()));
        let _old = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder can be made");
        Self(folder)
    }

    fn leave(&self, sign: &str) {
        std::fs::write(self.0.join(sign), "").expect("a file can be written");
    }

    fn remove(&self, sign: &str) {
        std::fs::remove_file(self.0.join(sign)).expect("it is there");
    }

    fn wait_for(&self, sign: &str) {
        while !self.0.join(sign).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A heater that reads its own process number, and works only while there is the sign `go`.
    fn heater(&self) -> String {
        format!(
            r#"cd {}; echo '{{"hello":{{"protocol":1}}}}'
            while read -r line; do
                id=$(printf %s "$line" | sed 's/{{"id":\([0-9]*\).*/\1/')
                while [ ! -e go ]; do sleep 0.01; done
                case $line in
                *identify*) echo '{{"id":'$id',"ok":{{"protocol":1,"model":"sh","reads":["temperature_c"]}}}}' ;;
                *'"off"'*) : > is_off; echo '{{"id":'$id',"ok":{{}}}}' ;;
                *) echo '{{"id":'$id',"ok":{{"value":'$$'}}}}' ;;
                esac
            done"#,
            self.0.display()
        )
    }
}

impl Drop for Signs {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

fn is_alive(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

fn lost(kind: FaultKind) -> String {
    match kind {
        FaultKind::LinkLost { detail } => detail,
        other => panic!("{other:?}"),
    }
}

/// A program that a campaign has left behind has the instrument that its watch needs.
#[test]
fn a_watch_ends_the_programs_of_its_campaign_before_it_starts_its_own() {
    let signs = Signs::new("left-behind");
    let script = signs.0.join("heater.sh");
    std::fs::write(&script, signs.heater()).expect("a file can be written");
    signs.leave("go");
    let text = format!(
        "schema = 1\npatience_s = 60\n[program.plate]\nkind = \"heater\"\ncommand = \"sh {}\"\nstarts_within_s = 60\n",
        script.display()
    );
    let wiring = Wiring::parse(&text).expect("a wiring file");
    let mut manifest = ToyLab::new().manifest().clone();
    (manifest.pumps, manifest.lights, manifest.spectrometers) = Default::default();
    manifest.sensors.retain(|sensor| sensor.name.as_str() == "plate.temperature");
    let clock = Box::new(WallClock::real());
    let mut campaign = connect(&wiring, manifest.clone(), clock).expect("the wiring fits");
    let read = campaign.send(&Command::Read { sensor: "plate.temperature".into() });
    let Ok(Reply::Reading(process)) = read else { panic!("{read:?}") };
    // Killed: nothing of it runs any more, but its program.
    std::mem::forget(campaign);
    let duty = Duty {
        wiring: &wiring,
        silence: HOUR,
        tries_for: HOUR,
        safe_within: HOUR,
        on_alarm: &mut |_| {},
        herald: Box::new(Unheard),
        end_campaign: &mut |_| panic!("it has gone"),
    };
    assert!(format!("{duty:?}").contains("3600s"), "{duty:?}");
    let beats = told_by(this_process(), &manifest);
    let alarm = stand_watch(duty, beats, std::io::sink()).expect("it is safe");
    assert_eq!(alarm, Alarm::Closed);
    assert!(signs.0.join("is_off").exists(), "its own program has turned the heater off");
    while is_alive(process as u32) {
        std::thread::sleep(Duration::from_millis(5));
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
    let signs = Signs::new("hangs");
    // Only the first one says who it is: it has its child by then.
    let hangs = format!(
        r#"cd {}; [ -e child ] && exit 1; sleep 3600 & echo $! > written; mv written child
        echo '{{"hello":{{"protocol":1}}}}'; echo busy >&2
        while read -r line; do
            id=$(printf %s "$line" | sed 's/{{"id":\([0-9]*\).*/\1/')
            case $line in *identify*) ;; *) wait ;; esac
            echo '{{"id":'$id',"ok":{{"protocol":1,"model":"sh","reads":["status","dispensed_ul"]}}}}'
        done"#,
        signs.0.display()
    );
    let mut hung = part(&hangs, Kind::Pump, SHORT);
    while hung.identify().is_err() {}
    let told = lost(hung.stop().unwrap_err());
    assert!(told.contains("gave no answer in time and was ended"), "{told}");
    assert!(told.contains("\n  | busy"), "{told}");
    let child = std::fs::read_to_string(signs.0.join("child")).unwrap();
    let child = child.trim().parse().unwrap();
    while is_alive(child) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A look at the heaters waits a quarter of a second, an answer may take a second.
#[test]
fn who_waits_a_shorter_time_ends_no_program() {
    let (signs, hurry) = (Signs::new("looks"), Hurry::default());
    signs.leave("go");
    let mut heater = hurried(&signs.heater(), Kind::Heater, LONG, &hurry);
    let program = heater.temperature_c().unwrap();
    signs.remove("go");
    hurry.give_up();
    let looked = heater.temperature_c();
    assert!(matches!(looked, Err(FaultKind::NoReply { .. })), "{looked:?}");
    signs.leave("go");
    hurry.relax();
    assert_eq!(heater.temperature_c(), Ok(program), "it is the same process");
}

/// What makes a rig safe may run out of time before a slow program has answered: the program does it all the same.
#[test]
fn a_slow_program_makes_its_instrument_safe_although_nobody_waits_for_it() {
    let (signs, hurry) = (Signs::new("slow"), Hurry::default());
    signs.leave("go");
    let mut heater = hurried(&signs.heater(), Kind::Heater, LONG, &hurry);
    heater.identify().unwrap();
    signs.remove("go");
    hurry.give_up();
    let unheard = heater.off();
    assert!(matches!(unheard, Err(FaultKind::NoReply { .. })), "{unheard:?}");
    signs.leave("go");
    signs.wait_for("is_off");
}

/// Whoever is at the end of the line is switched off, also where it does not say as it should who it is.
#[test]
fn a_heater_that_does_not_say_who_it_is_is_switched_off_all_the_same() {
    let signs = Signs::new("who");
    signs.leave("go");
    let nobody = signs.heater().replace(r#""protocol":1,"model""#, r#""protocol":9,"model""#);
    let mut heater = part(&nobody, Kind::Heater, LONG);
    let unknown = heater.off();
    assert!(matches!(unknown, Err(FaultKind::Unsupported { .. })), "{unknown:?}");
    assert!(signs.0.join("is_off").exists());
}

/// A program that hangs is found out however short the waits for it are.
#[test]
fn many_short_waits_end_a_program_that_hangs() {
    let (signs, hurry) = (Signs::new("waits"), Hurry::default());
    signs.leave("go");
    let mut heater = hurried(&signs.heater(), Kind::Heater, SHORT, &hurry);
    while heater.identify().is_err() {}
    signs.remove("go");
    hurry.give_up();
    let told = loop {
        match heater.off().unwrap_err() {
            FaultKind::LinkLost { detail } => break detail,
            FaultKind::NoReply { .. } => std::thread::sleep(Duration::from_millis(5)),
            other => panic!("{other:?}"),
        }
    };
    assert!(told.contains("gave no answer in time and was ended"), "{told}");
}

/// A program that has to find its instrument first has the time of its start for that, whoever waits for it.
#[test]
fn a_program_that_has_just_been_started_is_left_time_for_its_first_answer() {
    let finds = r#"echo '{"hello":{"protocol":1}}'; read -r line; sleep 0.5
        echo '{"id":1,"ok":{"protocol":1,"model":"sh","reads":["temperature_c"]}}'; sleep 60"#;
    let mut slow = part(finds, Kind::Heater, Duration::from_millis(20));
    assert_eq!(slow.identify().map(|who| who.model), Ok("sh".to_owned()));
    // Whoever makes the rig safe waits for nothing, and ends nothing.
    let (signs, hurry) = (Signs::new("first"), Hurry::default());
    let mut heater = hurried(&signs.heater(), Kind::Heater, Duration::from_millis(20), &hurry);
    hurry.give_up();
    for _ in 0..5 {
        let early = heater.identify();
        assert!(matches!(early, Err(FaultKind::NoReply { .. })), "{early:?}");
    }
    signs.leave("go");
    hurry.relax();
    while heater.identify().is_err() {}
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

/// The cable of a program may have been put into another instrument.
#[test]
fn a_program_that_has_lost_its_line_is_asked_again_who_its_instrument_is() {
    let script = r#"echo '{"hello":{"protocol":1}}'; n=0
        while read -r line; do
            id=$(printf %s "$line" | sed 's/{"id":\([0-9]*\).*/\1/')
            case $line in
            *identify*) echo '{"id":'$id',"ok":{"protocol":1,"model":"sh '$n'","reads":["temperature_c"]}}'; n=$((n+1)) ;;
            *) echo '{"id":'$id',"error":{"kind":"link_lost","detail":"the cable was pulled"}}' ;;
            esac
        done"#;
    let refused = part(script, Kind::Heater, LONG).temperature_c().unwrap_err();
    assert!(
        matches!(&refused, FaultKind::Refused { detail } if detail.contains("before it was sh 0")),
        "{refused:?}"
    );
}

/// A heater that takes any set point, and of which nobody sees whether it is on; its control is on while there is a file.
#[test]
fn an_examination_leaves_no_instrument_at_work_and_grades_nothing_that_nobody_saw() {
    let signs = Signs::new("examined");
    let script = format!(
        r#"cd {}; echo '{{"hello":{{"protocol":1}}}}'
        while read -r line; do
            id=$(printf %s "$line" | sed 's/{{"id":\([0-9]*\).*/\1/')
            case $line in
            *'"heat"'*) : > is_on ;;
            *'"off"'*) rm -f is_on ;;
            esac
            echo '{{"id":'$id',"ok":{{"protocol":1,"model":"sh","reads":["temperature_c"],"value":20.0}}}}'
        done"#,
        signs.0.display()
    );
    let words = ["sh", "-c", &script].map(String::from).to_vec();
    let start = Start { words, folder: "".into(), within: LONG, instead_of: None };
    let subject = Subject { start, kind: Kind::Heater, patience: LONG, bore_mm: None };
    let report = examine(&subject);
    assert!(!report.passed(), "it takes a thousand million degrees");
    assert!(!signs.0.join("is_on").exists(), "the heater was left on");
    assert_eq!(report.grades.safe_state, None, "nobody has seen that it was safe");
}
