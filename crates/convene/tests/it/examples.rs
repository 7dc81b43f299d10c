//! The plans in `docs/examples/convene` are what the code makes of their briefs today.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use convene::{folder, gate, inputs::Inputs};

/// Bytes of all examples together: people download them with the source.
const BYTES_MAX: usize = 1_200_000;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/convene")
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path, within: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder.join(within)).unwrap() {
        let entry = entry.unwrap();
        let path = within.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files(folder, &path, all);
        } else {
            all.insert(path.clone(), fs::read(folder.join(&path)).unwrap());
        }
    }
}

fn all_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    files(folder, Path::new(""), &mut all);
    all
}

#[test]
fn the_plans_that_are_shown_are_those_that_are_made() {
    let anew = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    for name in ["meetup", "conference", "congress"] {
        let shown = examples().join(name);
        let inputs: Inputs = folder::read(&shown).unwrap().inputs.unwrap();
        let brief = fs::read_to_string(shown.with_extension("json")).unwrap();
        assert_eq!(inputs.brief, brief, "{name}");
        let made = anew.path().join(name);
        folder::write(&made, &inputs.plan().unwrap(), Some(&inputs)).unwrap();
        let (shown, made) = (all_files(&shown), all_files(&made));
        for (file, text) in &made {
            let is_same = shown.get(file) == Some(text);
            assert!(
                is_same,
                "{name}/{}: cargo run -p convene --example plans -- docs/examples/convene",
                file.display()
            );
        }
        assert_eq!(shown.len(), made.len(), "{name} holds what is not made any more");
        bytes += shown.values().map(Vec::len).sum::<usize>();
    }
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
}

#[test]
fn nothing_but_people_stands_in_the_way_of_the_plans_that_are_shown() {
    for name in ["meetup", "conference", "congress"] {
        let dossier = folder::read(&examples().join(name)).unwrap().dossier;
        for gate in gate::due(&dossier) {
            assert_ne!(gate.verdict, gate::Verdict::Failed, "{name}: {:?}", gate.failures);
        }
    }
}
