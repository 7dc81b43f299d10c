//! Reading a folder back: every file that is wrong is told at once, with the place in it.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use super::{
    APPROVALS, ARTIFACTS, BRIEF, FACTS, HISTORY, INPUTS, INSTRUCTIONS, SETTINGS, VENUES,
    place::Place, source,
};
use crate::{
    approval::Approval,
    artifact::{self, Artifact, Dossier, Kind, Unreadable},
    inputs::{Inputs, Named},
    render,
};

/// The largest file that is read, in bytes: a task register of 100,000 tasks has about 50 MB.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// The artifacts, their history and the approvals.
    pub dossier: Dossier,
    /// What they were made from; absent when they were not made here.
    pub inputs: Option<Inputs>,
    /// Renderings that are missing or say something else than the artifacts do now.
    pub stale: Vec<&'static str>,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file, from the folder on.
    pub file: String,
    /// The place in it, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What is wrong there, and what to do about it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, pointer, message } = self;
        let at = if pointer.is_empty() { String::new() } else { format!(" {pointer}") };
        write!(out, "{file}{at}: {message}")
    }
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such folder, or no artifacts in it.
    #[error("{} holds no plan: name a folder that `plan --out` wrote; it has `{ARTIFACTS}/` in it", .0.display())]
    NoPlan(PathBuf),
    /// The system refused.
    #[error("cannot read {}: {cause}", .path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Files are not what they must be.
    #[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Fault>),
}

/// Reads a folder. Older versions of schemas are upgraded, and sealed anew. What a writer that died left half moved is
/// put right first.
///
/// # Errors
/// When it holds no plan, or files that are no artifacts, were edited, or belong to another event.
pub fn read(folder: &Path) -> Result<Folder, ReadError> {
    put_right(folder)?;
    let mut reader = Reader { folder, faults: Vec::new(), dossier: Dossier::default() };
    let current = reader.list(ARTIFACTS)?;
    if current.is_empty() {
        return Err(ReadError::NoPlan(folder.to_owned()));
    }
    for file in current {
        if let Some(artifact) = reader.artifact(&file, |artifact| artifact.header.kind.to_string())
        {
            reader.dossier.put(artifact);
        }
    }
    for file in reader.list(HISTORY)? {
        let named =
            |artifact: &Artifact| format!("{}-r{}", artifact.header.kind, artifact.header.revision);
        if let Some(artifact) = reader.artifact(&file, named) {
            reader.dossier.put_history(artifact);
        }
    }
    reader.approvals();
    let inputs = reader.inputs()?;
    reader.one_event();
    if !reader.faults.is_empty() {
        return Err(ReadError::Faults(reader.faults));
    }
    let stale = stale(folder, &reader.dossier);
    Ok(Folder { dossier: reader.dossier, inputs, stale })
}

fn put_right(folder: &Path) -> Result<(), ReadError> {
    let Some(place) = Place::of(folder).filter(Place::is_interrupted) else { return Ok(()) };
    let recovered = place.lock().and_then(|lock| place.recover(&lock));
    recovered.map_err(|cause| ReadError::Io { path: folder.to_owned(), cause })
}

fn stale(folder: &Path, dossier: &Dossier) -> Vec<&'static str> {
    let all = render::all(dossier).into_iter();
    let differs = |rendering: &render::Rendering| {
        fs::read(folder.join(rendering.file)).ok().as_deref() != Some(rendering.text.as_bytes())
    };
    all.filter(differs).map(|rendering| rendering.file).collect()
}

struct Reader<'a> {
    folder: &'a Path,
    faults: Vec<Fault>,
    dossier: Dossier,
}

