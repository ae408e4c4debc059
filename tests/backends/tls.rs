//! Encrypted connections, to a server with a certificate of an authority that was made for the test.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::nats::Server;
use common::{child, watchdog};
use pybackground::{Lazy, background, remote};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

#[background(remote)]
fn double(number: u32) -> u32 {
    2 * number
}

/// Runs a test in a process of its own. Skips it where there is no server.
fn alone(test: &str, run: impl FnOnce(&Authority)) {
    let _watchdog = watchdog();
    if child::is_child() {
        run(&Authority::new(test));
    } else if common::nats::server_path().is_some() {
        child::succeeds(&mut child::command(test));
    }
}

/// An authority, and the folder with its files.
struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("pybackground-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(folder.join("ca.pem"), parameters.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(parameters, key) }
    }

    /// Writes a certificate for this machine and its key; returns their paths.
    fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let files = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn ca(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// Starts a server with a certificate of this authority and this besides.
    fn server(&self, more: &str) -> Server {
        let (certificate, key) = self.certificate("server");
        let path = |file: &Path| format!("{:?}", file.display().to_string());
        let (certificate, key, ca) = (path(&certificate), path(&key), path(&self.ca()));
        // By itself a server gives a client two seconds, which a busy machine may not have.
        let tls = format!(
            "tls {{ cert_file: {certificate}, key_file: {key}, ca_file: {ca}, timeout: 30, {more} }}"
        );
        Server::start_with(&tls).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn url(server: &Server) -> String {
    format!("tls://127.0.0.1:{}", server.port())
}

#[test]
fn caller_and_worker_connect_by_tls() {
    alone("caller_and_worker_connect_by_tls", |authority| {
        let server = authority.server("");
        remote().url(url(&server)).ca(authority.ca()).install().unwrap();
        let ca = authority.ca().display().to_string();
        let _worker = server.worker_with(&[
            ("PYBACKGROUND_WORKER", &url(&server)),
            ("PYBACKGROUND_REMOTE_CA", &ca),
        ]);
        for number in 0..20 {
            assert_eq!(double(number), 2 * number);
        }
    });
}

#[test]
fn server_of_an_unknown_authority_is_refused() {
    alone("server_of_an_unknown_authority_is_refused", |authority| {
        let server = authority.server("");
        remote().url(url(&server)).install().unwrap();
        let error = Lazy::join(double(1)).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert!(error.to_string().contains("PYBACKGROUND_REMOTE_CA"), "{error}");
    });
}

#[test]
fn server_without_tls_is_refused() {
    alone("server_without_tls_is_refused", |authority| {
        let server = Server::start().unwrap();
        remote().url(url(&server)).ca(authority.ca()).install().unwrap();
        let error = Lazy::join(double(1)).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert!(error.to_string().contains("if the server has no TLS"), "{error}");
    });
}

#[test]
fn certificate_of_the_program_is_shown_to_a_server_that_asks() {
    alone("certificate_of_the_program_is_shown_to_a_server_that_asks", |authority| {
        let server = authority.server("verify: true");
        let (certificate, key) = authority.certificate("program");
        remote()
            .url(url(&server))
            .ca(authority.ca())
            .certificate(&certificate, &key)
            .install()
            .unwrap();
        let text = |path: &Path| path.display().to_string();
        let _worker = server.worker_with(&[
            ("PYBACKGROUND_WORKER", &url(&server)),
            ("PYBACKGROUND_REMOTE_CA", &text(&authority.ca())),
            ("PYBACKGROUND_REMOTE_CERT", &text(&certificate)),
            ("PYBACKGROUND_REMOTE_KEY", &text(&key)),
        ]);
        assert_eq!(double(21), 42);
    });
}

#[test]
fn program_without_a_certificate_is_refused_by_a_server_that_asks() {
    alone("program_without_a_certificate_is_refused_by_a_server_that_asks", |authority| {
        let server = authority.server("verify: true");
        remote().url(url(&server)).ca(authority.ca()).install().unwrap();
        let error = Lazy::join(double(1)).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
    });
}
