//! An authority made for one test, and a certificate for `localhost` that it signed.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{folder, program, run, write};

pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn make() -> Self {
        let made = Self(folder());
        let path = |name: &str| made.path(name).display().to_string();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        write(made.0.path(), "server.ext", "subjectAltName=DNS:localhost\n");
        made.openssl(
            &[&["req", "-x509"], &key[..], &["-days", "2", "-subj", "/CN=Test authority"]],
            &[("-keyout", path("ca.key")), ("-out", path("ca.pem"))],
        );
        made.openssl(
            &[&["req"], &key[..], &["-subj", "/CN=localhost"]],
            &[("-keyout", path("server.key")), ("-out", path("server.csr"))],
        );
        made.openssl(
            &[&["x509", "-req", "-days", "2", "-CAcreateserial"]],
            &[
                ("-in", path("server.csr")),
                ("-CA", path("ca.pem")),
                ("-CAkey", path("ca.key")),
                ("-extfile", path("server.ext")),
                ("-out", path("server.pem")),
            ],
        );
        made
    }

    fn openssl(&self, words: &[&[&str]], files: &[(&str, String)]) {
        let mut command = Command::new(program("openssl", "openssl"));
        command.current_dir(self.0.path()).args(words.concat());
        for (option, path) in files {
            command.args([option, path.as_str()]);
        }
        run(&mut command);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.path("server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path("server.key")
    }
}
