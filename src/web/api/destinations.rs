//! `/destinations`. A signing secret that we make is shown once, in the answer that makes it; no other secret ever comes out.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::audit::Actor;
use crate::domain::destination::{
    Destination, Kind, LastTest, Settings, SettingsDocument, masked, signing_secret_problem,
};
use crate::domain::id::DestinationId;
use crate::domain::problem::Problem;
use crate::domain::secret::{MASK, Secret};
use crate::domain::signature::{Scheme, standard_secret};
use crate::domain::source::{OVERLAP_LIMIT_S, ROTATION_OVERLAP_S, SECRET_LIMIT_BYTES};
use crate::flow::hurry::hurry_all;
use crate::flow::vet::{address_problem, try_out};
use crate::flow::{Bridge, deletion, pause};
use crate::new_id;
use crate::store::destinations::DestinationDraft;
use crate::store::error::StoreError;
use crate::web::admission::{actor, caller};
use crate::web::api::idempotency::create_once;
use crate::web::api::query::Query;
use crate::web::api::{Paging, id, maybe_time, name, parse, parse_replacing, time};
use crate::web::problem::ApiError;

/// How often a change is made anew because another one came in between.
const CHANGE_TRIES: u32 = 5;

/// A destination as a client writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct DestinationDocument {
    pub name: String,
    pub kind: Option<String>,
    pub config: Option<Value>,
    pub signing: Option<Value>,
    pub limits: Option<Value>,
    pub success: Option<Value>,
    pub notices: Option<Value>,
}

/// A destination as it was saved, and its signing secret when that was made now.
pub struct Saved {
    pub destination: Destination,
    pub made_secret: Option<String>,
    /// It was paused for what it lacked, which is entered now.
    pub is_resumed: bool,
}

impl Saved {
    /// What was changed is in force, and sent to again when that was all it waited for.
    async fn in_force(
        bridge: &Bridge,
        actor: &Actor,
        destination: Destination,
        made_secret: Option<String>,
    ) -> Result<Saved, ApiError> {
        bridge.reload().await?;
        let resumed = pause::resume_finished(bridge, actor, &destination).await;
        let resumed = resumed.unwrap_or_else(|error| {
            // It is saved, and a secret that was made is told only now. What is left to do is done by the timer.
            tracing::warn!(%error, destination = %destination.id, "a destination that is finished could not be resumed yet");
            None
        });
        let goes_on = |now: &Destination| now.health.paused.is_none();
        Ok(Saved {
            is_resumed: resumed.as_ref().is_some_and(goes_on),
            destination: resumed.unwrap_or(destination),
            made_secret,
        })
    }
}

/// What a destination tells of itself and nobody writes.
const READ_ONLY: [&str; 14] = [
    "/id",
    "/left_out",
    "/health",
    "/waiting",
    "/created_at",
    "/updated_at",
    "/config/auth/password_set",
    "/config/auth/token_set",
    "/config/auth/value_set",
    "/config/auth/client_secret_set",
    "/config/auth/client_email",
    "/config/auth/key_set",
    "/signing/secret_set",
    "/signing/previous_secret_until",
];

pub async fn index(
    paging: Query<Paging>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let destinations = bridge.store.destinations().await?;
    let now_s = bridge.clock.now().as_second();
    paging
        .0
        .part_of(&destinations, |one| one.id, |it| view(it, now_s))
}

pub async fn create(
    request: HttpRequest,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    create_once(&request, &body, &caller, &bridge, async || {
        let saved = save_new(&bridge, &actor(&request), parse(&body)?).await?;
        Ok(show_once(&bridge, saved))
    })
    .await
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let destination = bridge.store.destination(id(&path, "destination")?).await?;
    let waiting = bridge.store.backlog(destination.id).await?;
    let mut shown = view(&destination, bridge.clock.now().as_second());
    let oldest = waiting.since_ms.map(Timestamp::from_millisecond);
    let oldest = oldest.transpose().unwrap_or_default();
    shown["waiting"] = json!({
        "count": waiting.waits, "at_least": waiting.is_cut, "oldest_at": maybe_time(oldest),
    });
    Ok(HttpResponse::Ok().json(shown))
}

