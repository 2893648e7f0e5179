//! Looks at a destination before it is saved or imported, and tries it out, through the same guard and client that deliveries use.

use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;
use url::{Host, Url};

use crate::domain::audit::Actor;
use crate::domain::destination::grant::Grant;
use crate::domain::destination::{
    Destination, Endpoint, Kind, LastTest, Settings, TRIAL_RESPONSE_LIMIT_BYTES, Trial,
};
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::mapping::JSON;
use crate::domain::outcome::Outcome;
use crate::domain::problem::Problem;
use crate::flow::Bridge;
use crate::new_id;
use crate::outbound::exchange::Message;
use crate::outbound::guard::{Guard, Refusal, Vetoed};
use crate::outbound::request::send;
use crate::store::error::StoreError;

/// How long a name is looked up before its destination is saved all the same.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(5);

/// The guard of a process that serves nothing, with the networks that the operator lists.
pub fn guard(listed: &[IpNet]) -> Guard {
    Guard::new(listed.to_vec())
}

/// The same guard as at sending, early: a wrong address is told where it is typed, and what to do about it.
pub async fn address_problem(guard: &Guard, settings: &Settings) -> Option<Problem> {
    let guard = &guard.early();
    let (place, refusal) = match &settings.endpoint {
        Endpoint::Web(request) => {
            let refusal = refused_url(guard, &request.url, request.allow_http).await;
            match refusal {
                Some(refusal) => ("/config/url", refusal),
                None => refused_grant(guard, request.auth.grant()?).await?,
            }
        }
        Endpoint::Mail(server) => {
            let guard = guard.for_mail(server);
            let refusal = refused_host(&guard, server.dialled()).await?;
            ("/config/server", refusal)
        }
    };
    let mut message = refusal.reason;
    if refusal.may_be_listed {
        message.push_str(" To allow it, list its network in BLUEBRIDGE_ALLOW_NETWORKS.");
    }
    Some(Problem::new(place, "address_refused", message))
}

/// Where the access token would be asked for, and why that may not be reached.
async fn refused_grant(guard: &Guard, grant: &Grant) -> Option<(&'static str, Refusal)> {
    let place = match grant {
        Grant::ClientCredentials(_) => "/config/auth/token_url",
        Grant::ServiceAccount(_) => "/config/auth/key",
    };
    let refusal = refused_url(guard, grant.token_url()?, false).await?;
    Some((place, refusal))
}

async fn refused_url(guard: &Guard, url: &Url, allow_http: bool) -> Option<Refusal> {
    if let Err(refusal) = guard.vet(url, allow_http) {
        return Some(refusal);
    }
    let host = url.host().map(|host| host.to_owned());
    refused_host(&guard.for_url(url, allow_http), host).await
}

/// Why the host may not be reached; `None` when it may. A name that does not resolve now may do so later and is not refused.
async fn refused_host(guard: &Guard, host: Option<Host>) -> Option<Refusal> {
    match tokio::time::timeout(LOOK_UP_LIMIT, guard.addresses(host)).await {
        Ok(Err(Vetoed::Refused(refusal))) => Some(refusal),
        _ => None,
    }
}

/// Where mappings name the recipients, the sender gets the test.
fn test_recipients(settings: &Settings) -> Vec<String> {
    let server = settings.endpoint.mail();
    let alone = server.filter(|server| server.to.is_empty());
    alone
        .map(|server| server.from.to_string())
        .into_iter()
        .collect()
}

/// Sends one small request, signed as deliveries are, or one mail to the destination. It is no delivery and leaves no trace in the log; what it brought is kept with the
/// destination, until the next one. Called by the pages and the API.
pub async fn try_out(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
) -> Result<LastTest, StoreError> {
    let destination = bridge.store.destination(id).await?;
    let said = format!(
        "Sent a test request to the destination {}.",
        destination.name
    );
    bridge.note(actor, "destination.tested", id, said).await?;
    let now = bridge.clock.now();
    let trial = match destination.settings.cannot_send() {
        Some(reason) => Trial {
            outcome: Outcome::InvalidRequest {
                reason: reason.to_string(),
            },
            duration_ms: 0,
            response: String::new(),
        },
        None => try_now(bridge, &destination, now).await,
    };
    let last = LastTest { at: now, trial };
    bridge.store.note_test(id, last.clone()).await?;
    Ok(last)
}

async fn try_now(bridge: &Bridge, destination: &Destination, now: Timestamp) -> Trial {
    let id = new_id!(DeliveryId, bridge, now).to_string();
    let body = match destination.settings.kind() {
        Kind::Webhook => {
            json!({"event": "BLUEBRIDGE_TEST", "message": "A test request from Bluebridge.", "sent_at": now.to_string()})
        }
        Kind::Email => json!({
            "to": test_recipients(&destination.settings),
            "subject": "A test mail from Bluebridge",
            "text": format!("A test mail from Bluebridge, sent at {now}. Mails of its connections come the same way."),
        }),
    };
    let message = Message {
        id: &id,
        attempt: 1,
        timestamp_s: now.as_second(),
        body: body.to_string().into(),
        content_type: JSON,
        request: None,
    };
    let exchange = send(
        &bridge.client,
        &bridge.guard,
        &destination.settings,
        &message,
    )
    .await;
    let kept = exchange.response_body.len().min(TRIAL_RESPONSE_LIMIT_BYTES);
    Trial {
        outcome: exchange.outcome,
        duration_ms: u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX),
        response: String::from_utf8_lossy(&exchange.response_body[..kept]).into_owned(),
    }
}