impl Reader<'_> {
    /// The files of a part of the folder, by name; none when it is not there.
    fn list(&self, part: &str) -> Result<Vec<String>, ReadError> {
        let path = self.folder.join(part);
        let failed = |cause| ReadError::Io { path: path.clone(), cause };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(cause) if absent(&cause) => return Ok(Vec::new()),
            Err(cause) => return Err(failed(cause)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            files.push(format!("{part}/{}", name.to_string_lossy()));
        }
        files.sort();
        Ok(files)
    }

    /// Reads one artifact and holds its name against what is in it.
    fn artifact(&mut self, file: &str, named: impl Fn(&Artifact) -> String) -> Option<Artifact> {
        let text = self.text(file)?;
        let artifact = match artifact::read(&text) {
            Ok(artifact) => artifact,
            Err(unreadable) => {
                self.unreadable(file, unreadable);
                return None;
            }
        };
        let expected = format!("{}.json", named(&artifact));
        if file.rsplit_once('/').map(|(_, name)| name) != Some(expected.as_str()) {
            let Artifact { header, .. } = &artifact;
            let found = format!(
                "is {} revision {}, whose file is called {expected}: rename it or remove it",
                header.kind, header.revision
            );
            self.fault(file, "", found);
            return None;
        }
        Some(sealed(artifact))
    }

    fn unreadable(&mut self, file: &str, why: Unreadable) {
        if let Unreadable::Invalid(faults) = why {
            for (pointer, message) in faults {
                self.fault(file, &pointer, message);
            }
            return;
        }
        let told = why.to_string();
        let (pointer, message) = match told.split_once(": ") {
            Some((pointer, message)) if pointer.starts_with('/') => (pointer, message),
            _ => ("", told.as_str()),
        };
        self.fault(file, pointer, message);
    }

    fn approvals(&mut self) {
        let path = self.folder.join(APPROVALS);
        if !path.exists() {
            let message = "is missing: it lists what people are asked; an empty list is `[]`";
            return self.fault(APPROVALS, "", message);
        }
        let Some(text) = self.text(APPROVALS) else { return };
        let value: serde_json::Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(e) => return self.fault(APPROVALS, "", format!("not JSON: {e}")),
        };
        let schema = artifact::schema_of::<Vec<Approval>>();
        for (pointer, message) in artifact::faults(&artifact::validator(&schema), &value) {
            self.fault(APPROVALS, &pointer, message);
        }
        match serde_json::from_value(value) {
            Ok(approvals) => self.dossier.approvals = approvals,
            Err(_) if self.faults.iter().any(|fault| fault.file == APPROVALS) => {}
            Err(e) => self.fault(APPROVALS, "", e.to_string()),
        }
    }

    /// What the plan was made from, when it is there.
    fn inputs(&mut self) -> Result<Option<Inputs>, ReadError> {
        if !self.folder.join(INPUTS).is_dir() {
            return Ok(None);
        }
        let brief = self.text(&format!("{INPUTS}/{BRIEF}"));
        let settings = self.json(&format!("{INPUTS}/{SETTINGS}"));
        let facts = self.json(&format!("{INPUTS}/{FACTS}"));
        let venues = self.venues()?;
        let instructions = self.instructions();
        let (Some(brief), Some(settings), Some(facts)) = (brief, settings, facts) else {
            return Ok(None);
        };
        Ok(Some(Inputs { brief, settings, venues, instructions, facts }))
    }

    fn venues(&mut self) -> Result<Option<Named>, ReadError> {
        let files = self.list(&format!("{INPUTS}/{VENUES}"))?;
        let Some(file) = files.first() else { return Ok(None) };
        let name = file.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(self.text(file).map(|text| Named { name, text }))
    }

    fn instructions(&mut self) -> Vec<Named> {
        let file = format!("{INPUTS}/{INSTRUCTIONS}");
        let folder = self.folder.join(&file);
        if !folder.is_dir() {
            return Vec::new();
        }
        source::read_instructions(&folder).unwrap_or_else(|refused| {
            self.fault(&file, "", refused.to_string());
            Vec::new()
        })
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self, file: &str) -> Option<T> {
        let text = self.text(file)?;
        serde_json::from_str(&text).map_err(|e| self.fault(file, "", e.to_string())).ok()
    }

    /// Everything here belongs to the event of the brief.
    fn one_event(&mut self) {
        let Some(brief) = self.dossier.find(Kind::EventBrief) else { return };
        let event = brief.header.event_id.clone();
        let others = self.dossier.artifacts().filter(|artifact| artifact.header.event_id != event);
        let others: Vec<(Kind, String)> = others
            .map(|artifact| (artifact.header.kind, artifact.header.event_id.clone()))
            .collect();
        for (kind, other) in others {
            let message = format!("belongs to `{other}`, and the brief is of `{event}`");
            self.fault(&format!("{ARTIFACTS}/{kind}.json"), "/event_id", message);
        }
    }

    fn text(&mut self, file: &str) -> Option<String> {
        let path = self.folder.join(file);
        let read = fs::metadata(&path).and_then(|found| {
            if !found.is_file() {
                return Err(io::Error::other("is no file: remove it"));
            }
            if found.len() > FILE_BYTES_MAX {
                let told = format!("has {} bytes, at most {FILE_BYTES_MAX} are read", found.len());
                return Err(io::Error::other(told));
            }
            fs::read_to_string(&path)
        });
        read.map_err(|cause| self.fault(file, "", cause.to_string())).ok()
    }

    fn fault(&mut self, file: &str, pointer: &str, message: impl Into<String>) {
        let (file, pointer) = (file.to_owned(), pointer.to_owned());
        self.faults.push(Fault { file, pointer, message: message.into() });
    }
}

/// One that was upgraded says something else than its digest: it is sealed anew.
fn sealed(artifact: Artifact) -> Artifact {
    if artifact.header.digest == artifact.computed_digest() {
        return artifact;
    }
    let Artifact { header, body } = artifact;
    Artifact::seal(header, body)
}

fn absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