pub async fn replace(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let saved = save_change(
        &bridge,
        &actor(&request),
        id(&path, "destination")?,
        parse_replacing(&body, &READ_ONLY)?,
        None,
    )
    .await?;
    Ok(HttpResponse::Ok().json(show_once(&bridge, saved)))
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    remove(&bridge, &actor(&request), id(&path, "destination")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub async fn pause(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "destination")?;
    pause::pause_by(&bridge, &actor(&request), id).await?;
    let destination = bridge.store.destination(id).await?;
    Ok(HttpResponse::Ok().json(view(&destination, bridge.clock.now().as_second())))
}

pub async fn resume(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "destination")?;
    pause::resume_by(&bridge, &actor(&request), id).await?;
    let destination = bridge.store.destination(id).await?;
    Ok(HttpResponse::Ok().json(view(&destination, bridge.clock.now().as_second())))
}

pub async fn try_now(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "destination")?;
    hurry_all(&bridge, &actor(&request), id).await?;
    let destination = bridge.store.destination(id).await?;
    Ok(HttpResponse::Ok().json(view(&destination, bridge.clock.now().as_second())))
}

pub async fn test(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "destination")?;
    let last = try_out(&bridge, &actor(&request), id).await?;
    Ok(HttpResponse::Ok().json(tested(&last)))
}

/// What a test request brought.
fn tested(last: &LastTest) -> Value {
    let outcome = &last.trial.outcome;
    // No schedule repeats a test.
    let advice = if outcome.passes_by_itself() {
        ""
    } else {
        outcome.advice()
    };
    json!({
        "at": time(last.at),
        "arrived": last.trial.arrived(),
        "duration_ms": last.trial.duration_ms,
        "outcome": {
            "code": outcome.code(), "status": outcome.status(), "sentence": outcome.sentence(), "advice": advice,
        },
        "response_body": last.trial.response,
    })
}

/// How a signing secret is replaced.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct RotationDocument {
    /// The new secret; one is made when it is left out.
    pub secret: Option<String>,
    /// How long the old secret signs beside it, in seconds; one day unless given, for `hex` none; 0 ends it at once.
    pub overlap_s: Option<i64>,
}

pub async fn rotate_secret(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let document = if body.is_empty() {
        RotationDocument::default()
    } else {
        parse(&body)?
    };
    let id = id(&path, "destination")?;
    let saved = rotate(&bridge, &actor(&request), id, document).await?;
    Ok(HttpResponse::Ok().json(show_once(&bridge, saved)))
}

/// Replaces the signing secret and puts the new one in force. Called by the pages too.
pub async fn rotate(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
    document: RotationDocument,
) -> Result<Saved, ApiError> {
    let destination = bridge.store.destination(id).await?;
    let scheme = destination.settings.signing.scheme;
    let overlap_s = document.overlap_s.unwrap_or(match scheme {
        Scheme::Hex => 0,
        _ => ROTATION_OVERLAP_S,
    });
    if !(0..=OVERLAP_LIMIT_S).contains(&overlap_s) {
        let message = format!("From 0 to {OVERLAP_LIMIT_S} seconds.");
        return Err(ApiError::invalid(vec![Problem::new(
            "/overlap_s",
            "out_of_range",
            message,
        )]));
    }
    let given = document.secret.filter(|secret| !secret.trim().is_empty());
    if given.as_ref().is_some_and(|s| s.len() > SECRET_LIMIT_BYTES) {
        let message = format!("A secret has at most {SECRET_LIMIT_BYTES} bytes.");
        return Err(ApiError::invalid(vec![Problem::new(
            "/secret", "too_long", message,
        )]));
    }
    if given.as_ref().is_some_and(|secret| secret.trim() == MASK) {
        return Err(ApiError::invalid(vec![masked("/secret", false)]));
    }
    let (secret, made_secret) = match given {
        Some(secret) => {
            let secret = Secret::new(secret.trim());
            let problem = signing_secret_problem(scheme, &secret, "/secret");
            if let Some(problem) = problem {
                return Err(ApiError::invalid(vec![problem]));
            }
            (secret, None)
        }
        None => {
            let secret = standard_secret(rand::random());
            let shown = secret.expose_text().map(str::to_string);
            (secret, shown)
        }
    };
    let name = destination.name;
    let said = format!("Replaced the signing secret of the destination {name}.");
    let destination = bridge
        .noting(actor, "destination.secret_rotated", id, said)
        .rotate_signing_secret(id, secret, overlap_s, bridge.clock.now_ms())
        .await?;
    Saved::in_force(bridge, actor, destination, made_secret).await
}

