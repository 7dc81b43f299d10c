//! The configuration file: one value changes, nothing else, and the file is always the old or the new one.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use instance::{
    beneath::{Place, Root},
    cpf::{
        Cpf,
        check::faults,
        edit::{self, Refused, Wish},
        shipped, table,
    },
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

fn new() -> String {
    shipped("/iris", 1972)
}

fn parsed(text: &str) -> Cpf {
    Cpf::parse(text.as_bytes().to_vec()).expect("a CPF")
}

fn set(text: &str, section: &str, key: &str, value: &str) -> String {
    let changed = parsed(text).set(section, key, value).expect("changed").0;
    String::from_utf8(changed.bytes().to_vec()).expect("text")
}

/// A file of the size of real ones with an interoperability product: more than 1,000 lines.
pub(super) fn large() -> String {
    let maps = (0..800)
        .map(|n| format!("Global_App.Msg(\"k={n}\",\"x\")=LIB{n}\n"))
        .collect::<Vec<_>>()
        .concat();
    new().replace("[MirrorMember]", &format!("[Map.APP]\n{maps}\n[MirrorMember]"))
}

struct Folder {
    _folder: tempfile::TempDir,
    path: PathBuf,
    place: Place,
}

fn folder(text: &str) -> Folder {
    folder_in(&std::env::temp_dir(), text)
}

fn folder_in(parent: &Path, text: &str) -> Folder {
    let folder = tempfile::tempdir_in(parent).expect("a folder");
    let path = folder.path().join("iris.cpf");
    fs::write(&path, text).expect("written");
    let place = Root::open(folder.path())
        .and_then(|root| root.place(Path::new("iris.cpf")))
        .expect("a place");
    Folder { _folder: folder, path, place }
}

fn wish(section: &str, parameter: &str, value: &str) -> Wish {
    Wish {
        section: section.to_owned(),
        parameter: parameter.to_owned(),
        new_value: value.to_owned(),
        current_value: None,
        allow_unknown: false,
    }
}

fn changed(folder: &Folder, wish: &Wish) -> Result<edit::Backup, Refused> {
    let plan = edit::plan(&folder.place, wish)?;
    edit::apply(&folder.place, &plan, "test")
}

#[test]
fn only_the_wanted_bytes_change() {
    let odd = "\u{feff}; mine\r\n[config]\r\n  globals = 0,0,256,0,0,0  \r\n/* a\r\nglobals=1\r\n*/\r\n[Map.X]\r\nGlobal_A(\"b=c\")=D\r\n";
    let after = set(odd, "config", "globals", "0,0,512,0,0,0");
    assert_eq!(after, odd.replacen("0,0,256,0,0,0", "0,0,512,0,0,0", 1));
    assert_eq!(set(odd, "Map.X", "Global_A(\"b=c\")", "E"), odd.replace("=D\r", "=E\r"));
}

#[test]
fn ten_thousand_random_edits_touch_one_line_each() {
    let (text, mut random) = (large(), StdRng::seed_from_u64(1));
    let cpf = parsed(&text);
    let pairs: Vec<(String, String)> = cpf
        .sections()
        .flat_map(|section| cpf.pairs(section).map(move |pair| (section, pair)))
        .map(|(section, pair)| (section.to_owned(), String::from_utf8_lossy(pair.key).into_owned()))
        .collect();
    let old: Vec<&[u8]> = cpf.bytes().split(|byte| *byte == b'\n').collect();
    for _ in 0..10_000 {
        let (section, key) = &pairs[random.random_range(0..pairs.len())];
        let value = format!("{:x};=#//", random.random::<u64>());
        let (after, change) = cpf.set(section, key, &value).expect("changed");
        let (line, wanted) = (change.line - 1, format!("{key}={value}"));
        let expected = [&old[..line], &[wanted.as_bytes()], &old[line + 1..]].concat().join(&b'\n');
        assert!(after.bytes() == expected, "{section} {key}");
    }
}

#[test]
fn a_missing_parameter_is_added_where_the_product_writes_it() {
    let without = new().replace("gmheap=0\n", "");
    assert_eq!(set(&without, "config", "gmheap", "0"), new());
}

#[test]
fn what_stands_twice_or_is_not_there_is_refused_with_its_lines() {
    let twice = new().replace("memlock=0\n", "memlock=0\nmemlock=1\n");
    let error = parsed(&twice).set("config", "memlock", "0").expect_err("twice");
    assert!(error.to_string().contains("memlock stands twice in [config], at lines"), "{error}");
    let error = parsed(&format!("{}[SQL]\n", new())).set("SQL", "RTPC", "0").expect_err("twice");
    assert!(error.to_string().contains("[SQL] stands twice"), "{error}");
    let error = parsed(&new()).set("TCP", "x", "1").expect_err("no section");
    assert!(error.to_string().contains("network settings are in Startup"), "{error}");
}

