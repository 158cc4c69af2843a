//! Certificates and keys: what fits is taken, and what does not is named with the way out.
#![allow(clippy::unwrap_used)]

use config::{Config, Warning};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tempfile::TempDir;

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["sip.example".to_owned()]).unwrap()
}

/// A folder with a certificate and its key, which nobody else may read.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = made();
    fs::write(folder.path().join("sip.pem"), made.cert.pem()).unwrap();
    write_key(folder.path(), &made.signing_key.serialize_pem());
    folder
}

fn write_key(folder: &Path, pem: &str) {
    let file = folder.join("sip.key");
    fs::write(&file, pem).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

const BOTH: &str = "[sip]\ntls = '127.0.0.1:0'\n[tls]\ncertificate = 'sip.pem'\nkey = 'sip.key'\n";
const AGENT: &str = "[[agent]]\nid = 'ann'\npresence = 'always'\nphone = 'sip:ann@127.0.0.1:5910'\n";

fn read(folder: &TempDir, text: &str) -> Result<(Config, Vec<Warning>), config::Problems> {
    config::parse(&format!("{text}{AGENT}"), folder.path(), &|_| None)
}
fn said(folder: &TempDir, text: &str) -> String {
    let problems = read(folder, text).unwrap_err().to_string();
    problems.replace(&format!("{}/", folder.path().display()), "").replace("configuration:", "")
}
fn warned(folder: &TempDir, text: &str) -> Vec<String> {
    read(folder, text).unwrap().1.into_iter().map(|warning| warning.what).collect()
}

#[test]
fn a_certificate_with_its_key_is_taken_and_can_be_read_again() {
    let folder = folder();
    let (config, warnings) = read(&folder, BOTH).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(config.sip.tls, "127.0.0.1:0".parse().ok());
    let first = config.tls.load().unwrap();
    assert_eq!(first.identity.unwrap().cert.len(), 1);
    assert!(first.ca.is_none() && first.client_ca.is_none());
    fs::write(folder.path().join("sip.pem"), "nothing").unwrap();
    let error = config.tls.load().unwrap_err();
    assert_eq!(error.key, "certificate");
    assert!(error.to_string().starts_with("tls.certificate: "), "{error}");
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let folder = folder();
    write_key(folder.path(), &made().signing_key.serialize_pem());
    assert_eq!(
        said(&folder, BOTH),
        "5: tls.key: \"sip.key\" does not fit the certificate; name the key that the certificate was made for"
    );
}

#[test]
fn files_that_hold_something_else_are_named() {
    let folder = folder();
    let key = fs::read_to_string(folder.path().join("sip.key")).unwrap();
    let certificate = fs::read_to_string(folder.path().join("sip.pem")).unwrap();
    fs::write(folder.path().join("sip.pem"), &key).unwrap();
    write_key(folder.path(), &certificate);
    let expected = [
        "4: tls.certificate: \"sip.pem\" holds no certificate; name a PEM file: our certificate first, then those that \
         vouch for it",
        "5: tls.key: \"sip.key\" holds no private key; name the PEM file of the certificate's key",
    ];
    assert_eq!(said(&folder, BOTH), expected.join("\n"));
    fs::write(folder.path().join("sip.pem"), &certificate).unwrap();
    write_key(folder.path(), &key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    assert_eq!(
        said(&folder, BOTH),
        "5: tls.key: \"sip.key\" is locked with a passphrase; store the key without one, in a file that only sambung may \
         read"
    );
}

#[test]
fn a_certificate_that_is_none_inside_is_named() {
    let folder = folder();
    fs::write(
        folder.path().join("sip.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let said = said(&folder, &format!("{BOTH}ca = 'sip.pem'\n"));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("4: tls.certificate: cannot be read: "), "{said}");
    assert!(lines[1].starts_with("6: tls.ca: certificate 1 of \"sip.pem\" cannot be used: "), "{said}");
}

#[test]
fn a_key_that_everybody_may_read_is_a_warning() {
    let folder = folder();
    let file = folder.path().join("sip.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let warned = warned(&folder, BOTH);
    assert_eq!(warned.len(), 1);
    assert!(warned[0].ends_with("can be read by everybody on this machine"), "{warned:?}");
}

#[test]
fn asking_for_certificates_where_nobody_connects_is_a_warning() {
    let folder = folder();
    let asks = |text: &str| warned(&folder, text).len();
    assert_eq!(asks("[tls]\nclient_ca = 'sip.pem'\n"), 1);
    assert_eq!(asks(&format!("{BOTH}client_ca = 'sip.pem'\n")), 0);
}

#[test]
fn desk_and_operator_off_loopback_need_a_certificate_and_the_operator_users() {
    let folder = folder();
    let ports =
        "[desk]\nlisten = '0.0.0.0:8080'\ntls = true\n[operator]\nlisten = '0.0.0.0:8081'\ntls = true\n";
    let user = "[[operator.user]]\nname = 'ops'\nrole = 'operator'\ntoken = 'Tz6-0f3a9c-Kp49x'\n";
    let shown = "[tls]\ncertificate = 'sip.pem'\nkey = 'sip.key'\n";
    let (config, warnings) = read(&folder, &format!("{ports}{user}{shown}")).unwrap();
    assert_eq!(warnings, []);
    assert!(config.desk.tls && config.operator.tls && !config.desk.insecure && !config.operator.insecure);
    let user_read = &config.operator.users[0];
    assert_eq!((user_read.name.as_str(), user_read.role), ("ops", config::OperatorRole::Operator));
    assert!(user_read.token.matches("Tz6-0f3a9c-Kp49x"));
    assert_eq!(
        said(&folder, &format!("{ports}{user}")),
        "3: desk.tls: has no certificate to show; add certificate and key below [tls]\n\
         6: operator.tls: has no certificate to show; add certificate and key below [tls]"
    );
    assert_eq!(
        said(&folder, &format!("{ports}{shown}")),
        "5: operator.listen: \"0.0.0.0:8081\" is off loopback without an [[operator.user]]; add that, listen on \
         127.0.0.1:8081 behind a proxy that has it, or add insecure = true"
    );
}

#[test]
fn a_certificate_that_has_ended_is_a_warning() {
    let folder = folder();
    let mut params = rcgen::CertificateParams::new(["sip.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = KeyPair::generate().unwrap();
    fs::write(folder.path().join("sip.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    write_key(folder.path(), &key.serialize_pem());
    assert_eq!(warned(&folder, BOTH), ["has ended at 2020-01-01T00:00:00Z"]);
    let (config, _) = read(&folder, BOTH).unwrap();
    assert_eq!(config.tls.load().unwrap().end().unwrap().as_second(), 1_577_836_800);
}
