//! Reads `[tls]`: who we are to others and whom we believe, over TLS.

use crate::{
    finding::Place,
    machine::Listen,
    model::{Identity, Tls},
    pem,
    secret::warn_if_open,
    table::{Check, Table, Typed, Wrong},
    validity,
};
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};

/// A certificate that ends within this is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// `[tls]`. Its files are read, so that a mistake is found here and not when the first peer connects.
/// `encrypted` are the keys that need a certificate to show.
pub(crate) fn tls(
    root: &mut Table<'_>,
    streams: &[Listen],
    encrypted: &[&Place],
    check: &mut Check<'_>,
) -> Tls {
    let mut table = root.table("tls", check);
    let identity = identity(&mut table, encrypted, check);
    let ca = file(&mut table, "ca", pem::authorities, check);
    let client_ca = file(&mut table, "client_ca", pem::authorities, check);
    if let Some(asked) = &client_ca
        && !streams.iter().any(|listen| listen.key == "tls")
    {
        let what = "asks nobody for a certificate, as nothing listens on sip.tls";
        check.findings.warn(&asked.place, what, "add tls below [sip], or take it out");
    }
    table.close(check);
    let path = |file: Typed<(PathBuf, _)>| file.value.0;
    Tls { identity, ca: ca.map(path), client_ca: client_ca.map(path) }
}

fn identity(table: &mut Table<'_>, encrypted: &[&Place], check: &mut Check<'_>) -> Option<Identity> {
    match (table.has("certificate"), table.has("key")) {
        (true, false) => {
            check.findings.missing(&table.place_of("key"), "name the file with the certificate's key");
        }
        (false, true) => {
            let place = table.place_of("certificate");
            check.findings.missing(&place, "name the file with the key's certificate");
        }
        (false, false) => {
            for place in encrypted {
                let what = "has no certificate to show";
                check.findings.problem(place, what, "add certificate and key below [tls]");
            }
        }
        (true, true) => {}
    }
    let certificate = file(table, "certificate", pem::certificates, check);
    let key = file(table, "key", pem::key, check);
    if let Some(Typed { value: (path, _), place }) = &key {
        warn_if_open(&Typed { value: path.clone(), place: place.clone() }, check);
    }
    let (certificate, key) = (certificate?, key?);
    let ((certificate_file, chain), (key_file, der)) = (certificate.value, key.value);
    warn_if_ending(&certificate.place, validity::end(chain.iter().map(AsRef::as_ref)), check);
    if let Err((at, Wrong { what, way_out })) = pem::identity(chain, der, &key_file) {
        let place = if at == "key" { key.place } else { certificate.place };
        check.findings.problem(&place, what, way_out);
    }
    Some(Identity { certificate: certificate_file, key: key_file })
}

/// Warns of a certificate that nobody believes any more, or soon.
fn warn_if_ending(place: &Place, end: Option<Timestamp>, check: &mut Check<'_>) {
    let now = Timestamp::now();
    match end {
        Some(end) if end <= now => {
            check.findings.warn(
                place,
                format!("has ended at {end}"),
                "get a new one: nobody believes this one",
            );
        }
        Some(end) if end.duration_since(now) < SOON => {
            check.findings.warn(place, format!("ends at {end}"), "get a new one before");
        }
        Some(_) | None => {}
    }
}

/// The file of a key and what it holds; none when it is absent or cannot be used.
fn file<T>(
    table: &mut Table<'_>,
    key: &'static str,
    read: impl FnOnce(&Path) -> Result<T, Wrong>,
    check: &mut Check<'_>,
) -> Option<Typed<(PathBuf, T)>> {
    let typed = table.read(key, crate::path, check)?;
    let file = check.folder.join(&typed.value);
    match read(&file) {
        Ok(read) => Some(Typed { value: (file, read), place: typed.place }),
        Err(Wrong { what, way_out }) => {
            check.findings.problem(&typed.place, what, way_out);
            None
        }
    }
}
