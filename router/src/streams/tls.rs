//! TLS as a server and as a client, with certificates that may change while it runs.
//!
//! TLS 1.2 and 1.3 with the suites of *ring*: ephemeral keys and AEAD alone. Connections keep what they began with.

use super::{Shared, StreamError};
use config::{Credentials, Tls};
use jiff::Timestamp;
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use tokio::{
    sync::{OnceCell, watch},
    time::sleep,
};
use tokio_rustls::rustls::{
    self, ALL_VERSIONS, ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
};

/// The certificates in use.
#[derive(Debug)]
pub(super) struct TlsKeeper {
    files: Tls,
    current: RwLock<Arc<Loaded>>,
}

/// What one reading of the files came to.
#[derive(Debug)]
struct Loaded {
    credentials: Credentials,
    /// For SIP over TLS, where a certificate may be asked for.
    peers: Option<Arc<ServerConfig>>,
    /// For WebSocket over TLS: nobody asks a browser for a certificate.
    pages: Option<Arc<ServerConfig>>,
    /// For HTTPS: desk and operator.
    http: Option<Arc<ServerConfig>>,
    /// Made when first needed: the system's authorities are many.
    client: OnceCell<Arc<ClientConfig>>,
}

impl TlsKeeper {
    pub(super) fn load(files: Tls) -> Result<Self, StreamError> {
        let loaded = Loaded::new(files.load()?)?;
        Ok(Self { files, current: RwLock::new(Arc::new(loaded)) })
    }
    /// Whether there is a certificate to show.
    pub(super) fn has_identity(&self) -> bool {
        self.current().credentials.identity.is_some()
    }
    /// For who connects to `sip.tls`.
    pub(super) fn for_peers(&self) -> Option<Arc<ServerConfig>> {
        self.current().peers.clone()
    }
    /// For who connects to `sip.wss`.
    pub(super) fn for_pages(&self) -> Option<Arc<ServerConfig>> {
        self.current().pages.clone()
    }
    /// For who asks by HTTPS.
    pub(super) fn for_http(&self) -> Option<Arc<ServerConfig>> {
        self.current().http.clone()
    }
    /// When the certificate that is shown ends.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.current().credentials.end()
    }
    /// For connecting to others.
    pub(super) async fn client(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let loaded = self.current();
        let client = loaded.client.get_or_try_init(|| client(&loaded.credentials)).await?;
        Ok(Arc::clone(client))
    }
    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
    /// Reads the files again. What cannot be used leaves everything as it is, and is `told` about.
    fn read_again(&self, told: bool) -> bool {
        let loaded = self.files.load().map_err(StreamError::from).and_then(|c| Ok(Loaded::new(c)?));
        match loaded {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                tracing::info!("the certificates were read again; new connections use them");
                true
            }
            Err(error) => {
                if told {
                    tracing::error!(%error, "certificates have changed and cannot be used; the old ones stay");
                }
                false
            }
        }
    }
    /// When each file last changed, and how long it is.
    fn stamps(&self) -> Stamps {
        let identity = self.files.identity.iter().flat_map(|files| [&files.certificate, &files.key]);
        identity.chain(&self.files.ca).chain(&self.files.client_ca).map(|path| stamp(path)).collect()
    }
}

/// Of each file, when it last changed and how long it is.
type Stamps = Vec<Option<(SystemTime, u64)>>;

/// Which files are in use, and which were of no use. These are read again at each look, though nothing seems to have
/// changed: a file whose rights are mended keeps its stamp. They are complained of once.
#[derive(Debug)]
struct Known {
    used: Stamps,
    useless: Option<Stamps>,
}

