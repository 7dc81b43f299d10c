//! Measures repairs: one edit, edits of fifty files with full durability, and restarts of one and of fifty emulated instances.
//!
//! `cargo build --release -p instance && cargo run --release -p instance --example repairs`
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and ends when something fails"
)]

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use instance::{
    beneath::Root,
    cpf::{edit, shipped},
    emulator::{self, Home, Settings},
};

const INSTANCES: usize = 50;
const EDITS: u32 = 40;

fn main() {
    let folder =
        tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
    one_edit(folder.path());
    fifty_files(folder.path());
    restarts(folder.path());
}

fn large() -> String {
    let maps: Vec<String> =
        (0..800).map(|n| format!("Global_App.Msg(\"k={n}\")=LIB{n}\n")).collect();
    shipped("/iris", 1972)
        .replace("[MirrorMember]", &format!("[Map.APP]\n{}\n[MirrorMember]", maps.concat()))
}

fn edits(dir: &Path, count: u32) -> Vec<Duration> {
    let place =
        Root::open(dir).and_then(|root| root.place(Path::new("iris.cpf"))).expect("a place");
    let edit = |number: u32| {
        let began = Instant::now();
        let wish = edit::Wish {
            section: "config".to_owned(),
            parameter: "globals".to_owned(),
            new_value: (300 + number).to_string(),
            current_value: None,
            allow_unknown: false,
        };
        let plan = edit::plan(&place, &wish).expect("planned");
        edit::apply(&place, &plan, &number.to_string()).expect("applied");
        began.elapsed()
    };
    (0..count).map(edit).collect()
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times.get((times.len() * percent / 100).min(times.len() - 1)).expect("some").as_secs_f64()
        * 1000.0
}

fn one_edit(folder: &Path) {
    let dir = folder.join("one");
    fs::create_dir(&dir).expect("made");
    let text = large();
    fs::write(dir.join("iris.cpf"), &text).expect("written");
    let mut times = edits(&dir, 500);
    let (p50, p95) = (percentile(&mut times, 50), percentile(&mut times, 95));
    println!("edit of {} lines, durable: p50 {p50:.2} ms, p95 {p95:.2} ms", text.lines().count());
}

fn fifty_files(folder: &Path) {
    let dirs: Vec<PathBuf> = (0..INSTANCES).map(|n| folder.join(format!("file{n}"))).collect();
    for dir in &dirs {
        fs::create_dir(dir).expect("made");
        fs::write(dir.join("iris.cpf"), shipped("/iris", 1972)).expect("written");
    }
    let began = Instant::now();
    thread::scope(|scope| {
        for dir in &dirs {
            scope.spawn(|| edits(dir, EDITS));
        }
    });
    let total = f64::from(EDITS) * 50.0;
    println!(
        "edits of {INSTANCES} files at once, durable: {:.0} a second",
        total / began.elapsed().as_secs_f64()
    );
}

fn restarts(folder: &Path) {
    let program = std::env::current_exe().expect("this").with_file_name("../instance");
    let program = program.canonicalize().expect("build the instance program first");
    let homes: Vec<Home> =
        (0..INSTANCES).map(|n| started(&folder.join(format!("i{n}")), &program)).collect();
    let (alone, _) = homes.split_first().expect("some");
    let mut one: Vec<Duration> = (0..3).map(|_| restart(alone, &program)).collect();
    let handles: Vec<_> = homes
        .iter()
        .map(|home| {
            let (home, program) = (home.clone(), program.clone());
            thread::spawn(move || restart(&home, &program))
        })
        .collect();
    let mut fifty: Vec<Duration> =
        handles.into_iter().map(|handle| handle.join().expect("ended")).collect();
    let (one, fifty) = (percentile(&mut one, 50), percentile(&mut fifty, 95));
    println!(
        "restart in the product's time, alone {one:.0} ms; {INSTANCES} at once p95 {fifty:.0} ms: {:.2} times",
        fifty / one
    );
    for home in &homes {
        Command::new(home.iris())
            .args(["force", "IRIS"])
            .stdout(Stdio::null())
            .status()
            .expect("forced");
    }
}

fn started(dir: &Path, program: &Path) -> Home {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|free| free.local_addr())
        .expect("a port")
        .port();
    let mut settings = Settings { time_scale: 100.0, ..Settings::default() };
    let home = emulator::create(dir, port, &settings, program).expect("made");
    Command::new(home.iris())
        .args(["start", "IRIS"])
        .stdout(Stdio::null())
        .status()
        .expect("started");
    settings.time_scale = 1.0;
    home.save(&settings).expect("saved");
    home
}

fn restart(home: &Home, program: &Path) -> Duration {
    let id = format!("{:08x}-0000-4000-8000-000000000000", rand::random::<u32>());
    let command = format!(
        "{{\"command_id\":\"{id}\",\"error_type\":\"license\",\"severity\":1,\"recommended_action\":\"restart\",\"parameters\":\
         {{\"action\":\"validate_key\"}},\"requires_restart\":true,\"execution_order\":[\"iris_restart\"]}}"
    );
    let file = home.dir().join("command.json");
    fs::write(&file, command).expect("written");
    let began = Instant::now();
    let ended = Command::new(program)
        .args(["orchestrate", "--yes", "--dir"])
        .arg(home.dir())
        .arg("--os-root")
        .arg(home.kernel_root())
        .arg("--command-file")
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("run");
    assert!(ended.success(), "a restart failed");
    began.elapsed()
}
