//! Reads certificates and keys, and sees whether they fit; for `check`, for the start, and for each change later on.

use crate::{
    model::Tls,
    table::{Wrong, quoted},
};
use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{io::Read, path::Path, sync::Arc};

/// Largest file read, in bytes: a system's whole store of authorities is a quarter of that.
const MAX_FILE: u64 = 1024 * 1024;

/// What the files of `[tls]` hold.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Our certificate with its chain, and its key.
    pub identity: Option<Arc<CertifiedKey>>,
    /// Whose certificates we believe when we connect; none: the system's authorities.
    pub ca: Option<Arc<RootCertStore>>,
    /// Whose certificate a peer must have who connects over TLS; none: it needs none.
    pub client_ca: Option<Arc<RootCertStore>>,
}

/// Why a file of `[tls]` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsError {
    /// The key in `[tls]`.
    pub key: &'static str,
    /// What is wrong with its file.
    pub what: String,
    /// What to do about it.
    pub way_out: String,
}

impl std::fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tls.{}: {}; {}", self.key, self.what, self.way_out)
    }
}

impl std::error::Error for CredentialsError {}

impl Tls {
    /// Reads the files as they are now.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load(&self) -> Result<Credentials, CredentialsError> {
        let under = |key| move |Wrong { what, way_out }| CredentialsError { key, what, way_out };
        let identity = self.identity.as_ref().map(|files| {
            let chain = certificates(&files.certificate).map_err(under("certificate"))?;
            let key = key(&files.key).map_err(under("key"))?;
            identity(chain, key, &files.key).map_err(|(place, wrong)| under(place)(wrong))
        });
        let authorities = |path: &Option<_>, key| {
            path.as_deref().map(|path| authorities(path).map_err(under(key))).transpose()
        };
        Ok(Credentials {
            identity: identity.transpose()?,
            ca: authorities(&self.ca, "ca")?,
            client_ca: authorities(&self.client_ca, "client_ca")?,
        })
    }
}

/// The certificates of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => {
            let what = format!("{} holds no certificate", shown(path));
            Err(Wrong::new(what, "name a PEM file: our certificate first, then those that vouch for it"))
        }
    }
}

/// The private key of a file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Wrong> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        if text.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) {
            let what = format!("{} is locked with a passphrase", shown(path));
            return Wrong::new(what, "store the key without one, in a file that only sambung may read");
        }
        Wrong::new(
            format!("{} holds no private key", shown(path)),
            "name the PEM file of the certificate's key",
        )
    })
}

const ENCRYPTED: &[u8] = b"ENCRYPTED PRIVATE KEY";

/// Certificate and key together, or under which of the two keys the mistake is.
pub(crate) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    path: &Path,
) -> Result<Arc<CertifiedKey>, (&'static str, Wrong)> {
    use rustls::Error;
    match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
        Ok(identity) => Ok(Arc::new(identity)),
        Err(Error::InconsistentKeys(_)) => {
            let what = format!("{} does not fit the certificate", shown(path));
            Err(("key", Wrong::new(what, "name the key that the certificate was made for")))
        }
        Err(error @ Error::InvalidCertificate(_)) => {
            let what = format!("cannot be read: {error}");
            Err(("certificate", Wrong::new(what, "name an X.509 certificate of version 3, in PEM")))
        }
        Err(error) => {
            let what = format!("{} cannot be used: {error}", shown(path));
            Err(("key", Wrong::new(what, "use an RSA key of 2048 bits or more, P-256, P-384 or Ed25519")))
        }
    }
}

/// Everybody a file says we believe.
pub(crate) fn authorities(path: &Path) -> Result<Arc<RootCertStore>, Wrong> {
    let mut store = RootCertStore::empty();
    for (place, certificate) in certificates(path)?.into_iter().enumerate() {
        store.add(certificate).map_err(|error| {
            let what = format!("certificate {} of {} cannot be used: {error}", place + 1, shown(path));
            Wrong::new(what, "take it out of the file")
        })?;
    }
    Ok(Arc::new(store))
}

fn read(path: &Path) -> Result<Vec<u8>, Wrong> {
    let unreadable = |error: std::io::Error| {
        Wrong::new(format!("{} cannot be read: {error}", shown(path)), "name a file that sambung may read")
    };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE {
        let what = format!("{} is larger than {MAX_FILE} bytes", shown(path));
        return Err(Wrong::new(what, "name a PEM file"));
    }
    Ok(text)
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