#[test]
fn a_start_refuses_a_file_in_the_products_words() {
    assert_eq!(faults(&parsed(&new())), []);
    let cases = [
        (
            "memlock=0\n",
            "memlock=0\nmemlock=0\n",
            "Duplicate line detected, LINE:'memlock=0' at line ",
        ),
        (
            "memlock=0\n",
            "memlock=0\nmemlok=0\n",
            "Invalid parameter name 'memlok', LINE:'memlok=0' at line ",
        ),
        (
            "memlock=0\n",
            "",
            "The following parameters are missing from section [config]: 'memlock' at line ",
        ),
        (
            "IRISAUDIT=/iris/mgr/irisaudit/\n",
            "",
            "Required database IRISAUDIT is not defined at line ",
        ),
        (
            "globals=0,0,256,0,0,0",
            "globals=1,0,0",
            "Invalid value for property 'globals', LINE:'globals=1,0,0' at line ",
        ),
        ("[SQL]", "[Actions]", "Invalid section name 'Actions'"),
        ("Version=2025.2\n", "", "No version information"),
    ];
    for (from, to, text) in cases {
        let found = faults(&parsed(&new().replacen(from, to, 1)));
        assert!(found.iter().any(|fault| fault.text.starts_with(text)), "{text}: {found:?}");
    }
}

#[test]
fn values_are_checked_by_the_reference() {
    let written =
        |name, value| table::check("config", name, value, false).map(|checked| checked.value);
    assert_eq!(written("globals", "300").as_deref(), Ok("0,0,300,0,0,0"));
    assert_eq!(written("globals", "0,0,300,16,0,0").as_deref(), Ok("0,0,300,16,0,0"));
    for (name, value) in [
        ("globals", "8,0,300,0,0,0"),
        ("globals", "16777217"),
        ("globals", "-1"),
        ("gmheap", "16383"),
        ("locksiz", "1"),
        ("bbsiz", "255"),
        ("jrnbufs", "1025"),
        ("console", "x"),
        ("zfheap", "1"),
        ("overview", "x"),
        ("nosuch", "1"),
    ] {
        assert!(written(name, value).is_err(), "{name}={value}");
    }
    for (name, value) in [
        ("gmheap", "0"),
        ("locksiz", "0"),
        ("bbsiz", "-1"),
        ("history", "500,1024"),
        ("zfheap", "0,0"),
    ] {
        assert_eq!(written(name, value).as_deref(), Ok(value));
    }
    assert!(table::check("Startup", "DefaultPort", "65536", false).is_err());
    assert!(table::check("config", "nosuch", "1", true).is_ok());
}

#[test]
fn the_former_file_comes_back_byte_for_byte_with_its_mode() {
    let folder = folder(&new());
    fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o640)).expect("set");
    let backup = changed(&folder, &wish("config", "globals", "512")).expect("changed");
    let mode = || fs::metadata(&folder.path).expect("there").permissions().mode() & 0o777;
    assert_eq!(
        (fs::read_to_string(&folder.path).expect("text").contains("0,0,512"), mode()),
        (true, 0o640)
    );
    edit::restore(&folder.place, &backup).expect("restored");
    edit::restore(&folder.place, &backup).expect("twice is once");
    assert_eq!((fs::read_to_string(&folder.path).expect("text"), mode()), (new(), 0o640));
}

#[test]
fn a_rollback_does_not_overwrite_what_somebody_changed_since() {
    let folder = folder(&new());
    let backup = changed(&folder, &wish("config", "globals", "512")).expect("changed");
    fs::write(&folder.path, "mine").expect("written");
    let error = edit::restore(&folder.place, &backup).expect_err("changed since");
    assert!(error.to_string().contains("iris.cpf_test"), "{error}");
    assert_eq!(fs::read_to_string(&folder.path).expect("text"), "mine");
}

