//! An authority made for one test, and certificates for `localhost` that it signs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use reqwest::Certificate;
use steward::tls::Pair;
use tempfile::TempDir;

pub(crate) struct Authority(TempDir);

impl Authority {
    pub(crate) fn new() -> Self {
        let made = Self(TempDir::new().unwrap());
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Authority -keyout ca.key -out ca.pem");
        std::fs::write(made.file("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
        made
    }

    /// A certificate with its key, in files of this name.
    pub(crate) fn issue(&self, name: &str) -> Pair {
        self.openssl(&format!("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        self.openssl(&format!("x509 -req -days 2 -CAcreateserial -in {name}.csr -CA ca.pem -CAkey ca.key -extfile ext -out {name}.pem"));
        let pair = Pair {
            cert: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
        };
        std::fs::set_permissions(&pair.key, std::fs::Permissions::from_mode(0o600)).unwrap();
        pair
    }

    /// An HTTP client that trusts this authority alone, and makes a new connection for each request.
    pub(crate) fn client(&self) -> reqwest::Client {
        let ca = self.certificate();
        reqwest::Client::builder().tls_certs_only([ca]).pool_max_idle_per_host(0).build().unwrap()
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_pem(&std::fs::read(self.ca()).unwrap()).unwrap()
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.file("ca.pem")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(self.0.path()).stdin(Stdio::null());
        let output =
            openssl.output().expect("openssl is missing; install it: apt-get install openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Puts the files of another pair in place, as a renewal does.
pub(crate) fn renew(pair: &Pair, with: &Pair) {
    for (to, from) in [(&pair.key, &with.key), (&pair.cert, &with.cert)] {
        let new = to.with_extension("new");
        std::fs::copy(from, &new).unwrap();
        std::fs::rename(new, to).unwrap();
    }
}
