//! Files of TLS that change while the gateway runs.

use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("framehouse-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder of ours");
        Self(folder)
    }

    fn certificate(&self) -> PathBuf {
        self.0.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }

    /// Writes a new pair, and returns its certificate.
    fn write_pair(&self) -> CertificateDer<'static> {
        let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
        fs::write(self.certificate(), cert.pem()).expect("a folder of ours");
        fs::write(self.key(), signing_key.serialize_pem()).expect("a folder of ours");
        cert.der().clone()
    }

    fn read(&self) -> Result<TlsKeys, String> {
        TlsKeys::read(&self.certificate(), &self.key())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Keys of a certificate for `localhost`.
pub(in crate::ops::http) fn made_keys() -> TlsKeys {
    let folder = Folder::new("made");
    folder.write_pair();
    folder.read().expect("a good pair")
}

fn in_use(keys: &TlsKeys) -> CertificateDer<'static> {
    keys.0.current.0.read().expect("no panic").cert[0].clone()
}

#[test]
fn new_files_are_used_and_bad_ones_are_not() {
    let folder = Folder::new("reload");
    let first = folder.write_pair();
    let keys = folder.read().expect("a good pair");
    assert_eq!((keys.try_reload(), in_use(&keys)), (Ok(false), first.clone()));

    fs::write(folder.certificate(), "nonsense").expect("a folder of ours");
    let sentence = keys.try_reload().expect_err("nonsense");
    assert!(sentence.contains("cert.pem has no certificate"), "{sentence}");
    assert_eq!((keys.try_reload(), in_use(&keys)), (Ok(false), first.clone()), "it is said once");

    // The certificate of one pair and the key of another.
    let key = fs::read(folder.key()).expect("a file");
    let second = folder.write_pair();
    let second_key = fs::read(folder.key()).expect("a file");
    fs::write(folder.key(), key).expect("a folder of ours");
    let sentence = keys.try_reload().expect_err("half a change");
    assert!(sentence.contains("key.pem is not the key of the certificate"), "{sentence}");
    assert_eq!(in_use(&keys), first);
    fs::write(folder.key(), second_key).expect("a folder of ours");
    assert_eq!((keys.try_reload(), in_use(&keys)), (Ok(true), second));
}

#[test]
fn files_stay_bad_until_they_are_good() {
    let folder = Folder::new("streak");
    folder.write_pair();
    let (keys, errors) = folder.read().map(|keys| (keys.clone(), keys.error_streak())).expect("a good pair");
    let look = || {
        keys.reload();
        errors.count()
    };
    assert_eq!(look(), 0);
    fs::write(folder.certificate(), "nonsense").expect("a folder of ours");
    assert_eq!([look(), look(), look()], [1, 2, 3]);
    folder.write_pair();
    assert_eq!([look(), look()], [0, 0]);
}

#[test]
fn files_that_cannot_be_used_are_refused_at_the_start() {
    let folder = Folder::new("start");
    let sentence = folder.read().expect_err("there are no files");
    assert!(sentence.contains("cannot read") && sentence.contains("cert.pem"), "{sentence}");
    folder.write_pair();
    fs::write(folder.key(), "").expect("a folder of ours");
    let sentence = folder.read().expect_err("an empty key");
    assert!(sentence.contains("key.pem has no private key"), "{sentence}");
}

#[test]
fn a_sentence_about_a_file_repeats_nothing_of_it() {
    let folder = Folder::new("secret");
    folder.write_pair();
    let (pem, broken) = (fs::read_to_string(folder.key()).expect("a file"), folder.key());
    // Somebody has lost the line breaks, or the end.
    for text in [pem.replace('\n', " "), pem.replacen("KEY-----", "KEY", 1), pem.replace("-----END", "")] {
        fs::write(&broken, text).expect("a folder of ours");
        let sentence = folder.read().expect_err("a broken key");
        assert!(sentence.ends_with("key.pem has no private key in PEM"), "{sentence}");
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_change_are_noticed() {
    let folder = Folder::new("follow");
    folder.write_pair();
    let keys = folder.read().expect("a good pair");
    tokio::spawn(crate::ops::http::follow_files(keys.clone()));
    let second = folder.write_pair();
    // Virtual time: it passes only while the gateway has nothing to do.
    tokio::time::sleep(crate::ops::http::TLS_CHECK_INTERVAL * 3 / 2).await;
    assert_eq!(in_use(&keys), second);
}
