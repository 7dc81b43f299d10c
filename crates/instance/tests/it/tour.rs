//! The manual's tour, line by line as it stands there.

use std::{fs, path::Path, process::Command};

use crate::emulated::{PROGRAM, free_port, text};

#[test]
fn the_tour_of_the_manual_runs_as_it_stands() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/instance.md");
    let manual = fs::read_to_string(manual).expect("a manual");
    let (_, tour) = manual.split_once("## Tour").expect("a tour");
    let (_, block) = tour.split_once("```sh\n").expect("its lines");
    let (block, _) = block.split_once("\n```").expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("iris").display().to_string();
    let block = block.replace("/tmp/iris", &dir).replace("51773", &free_port().to_string());
    let bin = Path::new(PROGRAM).parent().expect("a folder").display().to_string();
    let script = format!("PATH={bin}:$PATH\n{block}\n");
    let output =
        Command::new("sh").args(["-euc", &script]).current_dir(folder.path()).output().expect("sh");
    let said = text(&output);
    Command::new(format!("{dir}/bin/iris")).args(["force", "IRIS"]).output().expect("iris");
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("globals=0,0,512,0,0,0\n").count(), 2, "{said}");
    assert!(said.contains("iris_restart failed") || said.contains("Startup aborted"), "{said}");
    assert!(
        fs::read_to_string(format!("{dir}/iris.cpf"))
            .expect("a CPF")
            .contains("globals=0,0,256,0,0,0")
    );
}
