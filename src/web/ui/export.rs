//! The log as a file: what a page shows, or all that the filter takes up to a limit, as CSV or JSON, streamed page by page.
//!
//! A spreadsheet takes a cell that begins with `=` for a formula; what came from outside must not run in one, so such a cell gets an apostrophe.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::unfold;

use crate::flow::Bridge;
use crate::store::deliveries::{DeliveryFilter, DeliverySummary};
use crate::store::window::PAGE_LIMIT;
use crate::web::api::deliveries::summary;
use crate::web::problem::ApiError;
use crate::web::ui::error::PageError;
use crate::web::ui::log::{EXPORT_LIMIT, PER_PAGE};
use crate::web::ui::log_query::LogQuery;
use crate::web::ui::pager::window;
use crate::web::ui::query::query_value;
use crate::web::ui::why_not;

const COLUMNS: [&str; 18] = [
    "id",
    "state",
    "trigger",
    "created_at",
    "finished_at",
    "next_attempt_at",
    "attempt_count",
    "last_status",
    "last_outcome",
    "problem",
    "event_id",
    "event_type",
    "record_id",
    "record_title",
    "connection_id",
    "connection_name",
    "destination_id",
    "destination_name",
];

/// UTF-8, for whoever would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// A file on its way.
struct Export {
    bridge: Arc<Bridge>,
    format: Format,
    filter: DeliveryFilter,
    /// How many rows may still follow.
    left: usize,
    begun: bool,
    /// No row was found yet.
    empty: bool,
    ended: bool,
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let now = bridge.clock.now();
    let format = match query_value(&request, "format").as_deref() {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        _ => {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                "An export is made as `format=csv` or `format=json`.",
            )
            .into());
        }
    };
    let only_shown = query_value(&request, "scope").as_deref() == Some("page");
    let filter = LogQuery::read(&request).filter(now, window(&request, PER_PAGE)?)?;
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Json => ("application/json", "json"),
    };
    let name = now.strftime("deliveries-%Y%m%d-%H%M%S");
    let export = Export {
        bridge: bridge.into_inner(),
        format,
        filter,
        left: if only_shown {
            PER_PAGE as usize
        } else {
            EXPORT_LIMIT
        },
        begun: false,
        empty: true,
        ended: false,
    };
    let stream = unfold(export, |mut export| async move {
        let part = export.part().await?;
        Some((part.map_err(actix_web::Error::from), export))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{ending}\""),
        ))
        .streaming(stream))
}

impl Export {
    /// The next part of the file; `None` after the last. An error breaks the transfer off, so that half a file is not taken for a whole one.
    async fn part(&mut self) -> Option<Result<Bytes, ApiError>> {
        if self.ended {
            return None;
        }
        let part = self.read_on().await;
        self.ended |= part.is_err();
        Some(part)
    }

    async fn read_on(&mut self) -> Result<Bytes, ApiError> {
        self.filter.page.limit = PAGE_LIMIT.min(i64::try_from(self.left).unwrap_or(PAGE_LIMIT));
        let mut page = self.bridge.store.log_page(self.filter.clone()).await?;
        // Why it was skipped is not stored; a file without it would say nothing of these.
        let reasons = why_not::reasons(&self.bridge, &page.rows).await?;
        for row in &mut page.rows {
            if let Some(reason) = reasons.get(&row.id) {
                row.problem.get_or_insert_with(|| reason.sentence());
            }
        }
        let upwards = self.filter.page.after.is_some();
        let next = page.next(|row| row.id);
        let empty_so_far = self.empty;
        self.empty &= page.rows.is_empty();
        self.left -= page.rows.len().min(self.left);
        // A page that was reached by going up is exported as it was shown, and no further.
        self.ended = self.left == 0 || next.is_none() || upwards;
        self.filter.page.before = next;
        let first = !std::mem::replace(&mut self.begun, true);
        match self.format {
            Format::Csv => csv_part(&page.rows, first),
            Format::Json => {
                let head = if first { "[" } else { "" };
                let rows = json_rows(&page.rows, empty_so_far);
                let tail = if self.ended { "\n]\n" } else { "" };
                Ok(Bytes::from(format!("{head}{rows}{tail}")))
            }
        }
    }
}

fn csv_part(rows: &[DeliverySummary], first: bool) -> Result<Bytes, ApiError> {
    // A spreadsheet takes what does not begin so for text of its own code page.
    let begun = if first { BYTE_ORDER_MARK } else { "" };
    let mut writer = csv::Writer::from_writer(begun.as_bytes().to_vec());
    let failed = |error: csv::Error| ApiError::internal(&error);
    if first {
        writer.write_record(COLUMNS).map_err(failed)?;
    }
    for row in rows {
        writer.write_record(cells(row).map(inert)).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| ApiError::internal(error.error()))?;
    Ok(Bytes::from(bytes))
}

/// Rows as members of a list; every one but the list's first follows a comma.
fn json_rows(rows: &[DeliverySummary], mut is_first: bool) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(if std::mem::take(&mut is_first) {
            "\n"
        } else {
            ",\n"
        });
        text.push_str(&summary(row).to_string());
    }
    text
}

fn cells(row: &DeliverySummary) -> [String; COLUMNS.len()] {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        row.id.to_string(),
        row.state.as_str().into(),
        row.cause.as_str().into(),
        time(Some(row.created_at)),
        time(row.finished_at),
        time(row.due_at),
        row.attempts.to_string(),
        row.last_status
            .map(|status| status.to_string())
            .unwrap_or_default(),
        text(&row.last_outcome),
        text(&row.problem),
        row.event_id.to_string(),
        row.event_type.clone(),
        text(&row.record_id),
        text(&row.record_title),
        row.connection_id.to_string(),
        row.connection_name.clone(),
        row.destination_id.to_string(),
        row.destination_name.clone(),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn inert(cell: String) -> String {
    match cell.trim_start_matches([' ', '\u{feff}']).chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"] {
            assert_eq!(inert(cell.into()), format!("'{cell}"));
        }
        for cell in ["", "Call Ada", "1=1", "2026-11-24T10:00:00Z", "a-b"] {
            assert_eq!(inert(cell.into()), cell);
        }
    }
}
