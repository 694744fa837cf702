//! The campaign's end of the heartbeat, beside small programs that play its watch.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use flowtwin_backends::bench::Pulse as _;
use flowtwin_backends::heartbeat::{Heartbeat, Introduction};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{FaultKind, Lab as _};

const HOUR: Duration = Duration::from_secs(3600);

/// A heart that beats beside a watch which says that it watches and then does this.
fn beside(watch: &str, silence: Duration) -> Heartbeat {
    start(&format!("read told; echo watching; {watch}"), silence).expect("it watches")
}

fn start(script: &str, silence: Duration) -> std::io::Result<Heartbeat> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Heartbeat::start(command, ToyLab::new().manifest(), silence)
}

/// Asks until that is a fault, and returns what it says. A question sends a beat at once, however long the silence may be.
fn until_lost(heart: &mut Heartbeat) -> String {
    loop {
        match heart.confirm() {
            Ok(_) => std::thread::sleep(Duration::from_millis(5)),
            Err(FaultKind::Unwatched { detail }) => return detail,
            Err(other) => panic!("{other}"),
        }
    }
}

fn file(name: &str) -> PathBuf {
    let own = format!("{name}-{}", std::process::id());
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
    let _none = std::fs::remove_file(&path);
    path
}

fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn a_watch_is_told_who_beats_and_what_is_installed_and_ends_with_the_campaign() {
    let told = file("beats-told");
    let script = format!("head -n 1 > '{}'; echo watching; exec cat > /dev/null", told.display());
    let mut heart = start(&script, HOUR).expect("it watches");
    let introduction: Introduction =
        serde_json::from_str(&std::fs::read_to_string(&told).unwrap()).unwrap();
    let manifest = ToyLab::new().manifest().clone();
    let starter = flowtwin_backends::transport::this_process();
    assert_eq!(introduction, Introduction { process: std::process::id(), starter, manifest });
    let name = std::fs::read_to_string(format!("/proc/{}/comm", heart.process())).unwrap();
    assert!(["sh\n", "cat\n", "dash\n"].contains(&name.as_str()), "{name}");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", heart.process())).unwrap();
    let group = stat.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap().to_owned();
    assert_eq!(group, heart.process().to_string(), "in a group of its own");
    let status = heart.finish(|| false).unwrap().expect("it has ended");
    assert!(status.success());
    assert!(heart.beat().is_err(), "nobody watches any more");
}

#[test]
fn a_watch_that_ends_without_saying_that_it_watches_is_no_watch() {
    let refused = start("read told; exit 3", HOUR).unwrap_err();
    assert!(refused.to_string().contains("the watch did not start"), "{refused}");
    assert!(refused.to_string().contains('3'), "{refused}");
    let refused = start("read told; printf watching; exit 3", HOUR).unwrap_err();
    assert!(refused.to_string().contains("the watch did not start"), "half a line: {refused}");
}

#[test]
fn beats_are_answered_and_frames_confirmed_by_an_answer_that_comes_later() {
    let mut heart = beside("exec cat", HOUR);
    for _ in 0..2 {
        assert_eq!(heart.beat(), Ok(()));
        while !heart.confirm().unwrap() {}
    }
    assert!(heart.finish(|| false).unwrap().expect("it has ended").success());
}

#[test]
fn a_question_without_an_answer_is_not_confirmed_and_sends_one_beat() {
    let beats = file("beats-sent");
    let mut heart = beside(&format!("exec 3>&1; exec cat > '{}'", beats.display()), HOUR);
    for _ in 0..100 {
        assert_eq!(heart.beat(), Ok(()), "none is due within six minutes");
    }
    for _ in 0..3 {
        assert_eq!(heart.confirm(), Ok(false));
    }
    heart.finish(|| false).unwrap();
    assert_eq!(std::fs::read(beats).unwrap(), b".");
}

/// A beat is due every tenth of the silence, and as long as answers come the campaign goes on.
#[test]
fn beats_go_on_as_long_as_they_are_answered() {
    let beats = file("beats-kept");
    let mut heart = beside(&format!("exec tee '{}'", beats.display()), Duration::from_secs(30));
    while std::fs::read(&beats).unwrap_or_default().len() < 2 {
        assert_eq!(heart.beat(), Ok(()));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(heart.finish(|| false).unwrap().expect("it has ended").success());
}

#[test]
fn a_watch_that_acts_ends_or_does_not_answer_ends_the_campaign() {
    let acts = "head -c 1 > /dev/null; printf '!'; exec sleep 600";
    for (watch, silence, said) in [
        (acts, HOUR, "the watch has acted"),
        ("exit 0", HOUR, "the watch has ended"),
        ("exec sleep 600", Duration::from_secs(5), "has not answered for"),
    ] {
        let (mut heart, detail) = lost(watch, silence);
        assert!(detail.contains(said), "{watch}: {detail}");
        assert_eq!(until_lost(&mut heart), detail, "once lost, it stays so");
        assert_eq!(heart.beat(), Err(FaultKind::Unwatched { detail }));
        signal_if_there(heart.process());
    }
}

/// A heart whose watch does this, once it is lost, and why. A machine so busy that this process itself stood still says
/// nothing about the watch: then it begins anew.
fn lost(watch: &str, silence: Duration) -> (Heartbeat, String) {
    loop {
        let mut heart = beside(watch, silence);
        let detail = until_lost(&mut heart);
        if !detail.contains("this program stood still") {
            return (heart, detail);
        }
        signal_if_there(heart.process());
    }
}

fn signal_if_there(process: u32) {
    let mut kill = Command::new("kill");
    kill.args(["-KILL", &process.to_string()]).stderr(std::process::Stdio::null());
    let _gone = kill.status();
}

#[test]
fn a_campaign_that_stood_still_for_too_long_ends_whatever_the_watch_says() {
    let mut heart = beside("exec cat", Duration::from_millis(100));
    std::thread::sleep(Duration::from_millis(300));
    let Err(FaultKind::Unwatched { detail }) = heart.beat() else { panic!("it stood still") };
    assert!(detail.contains("this program stood still for"), "{detail}");
    heart.finish(|| false).unwrap();
}

#[test]
fn a_watch_that_somebody_has_stopped_goes_on_at_the_end() {
    let mut heart = beside("exec cat", HOUR);
    signal(heart.process(), "-STOP");
    assert!(heart.finish(|| false).unwrap().expect("it has ended").success());
}

#[test]
fn whoever_does_not_wait_leaves_the_watch_at_work_and_one_that_hangs_is_ended() {
    let mut heart = beside("exec sleep 600", HOUR);
    assert_eq!(heart.finish(|| true).unwrap(), None, "it goes on by itself");
    assert!(std::path::Path::new(&format!("/proc/{}", heart.process())).exists());
    // It gives no sign of life.
    let status = heart.finish(|| false).unwrap().expect("it was ended");
    assert!(!status.success());
}
