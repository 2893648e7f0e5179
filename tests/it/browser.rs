//! The pages in a real browser: the program itself, Debian's Chromium without a window, and the scenes in tests/browser/.
//! `tests/run` installs the browser and, under target/browser, what drives it. Pictures of every page stay in target/screenshots.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::harness::patiently;

/// The program on a database of its own; ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(database: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
    command
        .env_clear()
        .env("BLUEBRIDGE_DATABASE_URL", database)
        .env("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}"))
        .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
        .env("BLUEBRIDGE_LOG", "error");
    command
}

#[actix_web::test]
#[ignore = "needs Chromium and takes minutes on a busy machine; `bash tests/run` installs what it needs and runs it"]
async fn a_person_with_a_browser_finds_everything_in_order() {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("browser.db").display());
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let token = program(&database, port)
        .args(["token", "create", "--name", "scenes", "--role", "owner"])
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap().trim().to_string();
    let served = program(&database, port)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _served = Served(served);
    let url = format!("http://127.0.0.1:{port}");
    patiently("the start", async {
        while reqwest::get(format!("{url}/readyz")).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let modules = std::env::var("BLUEBRIDGE_TEST_BROWSER_MODULES")
        .unwrap_or_else(|_| format!("{root}/target/browser/node_modules"));
    let scenes = Command::new("node")
        .arg(format!("{root}/tests/browser/main.js"))
        .env("NODE_PATH", modules)
        .env("BLUEBRIDGE_URL", &url)
        .env("BLUEBRIDGE_TOKEN", token)
        .env("BLUEBRIDGE_SHOTS", format!("{root}/target/screenshots"))
        .output();
    let scenes = scenes.expect("node is needed; run the tests with `bash tests/run`");
    assert!(
        scenes.status.success(),
        "{}{}",
        String::from_utf8_lossy(&scenes.stdout),
        String::from_utf8_lossy(&scenes.stderr)
    );
}
