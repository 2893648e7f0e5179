//! TLS to PostgreSQL: a server whose certificate comes from a root that is trusted is taken, every other is refused, and nothing is sent to it in
//! the clear instead.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::database::execute;
use crate::process::Server;

/// A root, and a certificate that it gave to `localhost`, made by openssl, which Debian's PostgreSQL brings with it.
const CERTIFICATES: &str = "
    set -e
    for name in right wrong; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.pem -days 2 \\
        -subj /CN=$name -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost
    echo subjectAltName=DNS:localhost >names
    openssl x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -days 2 -extfile names -out server.pem
    chmod 600 server.key
    if [ $(id -u) = 0 ]; then chown nobody server.key; fi";

/// Makes them: `server.pem` and `server.key`, and two roots, `right.pem`, which gave it out, and `wrong.pem`.
pub fn make_certificates(folder: &Path) {
    let made = Command::new("bash")
        .args(["-c", CERTIFICATES])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn with_tls(server: &Server, folder: &Path) {
    // The server runs as another user when the test is root.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    make_certificates(folder);
    for (setting, file) in [("cert", "server.pem"), ("key", "server.key")] {
        let path = folder.join(file);
        let path = path.display();
        let set = format!("ALTER SYSTEM SET ssl_{setting}_file = '{path}'");
        execute(&format!("{}/postgres", server.url), &set);
    }
    execute(
        &format!("{}/postgres", server.url),
        "ALTER SYSTEM SET ssl = on",
    );
    server.restart();
}

/// Brings the database up to date, as a server does when it starts, trusting this root alone.
fn migrate(database_url: &str, root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .arg("migrate")
        .env_clear()
        .env("BLUEBRIDGE_DATABASE_URL", database_url)
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        )
        .env("SSL_CERT_FILE", root)
        .output()
        .unwrap()
}

#[test]
fn only_a_server_whose_certificate_is_trusted_and_names_it_is_connected_to() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (
        folder.path().join("right.pem"),
        folder.path().join("wrong.pem"),
    );
    let by_name = server.database().replace("127.0.0.1", "localhost");
    let modes = ["require", "verify-ca", "verify-full"];
    let with_mode = |url: &str, mode: &str| format!("{url}?sslmode={mode}");

    // Before the server speaks TLS at all.
    with_tls(&server, folder.path());
    execute(
        &format!("{}/postgres", server.url),
        "ALTER SYSTEM SET ssl = off",
    );
    server.restart();
    for mode in modes {
        let refused = migrate(&with_mode(&by_name, mode), &right);
        assert!(!refused.status.success(), "{mode}: {refused:?}");
        let sentence = String::from_utf8_lossy(&refused.stderr).to_string();
        assert!(sentence.contains("TLS"), "{mode}: {sentence}");
    }
    execute(
        &format!("{}/postgres", server.url),
        "ALTER SYSTEM SET ssl = on",
    );
    server.restart();

    for mode in modes {
        let taken = migrate(&with_mode(&by_name, mode), &right);
        assert!(
            taken.status.success(),
            "{mode}: {}",
            String::from_utf8_lossy(&taken.stderr)
        );
    }
    let refusals = [
        ("a root that did not give it", by_name.as_str(), &wrong),
        ("a name that is not its own", &server.database(), &right),
    ];
    for (what, url, root) in refusals {
        // Without a mode, TLS is taken when it is offered; a certificate that does not hold is no reason to do without.
        let urls = modes.map(|mode| with_mode(url, mode));
        for url in urls.iter().map(String::as_str).chain([url]) {
            let refused = migrate(url, root);
            assert!(!refused.status.success(), "{what}, {url}");
            let sentence = String::from_utf8_lossy(&refused.stderr).to_string();
            assert!(
                sentence.contains("certificate"),
                "{what}, {url}: {sentence}"
            );
        }
    }
}
