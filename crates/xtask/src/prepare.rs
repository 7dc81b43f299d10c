//! `.sqlx`: what the compiler needs to check every query without a database.
//!
//! The migrations are loaded into a fresh database and all sources compiled against it. This crate runs them with
//! `psql`, not with the kernel's own code: that code does not compile while `.sqlx` is out of date.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

/// The superuser's URL of a PostgreSQL that may be used freely.
const URL_VARIABLE: &str = "STEWARD_TEST_DATABASE_URL";
/// The one folder of the workspace; sqlx's macros look for it here.
const METADATA: &str = ".sqlx";
/// Schemas are built on the kernel's.
const FIRST: &str = "kernel";

/// What the migrations grant rights to. The product makes these roles, and its login, by its own bootstrap.
const ROLES: &str = "do $$ declare name text; begin
  foreach name in array array['steward_owner', 'steward_app', 'steward_system'] loop
    if not exists (select from pg_roles where rolname = name) then execute format('create role %I', name); end if;
  end loop; end $$";

/// Writes `.sqlx` anew, or compares it with what it should be.
pub(crate) fn run(workspace: &Path, check: bool) -> Result<()> {
    let Some(server) = server() else { return beside_postgres(workspace, check) };
    let made = tempfile::tempdir()?;
    compile(workspace, &Database::load(workspace, &server)?, made.path())?;
    let committed = workspace.join(METADATA);
    if check { compare(&committed, made.path()) } else { replace(&committed, made.path()) }
}

#[expect(clippy::disallowed_methods, reason = "the one variable that this tool reads")]
fn server() -> Option<String> {
    std::env::var(URL_VARIABLE).ok()
}

/// This very command again, beside a PostgreSQL that lives as long as it.
fn beside_postgres(workspace: &Path, check: bool) -> Result<()> {
    let mut again = Command::new(workspace.join("bin/with-postgres"));
    again.arg(std::env::current_exe()?).arg("prepare").args(check.then_some("--check"));
    succeed(&mut again)
}

/// A database that holds the current schema, dropped with this value.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn load(workspace: &Path, server: &str) -> Result<Self> {
        let name = format!("steward_prepare_{}", std::process::id());
        psql(server, ["--command", ROLES])?;
        psql(server, ["--command", &format!("create database {name} owner steward_owner")])?;
        let database = Self { server: server.to_owned(), name };
        for (schema, files) in migrations(workspace)? {
            let begin = format!("set role steward_owner; create schema {schema}");
            let files = files.iter().flat_map(|file| ["--file".as_ref(), file.as_os_str()]);
            let before = ["--single-transaction", "--command", &begin].map(AsRef::as_ref);
            psql(&database.url()?, before.into_iter().chain(files))?;
        }
        Ok(database)
    }

    /// The server's URL with this database's name.
    fn url(&self) -> Result<String> {
        let (address, parameters) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (server, _) = address.rsplit_once('/').context("the URL names no database")?;
        Ok(format!("{server}/{}?{parameters}", self.name))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("drop database {} with (force)", self.name);
        drop(psql(&self.server, ["--command", &statement]));
    }
}

/// The migrations of each schema in the order of their names; the kernel first.
fn migrations(workspace: &Path) -> Result<Vec<(String, Vec<PathBuf>)>> {
    let mut schemas = Vec::new();
    for folder in sorted(&workspace.join("crates"))? {
        if folder.join("sqlx.toml").exists() {
            let schema = file_name(&folder);
            schemas.push((schema, sorted(&folder.join("migrations"))?));
        }
    }
    schemas.sort_by_key(|(schema, _)| (schema != FIRST, schema.clone()));
    Ok(schemas)
}

/// Compiles everything once; each query's description is written into `into`.
fn compile(workspace: &Path, database: &Database, into: &Path) -> Result<()> {
    let touched = touch(workspace)?;
    let compiled = succeed(
        Command::new("cargo")
            .current_dir(workspace)
            .args(["check", "--workspace", "--all-targets", "--quiet"])
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", into)
            .env("DATABASE_URL", database.url()?),
    );
    for (file, modified) in touched {
        File::open(file)?.set_modified(modified)?;
    }
    compiled
}

/// Cargo compiles nothing that did not change, so the sources with queries get a new time; returns their old ones.
///
/// Given back afterwards, they spare the next build from compiling everything again.
fn touch(workspace: &Path) -> Result<Vec<(PathBuf, SystemTime)>> {
    #[expect(clippy::disallowed_methods, reason = "a file's time, not the product's")]
    let now = SystemTime::now();
    let mut touched = Vec::new();
    for path in crate::git(workspace, &["ls-files", "-co", "--exclude-standard", "*.rs"])?.lines() {
        let file = workspace.join(path);
        if fs::read_to_string(&file).is_ok_and(|source| source.contains("query")) {
            touched.push((file.clone(), fs::metadata(&file)?.modified()?));
            File::open(&file)?.set_modified(now)?;
        }
    }
    Ok(touched)
}

fn compare(committed: &Path, made: &Path) -> Result<()> {
    let (committed, made) = (contents(committed)?, contents(made)?);
    let changed = |(name, text): &(&String, &String)| committed.get(*name) != Some(*text);
    let missing = made.iter().filter(changed).count();
    let left_over = committed.keys().filter(|name| !made.contains_key(*name)).count();
    ensure!(
        missing + left_over == 0,
        "{METADATA} is out of date ({missing} queries missing or changed, {left_over} gone): \
         run `cargo xtask prepare` and commit {METADATA}"
    );
    Ok(())
}

/// Old entries would stay for ever: hence all of them are replaced.
fn replace(committed: &Path, made: &Path) -> Result<()> {
    fs::create_dir_all(committed)?;
    for name in contents(committed)?.keys() {
        fs::remove_file(committed.join(name))?;
    }
    for (name, text) in contents(made)? {
        fs::write(committed.join(name), text)?;
    }
    Ok(())
}

/// The queries of a folder by name; none when it does not exist.
fn contents(folder: &Path) -> Result<BTreeMap<String, String>> {
    if !folder.exists() {
        return Ok(BTreeMap::new());
    }
    sorted(folder)?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "json"))
        .map(|file| Ok((file_name(&file), fs::read_to_string(file)?)))
        .collect()
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn psql<A: AsRef<std::ffi::OsStr>>(
    url: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<()> {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url]);
    succeed(psql.args(arguments))
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} does not run"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{compare, replace};

    #[test]
    fn a_changed_a_missing_and_a_left_over_query_are_out_of_date_until_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (committed, made) = (folder.path().join("committed"), folder.path().join("made"));
        for (path, text) in [(&committed, "old"), (&made, "new")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("changed.json"), text).unwrap();
            fs::write(path.join(text).with_extension("json"), text).unwrap();
        }
        let refusal = compare(&committed, &made).unwrap_err().to_string();
        assert!(refusal.contains("2 queries missing or changed, 1 gone"), "{refusal}");
        replace(&committed, &made).unwrap();
        compare(&committed, &made).unwrap();
    }
}
