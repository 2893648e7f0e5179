//! The floor: the same HTTP libraries, in memory, and nothing else. It takes a body, answers 200, and forwards the body as it came.
//!
//! No signature, no filter, no mapping, no disk, no log. What Bluebridge does beyond that is the price that the benchmark tells.

use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};

/// Requests under way to the receiver at once; the bridge's destination is given as many.
pub const CONCURRENCY: usize = 64;

pub fn run(port: u16, target: &str) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(port, target.to_string()))
}

async fn serve(port: u16, target: String) -> anyhow::Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(CONCURRENCY)
        .tcp_nodelay(true)
        .build()?;
    let (bodies_in, bodies) = mpsc::unbounded_channel::<Bytes>();
    let forwarding = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let bodies = Arc::new(Mutex::new(bodies));
    for _ in 0..CONCURRENCY {
        let (bodies, client, target) = (bodies.clone(), client.clone(), target.clone());
        forwarding.spawn(async move {
            loop {
                let next = bodies.lock().await.recv().await;
                let Some(body) = next else { return };
                let sent = client
                    .post(&target)
                    .header("content-type", "application/json")
                    .body(body)
                    .send()
                    .await;
                if let Ok(answer) = sent {
                    let _ = answer.bytes().await;
                }
            }
        });
    }
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(bodies_in.clone()))
            .route("/hooks/{token}", web::post().to(take))
    })
    .workers(2)
    .bind(("127.0.0.1", port))?
    .run()
    .await?;
    forwarding.shutdown_background();
    Ok(())
}

async fn take(body: Bytes, bodies: web::Data<mpsc::UnboundedSender<Bytes>>) -> HttpResponse {
    match bodies.send(body) {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
