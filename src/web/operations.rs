//! For whoever runs the server: alive, ready, metrics.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::flow::Bridge;
use crate::flow::recover::due_lag_s;
use crate::store::error::StoreError;
use crate::web::Site;
use crate::web::problem::ApiError;

/// The process answers.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

/// For how long a commit that was taken says that the next one will be, in milliseconds: everybody may ask, and each commit keeps the writer busy.
const GOOD_FOR_MS: i64 = 1_000;

/// The database takes commits, and the worker's loops run.
pub async fn ready(
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    if !bridge.loops.all_run() {
        return Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_working",
            "The bridge is starting or stopping, or one of its loops begins again after a fault; see the log.",
        ));
    }
    let now_ms = bridge.clock.now_ms();
    let committed_ms = site.committed_ms.load(Ordering::Relaxed);
    if !(0..GOOD_FOR_MS).contains(&now_ms.saturating_sub(committed_ms)) {
        bridge.store.probe().await?;
        site.committed_ms.store(now_ms, Ordering::Relaxed);
    }
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}

/// Prometheus text. It is there without the database too: that is when it is looked at.
pub async fn metrics(
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    let asked = ask_database(&bridge).await;
    if let Err(error) = &asked {
        tracing::warn!(%error, "what only the database knows stays in the metrics as it was");
    }
    metrics::gauge!("bluebridge_database_up").set(f64::from(u8::from(asked.is_ok())));
    metrics::gauge!("bluebridge_outbox_deliveries").set(bridge.outbox.waiting() as f64);
    metrics::gauge!("bluebridge_senders").set(bridge.outbox.senders() as f64);
    metrics::gauge!("bluebridge_nodes").set(f64::from(bridge.nodes.share().nodes()));
    let text = site
        .metrics
        .as_ref()
        .map(|handle| handle.render())
        .unwrap_or_default();
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}

/// Brings those gauges up to date that tell what stands in the database.
async fn ask_database(bridge: &Bridge) -> Result<(), StoreError> {
    let lag_s = due_lag_s(bridge, bridge.clock.now()).await?;
    metrics::gauge!("bluebridge_due_lag_seconds").set(lag_s);
    for node in bridge.store.nodes().await? {
        let silent_s = node.silent_ms as f64 / 1_000.0;
        metrics::gauge!("bluebridge_node_silent_seconds", "node" => node.name.clone())
            .set(silent_s);
        metrics::gauge!("bluebridge_node_behind", "node" => node.name)
            .set(f64::from(u8::from(node.is_behind)));
    }
    Ok(())
}
