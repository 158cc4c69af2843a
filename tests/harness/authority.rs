//! An authority for certificates, as a site has one of its own.

use crate::kamailio::TlsFiles;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// The authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The year at whose beginning the certificates end that it makes.
    ends: Option<i32>,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    ///
    /// When no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "The site's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, ends: None }
    }
    /// The same; its certificates end with the beginning of a year.
    #[must_use]
    pub fn ending(self, year: i32) -> Self {
        Self { ends: Some(year), ..self }
    }
    /// Writes a certificate for 127.0.0.1 and its key to `folder`, as `NAME.pem` and `NAME.key`, and our own beside.
    ///
    /// # Panics
    ///
    /// When they cannot be written.
    #[must_use]
    pub fn make(&self, name: &str, folder: &Path) -> TlsFiles {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        // OpenSSL takes a certificate with its issuer's name for one that vouches for itself.
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if let Some(year) = self.ends {
            params.not_after = date_time_ymd(year, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let at = |ending: &str| folder.join(format!("{name}.{ending}"));
        let files = TlsFiles { certificate: at("pem"), key: at("key"), ca: folder.join("ca.pem") };
        fs::write(&files.certificate, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&files.ca, self.issuer.pem()).unwrap();
        files
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