#[test]
fn a_file_that_is_not_a_cpf_of_ones_own_is_refused_and_left() {
    let wish = wish("config", "globals", "512");
    let refused =
        |folder: &Folder| edit::plan(&folder.place, &wish).expect_err("refused").to_string();
    let with_nul = folder(&new().replace("[SQL]", "\0"));
    assert!(refused(&with_nul).contains("has a NUL byte"), "{}", refused(&with_nul));
    let read_only = folder(&new());
    fs::set_permissions(&read_only.path, fs::Permissions::from_mode(0o444)).expect("set");
    assert!(refused(&read_only).contains("is read-only (mode 0444)"));
    let link = folder(&new());
    fs::rename(&link.path, link.path.with_extension("real")).expect("renamed");
    symlink(link.path.with_extension("real"), &link.path).expect("linked");
    assert!(refused(&link).contains("symbolic link"));
    let large = folder("");
    fs::File::options()
        .write(true)
        .open(&large.path)
        .and_then(|file| file.set_len(100_000_000))
        .expect("sparse");
    let began = Instant::now();
    assert!(refused(&large).contains("too large"));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_file_that_changes_or_vanishes_between_plan_and_change_is_not_written() {
    let gone = folder(&new());
    let plan = edit::plan(&gone.place, &wish("config", "globals", "512")).expect("planned");
    fs::remove_file(&gone.path).expect("removed");
    assert!(edit::apply(&gone.place, &plan, "test").is_err());
    assert!(!gone.path.exists());
    let other = folder(&new());
    fs::write(&other.path, "[config]\n").expect("written");
    let error = edit::apply(&other.place, &plan, "test").expect_err("changed");
    assert!(matches!(error, Refused::Changed(_)), "{error}");
    assert_eq!(fs::read_to_string(&other.path).expect("text"), "[config]\n");
}

#[test]
fn an_expected_value_that_is_not_there_stops_the_change() {
    let folder = folder(&new());
    let expecting = |value: &str| Wish {
        current_value: Some(value.to_owned()),
        ..wish("config", "globals", "512")
    };
    let error = edit::plan(&folder.place, &expecting("128")).expect_err("another value");
    assert!(error.to_string().contains("is '0,0,256,0,0,0', not '128'"), "{error}");
    assert!(edit::plan(&folder.place, &expecting("256")).is_ok());
}

/// The nth edit, which the process that is killed and whoever checks it both know: no two leave the same file.
fn nth(number: u64) -> Wish {
    match StdRng::seed_from_u64(number).random_range(0..3) {
        0 => wish("SQL", "LockThreshold", &(1_000_000 + number).to_string()),
        1 => wish("config", "globals", &format!("0,0,{},0,0,0", 300 + number)),
        _ => wish("config", "gmheap", &(64 * (1_000 + number)).to_string()),
    }
}

/// The same edit without a disk.
fn after(cpf: &Cpf, number: u64) -> Cpf {
    let Wish { section, parameter, new_value, .. } = nth(number);
    cpf.set(&section, &parameter, &new_value).expect("set").0
}

/// What the killed process does: one edit after the other.
fn edits(place: &Place, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let plan = edit::plan(place, &nth(number)).expect("planned");
        let backup = edit::apply(place, &plan, &number.to_string()).expect("applied");
        place.sibling(&backup.name).and_then(|backup| backup.remove()).expect("removed");
    }
}

/// Runs in a process of its own until it is killed, when it is told a folder; otherwise a few edits.
#[test]
#[expect(clippy::disallowed_methods, reason = "how a test tells its own child process what to do")]
fn edits_until_killed() {
    if let Some(dir) = std::env::var_os("INSTANCE_TEST_EDITS") {
        let from = std::env::var("INSTANCE_TEST_FROM").expect("told").parse().expect("a number");
        let root = Root::open(Path::new(&dir)).expect("a folder");
        return edits(&root.place(Path::new("iris.cpf")).expect("a place"), from..u64::MAX);
    }
    let folder = folder(&new());
    edits(&folder.place, 0..9);
    let expected = (0..9).fold(parsed(&new()), |cpf, number| after(&cpf, number));
    assert_eq!(fs::read(&folder.path).expect("a file"), expected.bytes());
}

#[test]
fn an_edit_of_a_thousand_lines_takes_less_than_five_milliseconds_of_work() {
    let cpf = large();
    let mut times: Vec<Duration> = (0..200)
        .map(|number: u32| {
            let began = Instant::now();
            let (changed, _) =
                parsed(&cpf).set("config", "globals", &format!("0,0,{number},0,0,0")).expect("set");
            assert_eq!(faults(&changed), []);
            began.elapsed()
        })
        .collect();
    times.sort();
    // Not optimised and beside other tests: the bench measures the whole edit of a release build.
    assert!(times[100] < Duration::from_millis(50), "{:?}", times[100]);
}

/// Long, and it measures nothing but itself when it runs alone.
mod heavy {
    use super::*;

    /// More than a process can do in its 0.4 s.
    const EDITS_PER_LIFE: u64 = 10_000;

    #[test]
    fn killed_at_any_moment_the_file_is_the_old_or_the_new_one() {
        // A process that is killed loses nothing that it wrote: a disk would only make this slow.
        let memory = Some(PathBuf::from("/dev/shm")).filter(|dir| dir.exists());
        let memory = memory.unwrap_or_else(std::env::temp_dir);
        let (folder, mut random) = (folder_in(&memory, &new()), StdRng::seed_from_u64(7));
        let (mut cpf, mut edits, mut kills) = (parsed(&new()), 0, 0);
        while edits < 10_000 {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "cpf::edits_until_killed"])
                .env("INSTANCE_TEST_EDITS", folder.path.parent().expect("a folder"))
                .env("INSTANCE_TEST_FROM", edits.to_string())
                .stdout(Stdio::null())
                .spawn()
                .expect("a child");
            // Any moment of its work.
            std::thread::sleep(Duration::from_micros(random.random_range(20_000..400_000)));
            child.kill().and_then(|()| child.wait()).expect("killed");
            kills += 1;
            let (bytes, before) = (fs::read(&folder.path).expect("always a file"), edits);
            while cpf.bytes() != bytes {
                cpf = after(&cpf, edits);
                edits += 1;
                assert!(edits - before < EDITS_PER_LIFE, "no edit left this file after {before}");
            }
        }
        println!("{edits} edits, {kills} kills");
    }
}