impl Known {
    fn new(used: Stamps) -> Self {
        Self { used, useless: None }
    }
    /// Whether files with these stamps are to be read.
    fn is_due(&self, now: &Stamps) -> bool {
        *now != self.used
    }
    /// Whether it is news when they cannot be used.
    fn is_news(&self, now: &Stamps) -> bool {
        self.useless.as_ref() != Some(now)
    }
    /// They were read.
    fn read(&mut self, now: Stamps, usable: bool) {
        match usable {
            true => *self = Self::new(now),
            false => self.useless = Some(now),
        }
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// Takes up changed certificates until the streams end: looks now and then, and whenever it is told to.
pub(super) async fn watch(shared: Arc<Shared>, mut reloads: watch::Receiver<()>) {
    let look = |shared: &Arc<Shared>| {
        let shared = Arc::clone(shared);
        tokio::task::spawn_blocking(move || shared.tls.stamps())
    };
    let Ok(used) = look(&shared).await else { return };
    let mut known = Known::new(used);
    loop {
        let told = tokio::select! {
            told = reloads.changed() => match told {
                Ok(()) => true,
                Err(_) => return,
            },
            () = sleep(shared.times.reload) => false,
        };
        let Ok(now) = look(&shared).await else { return };
        if !told && !known.is_due(&now) {
            continue;
        }
        let (shared, news) = (Arc::clone(&shared), told || known.is_news(&now));
        let read = move || {
            let usable = shared.tls.read_again(news);
            shared.metrics.upkeep.certificate_ends(shared.tls.end());
            usable
        };
        let Ok(usable) = tokio::task::spawn_blocking(read).await else { return }; // the runtime stops
        known.read(now, usable);
    }
}

impl Loaded {
    fn new(credentials: Credentials) -> Result<Self, rustls::Error> {
        let server = |asked: Option<&Arc<RootCertStore>>, protocols: &[&[u8]]| {
            credentials.identity.as_ref().map(|identity| server(identity, asked, protocols)).transpose()
        };
        let (peers, pages) = (server(credentials.client_ca.as_ref(), &[])?, server(None, &[])?);
        let http = server(None, &[b"http/1.1"])?;
        Ok(Self { credentials, peers, pages, http, client: OnceCell::new() })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn server(
    identity: &Arc<CertifiedKey>,
    asked: Option<&Arc<RootCertStore>>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(ALL_VERSIONS)?;
    let builder = match asked {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(authorities), provider());
            let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let resolver = SingleCertAndKey::from(Arc::clone(identity));
    let mut server = builder.with_cert_resolver(Arc::new(resolver));
    server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(server))
}

async fn client(credentials: &Credentials) -> Result<Arc<ClientConfig>, rustls::Error> {
    let authorities = match &credentials.ca {
        Some(authorities) => Arc::clone(authorities),
        None => system_authorities().await,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(ALL_VERSIONS)?
        .with_root_certificates(authorities);
    let config = match &credentials.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity))))
        }
    };
    Ok(Arc::new(config))
}

/// Whom the administrator of this machine believes.
async fn system_authorities() -> Arc<RootCertStore> {
    let read = tokio::task::spawn_blocking(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        let (taken, _left) = store.add_parsable_certificates(found.certs);
        if taken == 0 {
            tracing::error!("the system has no authorities that could vouch for a peer; name them in tls.ca");
        }
        store
    });
    Arc::new(read.await.unwrap_or_else(|_| RootCertStore::empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn files_that_cannot_be_used_are_read_until_they_can_and_complained_of_once() {
        let of = |s| vec![Some((SystemTime::UNIX_EPOCH + Duration::from_secs(s), 1_000))];
        let mut known = Known::new(of(1));
        assert!(!known.is_due(&of(1)));
        assert!(known.is_due(&of(2)) && known.is_news(&of(2)));
        known.read(of(2), false);
        assert!(known.is_due(&of(2)), "their rights may have been mended");
        assert!(!known.is_news(&of(2)) && known.is_news(&of(3)));
        known.read(of(2), true);
        assert!(!known.is_due(&of(2)) && known.is_due(&of(3)) && known.is_news(&of(3)));
    }
}