/// Makes a destination and puts it in force. Called by the pages too.
pub async fn save_new(
    bridge: &Bridge,
    actor: &Actor,
    document: DestinationDocument,
) -> Result<Saved, ApiError> {
    let now = bridge.clock.now();
    let id = new_id!(DestinationId, bridge, now);
    let (draft, made_secret) = draft(bridge, id, &document, None).await?;
    let said = format!("Made the destination {}.", draft.name);
    let destination = bridge
        .noting(actor, "destination.created", id, said)
        .create_destination(draft)
        .await?;
    Saved::in_force(bridge, actor, destination, made_secret).await
}

/// Changes a destination and puts the change in force. Secrets that are left out stay. Called by the pages too, which say when what their form was
/// filled in with had been changed: a change that came after that is not overwritten unseen.
pub async fn save_change(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
    document: DestinationDocument,
    seen_ms: Option<i64>,
) -> Result<Saved, ApiError> {
    let mut tries_left = CHANGE_TRIES;
    let (destination, made_secret) = loop {
        tries_left -= 1;
        let before = bridge.store.destination(id).await?.settings;
        let (draft, made_secret) = draft(bridge, id, &document, Some(&before)).await?;
        let said = format!("Changed the destination {}.", draft.name);
        let changed = bridge
            .noting(actor, "destination.changed", id, said)
            .change_destination(draft, before, seen_ms)
            .await;
        match changed {
            // A secret was replaced in between: it is kept like one that was there before.
            Err(StoreError::Outdated) if tries_left > 0 && seen_ms.is_none() => {}
            changed => break (changed?, made_secret),
        }
    };
    Saved::in_force(bridge, actor, destination, made_secret).await
}

/// Deletes a destination that no connection uses. Called by the pages too.
pub async fn remove(bridge: &Bridge, actor: &Actor, id: DestinationId) -> Result<(), ApiError> {
    Ok(deletion::delete_destination(bridge, actor, id).await?)
}

/// Everything that is wrong with a document that is not saved for another reason: so that all of it is told together. Called by the pages.
pub async fn problems_of(
    bridge: &Bridge,
    existing: Option<DestinationId>,
    document: DestinationDocument,
) -> Result<Vec<Problem>, ApiError> {
    let before = match existing {
        Some(id) => Some(bridge.store.destination(id).await?.settings),
        None => None,
    };
    let vetted = vetted(bridge, &document, before.as_ref()).await;
    Ok(vetted.err().unwrap_or_default())
}

async fn draft(
    bridge: &Bridge,
    id: DestinationId,
    document: &DestinationDocument,
    before: Option<&Settings>,
) -> Result<(DestinationDraft, Option<String>), ApiError> {
    let (name, mut settings) = vetted(bridge, document, before)
        .await
        .map_err(ApiError::invalid)?;
    let made_secret = make_secret(&mut settings);
    let now_ms = bridge.clock.now_ms();
    Ok((
        DestinationDraft {
            id,
            name,
            settings,
            now_ms,
        },
        made_secret,
    ))
}

