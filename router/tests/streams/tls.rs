//! SIP over TLS: handshakes, names, mutual TLS, and certificates that change.

use crate::support::{Client, House, Plan, any, request, soon};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use router::streams::{StreamNews, Times};
use sip::{Flow, Transport};
use std::{fs, path::PathBuf, process::Command, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

/// An authority and the files it has made.
pub struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, in PEM.
pub struct Made {
    certificate: String,
    key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }
    pub fn make(&self, names: &[&str]) -> Made {
        let mut params =
            CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Made { certificate, key: key.serialize_pem() }
    }
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn write(&self, made: &Made) {
        fs::write(self.file("sip.pem"), &made.certificate).unwrap();
        fs::write(self.file("sip.key"), &made.key).unwrap();
    }
    /// A house with a certificate for `names`, which believes this authority.
    pub fn plan(&self, names: &[&str]) -> Plan {
        self.write(&self.make(names));
        let mut plan = Plan::new();
        plan.sip.tls = Some(any());
        let identity = config::Identity { certificate: self.file("sip.pem"), key: self.file("sip.key") };
        plan.config.tls =
            config::Tls { identity: Some(identity), ca: Some(self.file("ca.pem")), client_ca: None };
        plan
    }
    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        Arc::new(roots)
    }
    /// Connects as a client that believes this authority and shows `made`.
    pub fn connector(&self, made: Option<&Made>) -> TlsConnector {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots());
        let config = match made {
            None => builder.with_no_client_auth(),
            Some(made) => builder.with_client_auth_cert(made.chain(), made.key()).unwrap(),
        };
        TlsConnector::from(Arc::new(config))
    }
}

impl Made {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()]
    }
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

