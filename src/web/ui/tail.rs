//! The live tail as server-sent events: rows of the log, rendered and escaped as on the page, for whoever is signed in and watches.
//!
//! A stream begins with the page's rows, so that whoever was away (a closed lid, a proxy, a restart) misses nothing that the page would show; then
//! come news once a second, narrowed by the viewer's filter. It ends after [`STREAM_LIMIT`]: the browser connects again and is asked again who it is.
//! Whoever is signed out meanwhile is shown nothing more.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use bytes::Bytes;
use futures_util::stream::unfold;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::person::Role;
use crate::flow::Bridge;
use crate::flow::tail::Viewer;
use crate::store::deliveries::{DeliveryFilter, DeliverySummary};
use crate::store::error::StoreError;
use crate::store::tokens::TokenHash;
use crate::store::window::Window;
use crate::web::admission::signed_in;
use crate::web::auth::{cookie_of, hash_of};
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::error::PageError;
use crate::web::ui::log::PER_PAGE;
use crate::web::ui::log_query::{LogQuery, way_of};
use crate::web::ui::row::DeliveryRow;
use crate::web::ui::why_not;

/// How long a stream lasts at most.
const STREAM_LIMIT: Duration = Duration::from_secs(300);

#[derive(Template)]
#[template(path = "parts/log_row.html")]
struct Row {
    row: DeliveryRow,
    may_select: bool,
}

/// One who watches through the browser.
struct Watching {
    bridge: Arc<Bridge>,
    viewer: Viewer,
    filter: DeliveryFilter,
    may_select: bool,
    /// What the rows' links carry.
    way: String,
    /// The session that it began with.
    session: TokenHash,
    /// The stream runs outside of the request that knows who reads.
    reader: Reader,
    until: Instant,
    /// Rows of the page, sent first.
    first: Option<Vec<DeliverySummary>>,
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let accepts = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    if !accepts.is_some_and(|kinds| kinds.contains("text/event-stream")) {
        return Err(ApiError::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_an_event_stream",
            t!("deliveries-not-a-stream"),
        )
        .into());
    }
    let window = Window::first(PER_PAGE);
    let query = LogQuery::read(&request);
    let filter = query.filter(bridge.clock.now(), window)?;
    let session = hash_of(&cookie_of(&request).unwrap_or_default());
    let viewer = bridge.tail.watch(session).ok_or_else(|| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_viewers",
            t!("deliveries-too-many-viewers"),
        )
    })?;
    let shown = bridge.store.deliveries(filter.clone()).await?;
    viewer.also_tell(&shown);
    let watching = Watching {
        bridge: bridge.into_inner(),
        viewer,
        filter,
        may_select: user.role >= Role::Editor,
        way: way_of(&query.to_query_string()),
        session,
        reader: Reader::present(),
        until: Instant::now() + STREAM_LIMIT,
        first: Some(shown),
    };
    let stream = unfold(watching, |mut watching| async move {
        let text = watching.next().await?;
        Some((Ok::<_, actix_web::Error>(Bytes::from(text)), watching))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        // Neither we nor a proxy may gather what is to arrive at once.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream))
}

impl Watching {
    /// What is sent next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if let Some(mut first) = self.first.take() {
            first.reverse();
            let rows = first.into_iter().map(|row| (row, true)).collect();
            let events = self.events(rows).await?;
            return Some(format!("retry: 3000\n{events}"));
        }
        // News that the filter keeps back do not put the sign of life off.
        let beat = Instant::now() + self.bridge.tail.beat_every();
        loop {
            let news = tokio::select! {
                biased;
                _ = self.viewer.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                () = tokio::time::sleep_until(beat) => None,
                news = self.viewer.news.recv() => Some(news),
            };
            if !self.is_signed_in().await {
                return None;
            }
            let Some(news) = news else {
                return Some(": still here\n\n".into());
            };
            // An error means that it fell behind: the browser connects again and begins with the page's rows.
            let news = news.ok()?;
            match self.narrow(&news).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => return self.events(rows).await,
                Err(error) => {
                    tracing::warn!(%error, "a viewer of the log is sent away");
                    return None;
                }
            }
        }
    }

    async fn is_signed_in(&self) -> bool {
        let now_ms = self.bridge.clock.now_ms();
        let session = self.bridge.store.session(self.session, now_ms).await;
        session.is_ok_and(|found| found.is_some())
    }

    /// The rows that the viewer's filter takes, and those that it took before and may be on the screen: with `false`, only to be changed there.
    async fn narrow(
        &self,
        news: &[DeliverySummary],
    ) -> Result<Vec<(DeliverySummary, bool)>, StoreError> {
        let mut rows: Vec<(DeliverySummary, bool)> = news
            .iter()
            .filter(|row| self.filter.accepts_apart_from_state(row))
            .map(|row| (row.clone(), self.filter.accepts_state(row.state)))
            .collect();
        if let Some(text) = &self.filter.text {
            let ids = rows.iter().map(|(row, _)| row.id).collect();
            let with_text = self.bridge.store.with_text(ids, text.clone()).await?;
            rows.retain(|(row, _)| with_text.contains(&row.id));
        }
        // More than a page at once would only push each other out.
        let surplus = rows.len().saturating_sub(PER_PAGE as usize);
        Ok(rows.split_off(surplus))
    }

    /// The rows as they are sent; `None` when it cannot be found out why some were skipped.
    async fn events(&self, rows: Vec<(DeliverySummary, bool)>) -> Option<String> {
        let now: Timestamp = self.bridge.clock.now();
        let deliveries: Vec<DeliverySummary> = rows.iter().map(|(row, _)| row.clone()).collect();
        let known = why_not::known(&self.bridge, &deliveries)
            .await
            .inspect_err(|error| tracing::warn!(%error, "a viewer of the log is sent away"))
            .ok()?;
        let mut text = String::new();
        for (delivery, is_new) in rows {
            let rendered = self.reader.reads(|| {
                let row = DeliveryRow {
                    way: self.way.clone(),
                    ..why_not::row(&delivery, &known, now)
                };
                let may_select = self.may_select;
                Row { row, may_select }.render()
            });
            let Ok(html) = rendered else { continue };
            text.push_str(if is_new {
                "event: row\n"
            } else {
                "event: change\n"
            });
            for line in html.split(['\n', '\r']).filter(|line| !line.is_empty()) {
                text.push_str("data: ");
                text.push_str(line);
                text.push('\n');
            }
            text.push('\n');
        }
        Some(text)
    }
}