async fn vetted(
    bridge: &Bridge,
    document: &DestinationDocument,
    before: Option<&Settings>,
) -> Result<(String, Settings), Vec<Problem>> {
    let mut problems = Vec::new();
    let name = name(&document.name).map_err(|problem| problems.push(problem));
    let kind = match document.kind.as_deref() {
        None => before.map(Settings::kind),
        Some(word) => Kind::from_word(word),
    };
    problems.extend(kind_problem(document, kind, before));
    let parts = SettingsDocument {
        kind: kind.or(before.map(Settings::kind)).unwrap_or_default(),
        config: document.config.as_ref(),
        signing: document.signing.as_ref(),
        limits: document.limits.as_ref(),
        success: document.success.as_ref(),
        notices: document.notices.as_ref(),
    };
    let settings = Settings::parse(&parts, before).map_err(|found| problems.extend(found));
    match &settings {
        Ok(settings) => {
            problems.extend(settings.unfit());
            problems.extend(address_problem(&bridge.guard, settings).await);
        }
        // Its address is looked at whatever else is wrong.
        Err(()) => {
            if let Some(alone) = address_alone(&parts) {
                problems.extend(address_problem(&bridge.guard, &alone).await);
            }
        }
    }
    match (name, settings) {
        (Ok(name), Ok(settings)) if problems.is_empty() => Ok((name, settings)),
        _ => Err(problems),
    }
}

/// A destination of nothing but its address; `None` when that cannot be read, or when it is no URL.
fn address_alone(parts: &SettingsDocument<'_>) -> Option<Settings> {
    let config = parts.config.filter(|_| parts.kind == Kind::Webhook)?;
    let allow_http = config["allow_http"] == true;
    let config = json!({"url": config["url"], "allow_http": allow_http});
    let alone = SettingsDocument {
        config: Some(&config),
        ..SettingsDocument::default()
    };
    Settings::parse(&alone, None).ok()
}

/// What waits for a destination was made for its kind, so that stays.
fn kind_problem(
    document: &DestinationDocument,
    kind: Option<Kind>,
    before: Option<&Settings>,
) -> Option<Problem> {
    let word = document.kind.as_deref()?;
    let (code, message) = match (kind, before.map(Settings::kind)) {
        (None, _) => (
            "unknown_kind",
            format!("`{word}` is not a kind that this version knows; use webhook or email."),
        ),
        (Some(kind), Some(before)) if kind != before => (
            "kind_fixed",
            "A destination keeps its kind; make another one.".into(),
        ),
        (Some(_), _) => return None,
    };
    Some(Problem::new("/kind", code, message))
}

/// Makes the secret that a signing scheme needs and nobody gave.
fn make_secret(settings: &mut Settings) -> Option<String> {
    let signing = &mut settings.signing;
    if signing.scheme == Scheme::None || signing.secret.is_some() {
        return None;
    }
    let secret = standard_secret(rand::random());
    let shown = secret.expose_text().map(str::to_string);
    signing.secret = Some(secret);
    shown
}

/// A destination as this change made it; another may have come since.
fn show_once(bridge: &Bridge, saved: Saved) -> Value {
    let mut shown = view(&saved.destination, bridge.clock.now().as_second());
    if let Some(secret) = saved.made_secret {
        shown["signing"]["secret"] = Value::from(secret);
    }
    shown
}

/// A destination as the API shows it.
fn view(destination: &Destination, now_s: i64) -> Value {
    let mut settings = destination.settings.public_view();
    if let Some(until_s) = destination.settings.signing.previous_until_s(now_s) {
        let until = Timestamp::from_second(until_s).ok();
        settings["signing"]["previous_secret_until"] = maybe_time(until);
    }
    let health = &destination.health;
    json!({
        "id": destination.id,
        "name": destination.name,
        "kind": destination.settings.kind().as_str(),
        "config": settings["config"],
        "signing": settings["signing"],
        "limits": settings["limits"],
        "success": settings["success"],
        "notices": settings["notices"],
        "left_out": destination.settings.left_out(),
        "health": {
            "state": health.word(),
            "failing_since": maybe_time(health.failing_since),
            "last_failure": health.last_failure,
            "paused_at": maybe_time(health.paused.as_ref().map(|paused| paused.at)),
            "paused_reason": health.paused.as_ref().map(|paused| paused.reason.as_str()),
            "next_probe_at": maybe_time(health.probing().map(|probing| probing.at)),
        },
        "created_at": time(destination.created_at),
        "updated_at": time(destination.updated_at),
    })
}