async fn connect(
    house: &House,
    connector: &TlsConnector,
    name: &'static str,
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let socket = soon(TcpStream::connect(house.at(Transport::Tls))).await.unwrap();
    Ok(Client::new(soon(connector.connect(ServerName::try_from(name).unwrap(), socket)).await?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_over_tls() {
    let authority = Authority::new();
    let mut house = authority.plan(&["sip.example"]).open();
    let mut client = connect(&house, &authority.connector(None), "sip.example").await.unwrap();
    let large = request(1, 50_000);
    client.send(&large).await;
    let (flow, message) = house.message().await;
    assert_eq!((flow.transport, message.bytes() == &large), (Transport::Tls, true));
    house.streams.send(flow, request(2, 50_000));
    assert_eq!(client.receive().await.unwrap().body().len(), 50_000);
    house.expect_count("sip_connections", "tls", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_and_babbling_clients_are_closed_and_hold_up_nobody() {
    let authority = Authority::new();
    let plan = authority.plan(&["sip.example"]);
    let house = plan.times(|times: &mut Times| times.handshake = Duration::from_millis(500)).open();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(Client::tcp(house.at(Transport::Tls)).await);
    }
    let mut babbler = Client::tcp(house.at(Transport::Tls)).await;
    babbler.send(&request(1, 0)).await;
    let mut house = house;
    let mut client = connect(&house, &authority.connector(None), "sip.example").await.unwrap();
    client.send(&request(2, 0)).await;
    assert_eq!(house.message().await.1.cseq().0, 2);
    for mut one in silent {
        one.expect_end().await;
    }
    house.expect_count("sip_connections_refused_total", "handshake_time", 50).await;
    house.expect_count("sip_connections_refused_total", "handshake", 1).await;
}

/// Foreign: OpenSSL, asking for what we do not do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_aead_suites_of_tls_1_2_and_later_are_spoken() {
    let authority = Authority::new();
    let house = authority.plan(&["sip.example"]).open();
    let at = house.at(Transport::Tls).to_string();
    let agreed = |arguments: &'static [&'static str]| {
        let at = at.clone();
        tokio::task::spawn_blocking(move || {
            let mut openssl = Command::new("openssl");
            openssl
                .args(["s_client", "-connect", &at, "-servername", "sip.example", "-brief"])
                .args(arguments);
            let output = openssl.stdin(std::process::Stdio::null()).output().ok()?;
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            Some(said.lines().find_map(|line| line.strip_prefix("Ciphersuite: ").map(str::to_owned)))
        })
    };
    let Some(usual) = agreed(&[]).await.unwrap() else {
        println!("SKIPPED: openssl is not there");
        return;
    };
    assert!(usual.unwrap().starts_with("TLS_"));
    let older = agreed(&["-tls1_2"]).await.unwrap().unwrap().unwrap();
    assert!(older.contains("GCM") || older.contains("CHACHA20"), "{older}");
    for refused in [
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ] {
        assert_eq!(agreed(refused).await.unwrap().unwrap(), None, "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_need_a_certificate_where_one_is_asked_for() {
    let (authority, strangers) = (Authority::new(), Authority::new());
    let mut plan = authority.plan(&["sip.example"]);
    plan.config.tls.client_ca = Some(authority.file("ca.pem"));
    let mut house = plan.open();
    let theirs = authority.make(&["pbx.example"]);
    let mut known = connect(&house, &authority.connector(Some(&theirs)), "sip.example").await.unwrap();
    known.send(&request(1, 0)).await;
    assert_eq!(house.message().await.1.cseq().0, 1);
    for made in [None, Some(&strangers.make(&["pbx.example"]))] {
        // In TLS 1.3 the client hears of it only when it reads.
        if let Ok(mut client) = connect(&house, &authority.connector(made), "sip.example").await {
            client.expect_end().await;
        }
    }
    house.expect_count("sip_connections_refused_total", "handshake", 2).await;
}

/// A peer that we connect to over TLS.
struct Peer {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Peer {
    async fn listen(made: &Made, asks: Option<&Authority>) -> Self {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match asks {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let provider = Arc::new(ring::default_provider());
                let verifier = tokio_rustls::rustls::server::WebPkiClientVerifier::builder_with_provider(
                    authority.roots(),
                    provider,
                );
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = builder.with_single_cert(made.chain(), made.key()).unwrap();
        let listener = TcpListener::bind(any()).await.unwrap();
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
    fn flow(&self) -> Flow {
        Flow::to(Transport::Tls, self.listener.local_addr().unwrap())
    }
    /// What comes: the name asked for, and a message.
    async fn accept(&self) -> std::io::Result<(Option<String>, u32, usize)> {
        let (socket, _) = soon(self.listener.accept()).await.unwrap();
        let stream = soon(self.acceptor.accept(socket)).await?;
        let about = stream.get_ref().1;
        let name = about.server_name().map(str::to_owned);
        let certificates = about.peer_certificates().map_or(0, <[_]>::len);
        let mut client = Client::new(stream);
        let number = client.receive().await.map_or(0, |message| message.cseq().0);
        Ok((name, number, certificates))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_must_be_who_it_is_said_to_be() {
    let authority = Authority::new();
    let mut house = authority.plan(&["sip.example"]).open();
    let peer = Peer::listen(&authority.make(&["pbx.example"]), None).await;
    // Its certificate has no address in it.
    house.streams.send(peer.flow(), request(1, 0));
    assert!(peer.accept().await.is_err());
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: peer.flow() });
    house.streams.name(peer.flow().peer, "other.example");
    house.streams.send(peer.flow(), request(2, 0));
    assert!(peer.accept().await.is_err());
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: peer.flow() });
    house.expect_count("sip_connects_failed_total", "tls", 2).await;
    house.streams.name(peer.flow().peer, "pbx.example");
    house.streams.send(peer.flow(), request(3, 0));
    assert_eq!(peer.accept().await.unwrap(), (Some("pbx.example".to_owned()), 3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_name_a_peer_is_known_by_its_address() {
    let authority = Authority::new();
    let house = authority.plan(&["sip.example"]).open();
    let peer = Peer::listen(&authority.make(&["127.0.0.1"]), None).await;
    house.streams.send(peer.flow(), request(1, 0));
    assert_eq!(peer.accept().await.unwrap(), (None, 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_whom_nobody_vouches_for_is_not_believed() {
    let (authority, strangers) = (Authority::new(), Authority::new());
    let mut house = authority.plan(&["sip.example"]).open();
    let peer = Peer::listen(&strangers.make(&["127.0.0.1"]), None).await;
    house.streams.send(peer.flow(), request(1, 0));
    assert!(peer.accept().await.is_err());
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: peer.flow() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_show_our_certificate_to_a_peer_that_asks() {
    let authority = Authority::new();
    let house = authority.plan(&["sip.example"]).open();
    let peer = Peer::listen(&authority.make(&["127.0.0.1"]), Some(&authority)).await;
    house.streams.send(peer.flow(), request(1, 0));
    assert_eq!(peer.accept().await.unwrap(), (None, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_certificate_is_taken_up_and_a_bad_one_is_not() {
    let authority = Authority::new();
    let plan = authority.plan(&["old.example"]);
    let house = plan.times(|times: &mut Times| times.reload = Duration::from_millis(50)).open();
    let connector = authority.connector(None);
    let mut before = connect(&house, &connector, "old.example").await.unwrap();
    // The key of another certificate: nothing changes until both fit.
    let new = authority.make(&["new.example"]);
    fs::write(authority.file("sip.key"), &new.key).unwrap();
    house.streams.reload();
    assert!(connect(&house, &connector, "old.example").await.is_ok());
    fs::write(authority.file("sip.pem"), &new.certificate).unwrap();
    // Nobody says so: the files are looked at.
    let shows_new = async {
        while connect(&house, &connector, "new.example").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon(shows_new).await;
    assert!(connect(&house, &connector, "old.example").await.is_err());
    // Who was there stays.
    let mut house = house;
    before.send(&request(7, 0)).await;
    loop {
        if let StreamNews::Message { bytes, .. } = house.news().await {
            assert_eq!(bytes, request(7, 0));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_does_not_wait_for_the_next_look() {
    let authority = Authority::new();
    let house = authority.plan(&["old.example"]).open();
    authority.write(&authority.make(&["new.example"]));
    house.streams.reload();
    let connector = authority.connector(None);
    let shows_new = async {
        while connect(&house, &connector, "new.example").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon(shows_new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_starts_without_a_certificate_to_show() {
    use router::{
        metrics::Metrics,
        streams::{Listeners, StreamError, Streams},
    };
    let mut plan = Plan::new();
    plan.sip.wss = Some(any());
    let (listeners, metrics) = (Listeners::bind(&plan.sip).unwrap(), Arc::new(Metrics::new([]).unwrap()));
    let runtime = tokio::runtime::Handle::current();
    let error = Streams::start(listeners, plan.config, metrics, &runtime, |_| Ok(())).unwrap_err();
    assert!(matches!(error, StreamError::NoCertificate { key: "wss" }), "{error}");
}
