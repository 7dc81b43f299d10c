//! `iris merge`: values of a merge file replace those of the CPF, what it does not name stays.

use std::{fs, io, path::PathBuf, process::ExitCode};

use super::{Home, say};
use crate::{
    cpf::{Cpf, edit::MAX_BYTES},
    emulator::messages::Messages,
};

pub(super) fn merge(home: &Home, options: &[&str]) -> io::Result<ExitCode> {
    let Some(file) = options.first().map(PathBuf::from) else {
        return Err(io::Error::other("merge needs the path of a merge file"));
    };
    let target = options.get(1).map_or_else(|| home.cpf(), PathBuf::from);
    if fs::metadata(&file)?.len() > MAX_BYTES {
        return Err(io::Error::other("the merge file is too large"));
    }
    let merge = Cpf::parse(fs::read(&file)?).map_err(io::Error::other)?;
    let messages = Messages::of(home, std::process::id());
    if merge.sections().any(|section| section == "Actions") {
        let text =
            format!("ERROR #503: Error executing [Actions] section in file {}", file.display());
        messages.write(1, "Utility.Event", &text)?;
        return Ok(ExitCode::FAILURE);
    }
    let before = fs::read(&target)?;
    let mut cpf = Cpf::parse(before.clone()).map_err(io::Error::other)?;
    for section in merge.sections() {
        for pair in merge.pairs(section) {
            let (key, value) =
                (String::from_utf8_lossy(pair.key), String::from_utf8_lossy(pair.value));
            cpf = cpf.set(section, &key, &value).map_err(io::Error::other)?.0;
        }
    }
    if cpf.bytes() != before {
        let fresh = target.with_extension(format!("cpf_{}", std::process::id()));
        fs::write(&fresh, cpf.bytes())?;
        fs::rename(fresh, &target)?;
    }
    home.remember_cpf()?;
    say(&format!("IRIS Merge of {} into {}\n", file.display(), target.display()))?;
    Ok(ExitCode::SUCCESS)
}
