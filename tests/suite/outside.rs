//! Programs outside: optimisers and labs that speak lines.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flowtwin_campaign::folder::read_journal;
use flowtwin_lab::journal::Record;

use crate::support::{done, flowtwin, folder, root, run, scenario as small_scenario};

/// A scenario of four random experiments on the paper's lab.
fn scenario(dir: &Path) -> String {
    let base = root().join("scenarios/cs3cu2i5.toml");
    let text = format!(
        "schema = 1\nextends = '{}'\nname = \"four\"\ntitle = \"Four\"\nseed = 3\n\n\
         [[phases]]\nname = \"look\"\npolicy = \"random\"\nexperiments = 4\n",
        base.display()
    );
    let path = dir.join("four.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A program that proposes the same point of the paper's lab whenever it is its turn.
fn constant(dir: &Path) -> String {
    let point = r#"{"temperature_c":135,"cui_ul_per_min":90,"cs_ul_per_min":90,"oa_cs_ul_per_min":20,"oa_cu_ul_per_min":12.5,"oam_ul_per_min":12.5,"ode_cu_ul_per_min":92.5}"#;
    saying(dir, point)
}

/// A program that proposes this point whenever it is its turn.
fn saying(dir: &Path, point: &str) -> String {
    let script = format!(
        "while read -r line; do\n  case $line in\n    '{{\"next\"'*) echo '{{\"experiment\":{{\"conditions\":{point}}}}}' ;;\n    '{{\"done\"'*) exit 0 ;;\n  esac\ndone\n"
    );
    let path = dir.join("constant.sh");
    fs::write(&path, script).unwrap();
    format!("sh '{}'", path.display())
}

fn talk(dir: &Path, lines: &str) -> (Option<i32>, Vec<serde_json::Value>) {
    let scenario = scenario(dir);
    let mut child = flowtwin(dir)
        .args(["lab", &scenario, "--experiments", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it listens");
    let done = done(child.wait_with_output().expect("it ends"));
    let json = |line: &str| serde_json::from_str(line).expect("every line is JSON");
    (done.code, done.stdout.lines().map(json).collect())
}

#[test]
fn every_malformed_line_is_answered_with_what_was_expected() {
    let dir = folder("outside-malformed");
    let lines = "no json\n\n{\"experiment\":{}}\n{\"experiment\":{\"conditions\":{\"warmth\":1}}}\n\
                 {\"experiment\":{\"conditions\":{},\"extra\":1}}\n{\"next\":{}}\n{\"done\":{}}\n";
    let (code, answers) = talk(&dir, lines);
    assert_eq!(code, Some(0));
    assert_eq!(answers[0]["space"]["protocol"], 1);
    assert_eq!(answers[1]["next"]["experiment"], 1);
    let errors: Vec<_> = answers[2..].iter().map(|answer| &answer["error"]).collect();
    let numbers: Vec<_> = errors.iter().map(|error| error["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 4, 5, 6]);
    let problem = |i: usize| errors[i]["problem"].as_str().unwrap();
    assert!(problem(1).contains("conditions"), "{}", problem(1));
    assert!(problem(2).contains("there is no input warmth"), "{}", problem(2));
    assert!(problem(3).contains("extra"), "{}", problem(3));
    assert!(errors.iter().all(|error| error["expected"].as_str().unwrap().contains("NAME:VALUE")));
}

#[test]
fn a_syringe_is_filled_between_experiments_and_must_be_there() {
    let dir = folder("outside-filled");
    let lines = "{\"filled\":{\"pump\":\"cui\",\"holds_ml\":5}}\n{\"filled\":{\"pump\":\"cuu\",\"holds_ml\":5}}\n\
                 {\"filled\":{\"pump\":\"cui\",\"holds_ml\":-1}}\n{\"filled\":{\"pump\":\"cui\",\"holds_ul\":5}}\n{\"done\":{}}\n";
    let (code, answers) = talk(&dir, lines);
    assert_eq!(code, Some(0));
    assert_eq!(answers[0]["space"]["fills"], true);
    let told: Vec<_> = answers[3..].iter().map(|answer| &answer["error"]).collect();
    assert_eq!(told.len(), 3, "{answers:?}");
    assert_eq!(answers[2]["next"]["experiment"], 1, "it says that it has taken it: {answers:?}");
    for (error, (line, problem)) in told.iter().zip([
        (2, "there is no pump cuu"),
        (3, "holds_ml = -1 is outside 0 to 20000"),
        (4, "holds_ul"),
    ]) {
        assert_eq!(error["line"], line);
        assert!(error["problem"].as_str().unwrap().contains(problem), "{error}");
    }
}

#[test]
fn a_program_that_does_not_speak_the_protocol_is_given_up() {
    let dir = folder("outside-strikes");
    let (code, answers) = talk(&dir, &"hello\n".repeat(50));
    assert_eq!(code, Some(1));
    assert_eq!(answers.len(), 2 + 10);
}

#[test]
fn a_lab_behind_lines_gives_the_observations_of_the_lab_itself() {
    let dir = folder("outside-lab");
    let scenario = scenario(&dir);
    let command = format!("'{}' lab '{scenario}' --seed 3", env!("CARGO_BIN_EXE_flowtwin"));
    let direct = run(&dir, &["run", &scenario, "--out", "direct"]);
    assert_eq!(direct.code, Some(0), "{}", direct.stderr);
    let behind = run(&dir, &["run", &scenario, "--out", "behind", "--lab-command", &command]);
    assert_eq!(behind.code, Some(0), "{}", behind.stderr);
    let observations =
        |run: &str| fs::read_to_string(dir.join(run).join("observations.csv")).unwrap();
    assert_eq!(observations("direct"), observations("behind"));
}

/// Before, the repetition had to spoil the same experiment again, which it could not, and the run could never go on.
#[test]
fn a_simulated_lab_that_was_gone_once_does_its_experiment_when_the_run_goes_on() {
    let dir = folder("outside-gone");
    let scenario = scenario(&dir);
    let lab = format!("'{}' lab '{scenario}' --seed 3", env!("CARGO_BIN_EXE_flowtwin"));
    // Space, its turn, the first observation, its turn; then it is gone.
    let some =
        "while read -r line; do printf '%s\\n' \"$line\"; n=$((n+1)); [ $n = 4 ] && exit; done";
    let script = format!("[ -e gone ] && exec {lab}\ntouch gone\n{lab} | {some}\n");
    fs::write(dir.join("once.sh"), script).unwrap();
    let behind = ["run", &scenario, "--out", "behind", "--lab-command", "sh once.sh"];
    let gone = run(&dir, &behind);
    assert_eq!(gone.code, Some(3), "{}", gone.stderr);
    assert_eq!(read_journal(&dir.join("behind")).unwrap().spoiled().count(), 1);
    let resumed = run(&dir, &[&behind[..], &["--resume"]].concat());
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let direct = run(&dir, &["run", &scenario, "--out", "direct"]);
    assert_eq!(direct.code, Some(0), "{}", direct.stderr);
    let observations =
        |run: &str| fs::read_to_string(dir.join(run).join("observations.csv")).unwrap();
    assert_eq!(observations("direct"), observations("behind"));
}

#[test]
fn an_outcome_alone_is_the_objective() {
    let dir = folder("outside-outcome");
    let scenario = scenario(&dir);
    let lab = format!("'{}' lab '{scenario}' --seed 3", env!("CARGO_BIN_EXE_flowtwin"));
    let silent = r#"s/"features":{[^}]*}/"features":{}/"#;
    fs::write(dir.join("silent.sh"), format!("{lab} | sed -u '{silent}'\n")).unwrap();
    for (out, command) in [("whole", lab.as_str()), ("alone", "sh silent.sh")] {
        let done = run(&dir, &["run", &scenario, "--out", out, "--lab-command", command]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let column = |run: &str, name: &str| -> Vec<String> {
        let text = fs::read_to_string(dir.join(run).join("observations.csv")).unwrap();
        let place = text.lines().next().unwrap().split(',').position(|known| known == name);
        let cell = |line: &str| place.map(|i| line.split(',').nth(i).unwrap().to_owned());
        text.lines().skip(1).map(|line| cell(line).unwrap_or_default()).collect()
    };
    let pli = column("whole", "pli_counts");
    assert!(pli.len() == 4 && pli.iter().all(|value| value.parse::<f64>().is_ok()), "{pli:?}");
    assert_eq!(column("alone", "pli_counts"), pli);
    assert_ne!(column("alone", "peak_nm"), column("whole", "peak_nm"));
}

#[test]
fn a_program_can_be_the_policy_of_a_run() {
    let dir = folder("outside-policy");
    let (scenario, program) = (scenario(&dir), constant(&dir));
    let policy = run(&dir, &["run", &scenario, "--out", "out", "--policy-command", &program]);
    assert_eq!(policy.code, Some(0), "{}", policy.stderr);
    let journal = fs::read_to_string(dir.join("out/journal.jsonl")).unwrap();
    let header: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    assert!(header.to_string().contains("constant.sh"), "the header names the program");
    let replayed = run(&dir, &["replay", "out"]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

#[test]
fn a_hung_or_crashing_policy_is_a_reported_failure() {
    let dir = folder("outside-hung");
    let scenario = root().join("scenarios/dye-mixing.toml").display().to_string();
    // Only the program that never answers is waited for no longer than that; a policy of our own needs no patience.
    for (program, patience_s, complaint) in [
        ("sleep 600", "0.5", "said nothing for 0.5 s"),
        ("sh -c \"echo broken >&2; exit 7\"", "600", "exit status: 7"),
        ("sh -c \"echo hello; sleep 600\"", "600", "line 1"),
        ("no-such-program", "600", "cannot be started"),
    ] {
        let program = format!("bad={program}");
        let args = ["benchmark", &scenario, "--policy-command", &program, "--policies", "random"];
        let sizes = ["--opening", "2", "--experiments", "1", "--seeds", "2"];
        let more = ["--patience-s", patience_s, "--out", "out"];
        let done = run(&dir, &[&args[..], &sizes[..], &more[..]].concat());
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(done.stderr.contains(complaint), "{}", done.stderr);
        let finished = fs::read_dir(dir.join("out/campaigns")).expect("others went on").count();
        assert_eq!(finished, 2, "the other policy's campaigns are there");
        fs::remove_dir_all(dir.join("out")).unwrap();
    }
}

/// A lab that answers experiment k with `outcome(k)`, as shell text, which may say in `c` what it has set.
fn lab_that_answers(dir: &Path, name: &str, outcome: &str) -> String {
    let input = |(name, low, high): (&str, f64, f64)| {
        format!("{{\"name\":\"{name}\",\"low\":{low},\"high\":{high},\"resolution\":0.1}}")
    };
    let inputs = [
        ("temperature_c", 120.0, 150.0),
        ("cui_ul_per_min", 60.0, 120.0),
        ("cs_ul_per_min", 60.0, 120.0),
        ("oa_cs_ul_per_min", 5.0, 35.0),
        ("oa_cu_ul_per_min", 5.0, 20.0),
        ("oam_ul_per_min", 5.0, 20.0),
        ("ode_cu_ul_per_min", 85.0, 100.0),
    ];
    let inputs = inputs.map(input).join(",");
    let script = format!(
        "echo '{{\"space\":{{\"protocol\":1,\"scenario\":\"own\",\"seed\":1,\"inputs\":[{inputs}],\"objective\":\
         {{\"feature\":\"pli\",\"goal\":\"maximize\"}}}}}}'\nk=0\necho '{{\"next\":{{\"experiment\":1}}}}'\n\
         while read -r line; do\n  case $line in '{{\"done\"'*) exit 0 ;; esac\n  k=$((k+1)); f=$((k*7%5+1))\n  {outcome}\n  \
         echo \"{{\\\"observation\\\":{{\\\"experiment\\\":$k,$c\\\"outcome\\\":$f}}}}\"\n  \
         echo \"{{\\\"next\\\":{{\\\"experiment\\\":$((k+1))}}}}\"\ndone\n"
    );
    let path = dir.join(format!("{name}.sh"));
    fs::write(&path, script).unwrap();
    format!("sh '{}'", path.display())
}

#[test]
fn outcomes_without_bound_are_refused_by_name_and_value_and_others_are_learnt() {
    let dir = folder("outside-bounds");
    let base = root().join("scenarios/cs3cu2i5.toml");
    let text = format!(
        "schema = 1\nextends = '{}'\nname = \"own\"\ntitle = \"Own\"\nseed = 1\n[twin]\nsurrogate = \"gp\"\n\
         [[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 4\n\
         [[phases]]\nname = \"improve\"\npolicy = \"ei\"\nexperiments = 2\nfrom = \"start\"\n",
        base.display()
    );
    fs::write(dir.join("own.toml"), text).unwrap();
    let go = |name: &str, outcome: &str| {
        let command = lab_that_answers(&dir, name, outcome);
        run(&dir, &["run", "own.toml", "--out", name, "--lab-command", &command])
    };
    let once = "[ $k = 3 ] && f=1.7976931348623157e308";
    for (name, outcome, value) in
        [("once", once, "1.7976931348623157e308"), ("all", "f=${f}e155", "e155")]
    {
        let done = go(name, outcome);
        assert_ne!(done.code, Some(0), "{}", done.stderr);
        assert!(
            done.stderr.contains("`outcome` is ") && done.stderr.contains(value),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains("must lie within ±1e100"), "{}", done.stderr);
    }
    let undefined = go("nan", "[ $k = 3 ] && f=NaN");
    assert!(
        undefined.stderr.contains("write null for what is not a number"),
        "{}",
        undefined.stderr
    );
    for (name, outcome) in
        [("large", "f=${f}e99"), ("small", "f=${f}e-300"), ("odd", "[ $k = 3 ] && f=9.91e37")]
    {
        let done = go(name, outcome);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        let doubted = done.stdout.contains("far from all other values");
        assert_eq!(doubted, name == "odd", "{name}: {}", done.stdout);
    }
}

/// Before, a lab that reported what it had really set ended the campaign.
#[test]
fn what_a_lab_has_set_is_kept_and_told_where_it_is_more_than_a_rounding() {
    let dir = folder("outside-set");
    let body = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 2\n";
    let file = small_scenario(&dir, "own", "cs3cu2i5.toml", body);
    let go = |name: &str, from: &str, to: &str| {
        let set = format!(
            "c=${{line#*conditions\\\":}}; c=${{c%\\}}\\}}}}; c=$(echo \"$c\" | sed 's/\"temperature_c\":{from}/\"temperature_c\":{to}/'); \
             c=\"\\\"conditions\\\":$c,\""
        );
        let command = lab_that_answers(&dir, name, &set);
        run(&dir, &["run", file.to_str().unwrap(), "--out", name, "--lab-command", &command])
    };
    let set = |name: &str| -> Vec<f64> {
        let journal = read_journal(&dir.join(name)).unwrap();
        let values = journal.experiments().map(|e| e.conditions.get("temperature_c").unwrap());
        values.collect()
    };
    let asked = |name: &str| -> Vec<f64> {
        let journal = read_journal(&dir.join(name)).unwrap();
        let of = |record: &Record| match record {
            Record::Proposal(proposal) => proposal.conditions.get("temperature_c"),
            _ => None,
        };
        journal.records().iter().filter_map(of).collect()
    };
    let rounded = go("rounded", "\\([0-9]*\\.[0-9]\\)", "\\102");
    assert_eq!(rounded.code, Some(0), "{}", rounded.stderr);
    assert!(!rounded.stderr.contains("has set"), "{}", rounded.stderr);
    for (set, asked) in set("rounded").into_iter().zip(asked("rounded")) {
        assert!((set - asked - 0.002).abs() < 1e-9, "{set}, not {asked}");
    }
    let other = go("other", "[0-9.]*", "160.25");
    assert_eq!(other.code, Some(0), "{}", other.stderr);
    let told = format!(
        "experiment 2: the lab has set temperature_c 160.25, not {}; that is kept",
        asked("other")[1]
    );
    assert!(other.stderr.contains(&told), "{told}: {}", other.stderr);
    assert_eq!(set("other"), [160.25, 160.25]);
    let nothing = go("nothing", "[0-9.]*,", "\"hot\",");
    let told = "the conditions of its observation: temperature_c = hot is not a number";
    assert!(nothing.stderr.contains(told), "{}", nothing.stderr);
}

/// A lab that has three experiments under way, and answers what it was asked for last. It kills whoever has started it after `after`
/// answers; without that number it answers everything at once.
fn lab_of_three(dir: &Path, after: Option<usize>) -> String {
    let (least, after) = (if after.is_some() { 3 } else { 1 }, after.unwrap_or(99));
    let script = format!(
        "import json, os, signal, sys\n\
         inputs = [{{'name': 't_c', 'low': 20.0, 'high': 100.0}}]\n\
         def say(**line): print(json.dumps(line), flush=True)\n\
         say(space={{'protocol': 2, 'at_once': 3, 'scenario': '', 'seed': 1, 'simulated': True, 'inputs': inputs,\n\
         \x20 'objective': {{'feature': 'yield', 'goal': 'maximize'}}}})\n\
         waiting, answered = [], 0\n\
         for line in sys.stdin:\n\
         \x20 line = json.loads(line)\n\
         \x20 if 'done' in line: break\n\
         \x20 waiting.append(line['experiment'])\n\
         \x20 if len(waiting) < {least}: continue\n\
         \x20 if answered == {after}: os.kill(os.getppid(), signal.SIGKILL)\n\
         \x20 asked, answered = waiting.pop(), answered + 1\n\
         \x20 value = 70 - abs(asked['conditions']['t_c'] - 70)\n\
         \x20 say(observation={{'request': asked['request'], 'outcome': value}})\n"
    );
    let path = dir.join(format!("three-{after}.py"));
    fs::write(&path, script).unwrap();
    format!("python3 '{}'", path.display())
}

/// A process that is killed says nothing more: only what is on the disk counts.
#[test]
fn a_run_that_is_killed_with_several_experiments_under_way_goes_on() {
    let dir = folder("outside-several");
    let text = "schema = 1\nname = \"three\"\ntitle = \"Three\"\nseed = 2\n\
         [space.inputs.t_c]\nlow = 20.0\nhigh = 100.0\n\
         [objective]\nfeature = \"yield\"\ngoal = \"maximize\"\n\
         [[phases]]\nname = \"all\"\npolicy = \"sobol\"\nexperiments = 6\n";
    fs::write(dir.join("three.toml"), text).unwrap();
    let go = |lab: &str, more: &[&str]| {
        let args = ["run", "three.toml", "--out", "out", "--lab-command", lab];
        run(&dir, &[&args[..], more].concat())
    };
    let killed = go(&lab_of_three(&dir, Some(2)), &[]);
    assert_ne!(killed.code, Some(0));
    let before = read_journal(&dir.join("out")).unwrap();
    assert_eq!(before.experiments().count(), 2);
    let under_way = lab_of_three(&dir, None);
    let refused = go(&under_way, &[]);
    assert!(refused.stderr.contains("give --resume"), "{}", refused.stderr);
    let resumed = go(&under_way, &["--resume"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let after = read_journal(&dir.join("out")).unwrap();
    assert!(after.complete() && after.bytes().starts_with(before.bytes()));
    let mut requests: Vec<_> = after.experiments().map(|e| e.request.unwrap()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [1, 2, 3, 4, 5, 6]);
    let asked = after.records().iter().filter(|record| matches!(record, Record::Asked(_)));
    assert_eq!(asked.count(), 6, "nothing was asked for twice under another number");
}

/// A lab that is at work may take hours. Before, Ctrl-C was heard when its experiment was over.
#[test]
fn a_run_on_a_lab_that_is_at_work_can_be_stopped() {
    let dir = folder("outside-stopped");
    let text = "schema = 1\nname = \"slow\"\ntitle = \"Slow\"\nseed = 2\n\
         [space.inputs.t_c]\nlow = 20.0\nhigh = 100.0\n\
         [objective]\nfeature = \"yield\"\ngoal = \"maximize\"\n\
         [[phases]]\nname = \"all\"\npolicy = \"sobol\"\nexperiments = 2\n";
    fs::write(dir.join("slow.toml"), text).unwrap();
    // It stops whoever has started it, and then is at work for as long as a test may take.
    let lab = "import json, os, signal, sys, time\n\
         inputs = [{'name': 't_c', 'low': 20.0, 'high': 100.0}]\n\
         def say(**line): print(json.dumps(line), flush=True)\n\
         say(space={'protocol': 1, 'scenario': '', 'seed': 1, 'simulated': True, 'inputs': inputs,\n\
         \x20 'objective': {'feature': 'yield', 'goal': 'maximize'}})\n\
         say(next={'experiment': 1, 'left': {'experiments': 2, 'lab_time_h': None, 'reagent_ml': None}})\n\
         sys.stdin.readline()\n\
         os.kill(os.getppid(), signal.SIGINT)\n\
         time.sleep(100)\n";
    fs::write(dir.join("slow.py"), lab).unwrap();
    let command = format!("python3 '{}'", dir.join("slow.py").display());
    let args = ["run", "slow.toml", "--out", "out", "--lab-command", &command];
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(130), "{}", done.stderr);
    assert!(done.stderr.contains("interrupted"), "{}", done.stderr);
}
