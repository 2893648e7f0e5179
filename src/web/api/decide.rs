//! `POST /decide`: the decision over any event and any rules. Nothing is sent or stored.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::domain::connection::{DeliverySettings, Rules, RulesDocument, Trigger};
use crate::flow::Bridge;
use crate::flow::dry_run::dry_run;
use crate::flow::turn::{RULES, in_turn};
use crate::web::api::parse;
use crate::web::problem::ApiError;

/// What is to be decided. The event's text is kept as it was written, so that a passthrough shows the very bytes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Question {
    event: Box<RawValue>,
    trigger: Option<Trigger>,
    #[serde(default)]
    filter: Value,
    mapping: Option<Value>,
}

pub async fn decide(body: web::Bytes, bridge: web::Data<Bridge>) -> Result<HttpResponse, ApiError> {
    let question: Question = parse(&body)?;
    let document = RulesDocument {
        trigger: question.trigger.unwrap_or_default(),
        filter: question.filter,
        mapping: question
            .mapping
            .filter(|mapping| !mapping.is_null())
            .unwrap_or_else(|| json!({"mode": "passthrough"})),
        delivery: DeliverySettings::default(),
    };
    let now = bridge.clock.now();
    let run = in_turn(&RULES, move || {
        let rules = Rules::compile(&document).map_err(ApiError::invalid)?;
        dry_run(&rules, question.event.get().as_bytes(), now).map_err(ApiError::from)
    })
    .await??;
    Ok(HttpResponse::Ok().json(run))
}
