//! A disk that is full: what cannot be stored is refused with a 503, what was acknowledged arrives, and when there is room again all goes on.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bluebridge::domain::catalogue::sample::sample;
use serde_json::{Value, json};

use crate::database::execute;
use crate::harness::{patiently, signature};
use crate::people::between;
use crate::process::{Ledger, Served, Sink, Site};

/// Posts one event and returns status, `Retry-After` and the problem's code.
async fn post(served: &Served, number: usize) -> (u16, Option<String>, Value) {
    let body = sample("TODO_CREATED", number as u64).to_string();
    let request = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = request
        .post(served.hook())
        .header("X-Signature", signature(body.as_bytes()))
        .body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let header = answer.headers().get("retry-after");
    let retry_after = header.map(|value| value.to_str().unwrap().to_string());
    let problem = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (status, retry_after, problem)
}

/// The cookie of the first person, who has just set up.
async fn signed_in(site: &Site, served: &Served) -> String {
    let setup = format!("{}/setup", served.url);
    let cookie_of = |answer: &reqwest::Response| {
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_string()
    };
    let form = site.http.get(&setup).send().await.unwrap();
    let cookie = cookie_of(&form);
    let mark = between(&form.text().await.unwrap(), "name=\"csrf\" value=\"", "\"").to_string();
    let fields = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", mark.as_str()), ("name", "Ada")])
        .extend_pairs([("email", "ada@example.com")])
        .extend_pairs([("password", "correct horse battery")])
        .finish();
    let answer = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
        .post(&setup)
        .header("cookie", cookie)
        .body(fields)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    cookie_of(&answer)
}

/// Asks whether it is ready until the answer is this one.
async fn readiness_of(served: &Served, status: u16) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = format!("{}/readyz", served.url);
    while client.get(&ready).send().await.unwrap().status().as_u16() != status {}
}

/// `fill` makes every further growth of a file fail, `empty` ends that.
async fn stands_a_full_disk(
    site: &Site,
    served: Served,
    fill: impl FnOnce(&Served),
    empty: impl FnOnce(&Served),
) {
    let mut sink = Sink::start();
    site.connect(&served, &sink.receiver.url(), json!({}), json!({}))
        .await;
    let ledger = Ledger::default();
    ledger.post(&served, 0..50).await.unwrap();
    assert_eq!(ledger.len(), 50, "all is well at first");
    let cookie = signed_in(site, &served).await;
    // As if both had last been used long ago: the next use is to be noted.
    let unused = "UPDATE api_tokens SET last_used_at = 0; UPDATE sessions SET last_used_at = 0";
    execute(site.database_url(), unused);
    // Some of these are under way while the disk fills up.
    let posting = ledger.post(&served, 50..150);
    ledger.grows_to(60).await;
    fill(&served);
    posting.await.unwrap();

    let mut number = 1_000;
    let refused = patiently("a refusal", async {
        loop {
            number += 1;
            let answer = post(&served, number).await;
            if answer.0 != 200 {
                break answer;
            }
        }
    })
    .await;
    assert_eq!(refused.0, 503, "{refused:?}");
    assert!(refused.1.unwrap().parse::<u32>().unwrap() > 0);
    let code = refused.2["code"].as_str().unwrap();
    assert!(["busy", "not_stored"].contains(&code), "{code}");
    let again = post(&served, number).await.0;
    assert_eq!(again, 503, "it stays refused while there is no room");
    // The log may have room for a few small commits where it has none for an event.
    patiently("the readiness to say so", readiness_of(&served, 503)).await;
    for _ in 0..3 {
        site.get(&served, "/deliveries").await;
        let page = site.http.get(format!("{}/deliveries", served.url));
        let page = page.header("cookie", &cookie).send().await.unwrap();
        assert_eq!(page.status(), 200, "the log can be read");
    }

    empty(&served);
    patiently("room", async {
        while post(&served, number).await.0 != 200 {}
    })
    .await;
    patiently("the readiness to come back", readiness_of(&served, 200)).await;
    ledger.post(&served, 150..250).await.unwrap();
    sink.gets_all_of(&ledger).await;
    site.all_finished(&served).await;
    site.look().holds(1);
    assert_eq!(sink.repeated(), 0, "results that found no room were kept");
    let ledger_len = ledger.len();
    assert!(ledger_len >= 160, "{ledger_len}");
    assert_eq!(
        site.look().count("events"),
        site.look().count("deliveries WHERE state = 'delivered'")
    );
    served.signal("TERM");
    assert_eq!(served.ended().await, 0);
}

/// A small file system in memory. Unmounted when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(folder)),
            other => {
                println!("no file system can be mounted here: {other:?}");
                None
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
}

/// Needs the right to mount. Where that is missing the test says so, and the one below, which needs no right, stands for it.
#[actix_web::test]
async fn a_full_file_system_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let site = Site::new(disk.0.path()).await;
    let served = site.serve().await;
    let ballast = disk.ballast();
    stands_a_full_disk(
        &site,
        served,
        |_| fill(&ballast),
        |_| std::fs::remove_file(&ballast).unwrap(),
    )
    .await;
}

/// The same by a limit on the size of files: writing beyond it fails as on a broken disk.
#[actix_web::test]
async fn a_disk_that_refuses_to_write_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(folder.path()).await;
    // Without the trap, the signal for a file that is too large would end the process.
    let served = site.serve_after("trap '' XFSZ").await;
    let limit = |served: &Served, bytes: &str| {
        let limited = Command::new("prlimit")
            .args([
                "--pid",
                &served.pid().to_string(),
                &format!("--fsize={bytes}:unlimited"),
            ])
            .status();
        assert!(limited.unwrap().success());
    };
    stands_a_full_disk(
        &site,
        served,
        |served| limit(served, "65536"),
        |served| limit(served, "unlimited"),
    )
    .await;
}
