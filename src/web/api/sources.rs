//! `/sources`. Secrets go in and never come out.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::audit::Actor;
use crate::domain::concealed::is_mask;
use crate::domain::destination::masked;
use crate::domain::id::SourceId;
use crate::domain::problem::Problem;
use crate::domain::secret::Secret;
use crate::domain::source::{OVERLAP_LIMIT_S, ROTATION_OVERLAP_S, SECRET_LIMIT_BYTES, Source};
use crate::flow::Bridge;
use crate::new_id;
use crate::store::sources::{NewSource, SecretChange, SourceChange};
use crate::web::Site;
use crate::web::admission::{actor, caller};
use crate::web::api::idempotency::create_once;
use crate::web::api::query::Query;
use crate::web::api::{Paging, id, maybe_time, name, parse, parse_replacing, time};
use crate::web::auth::new_token;
use crate::web::problem::ApiError;

/// A source as a client writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct SourceDocument {
    pub name: String,
    pub secret: Option<String>,
    pub require_signature: Option<bool>,
    /// How long the old secret stays accepted when `secret` replaces it, in seconds; one day unless given.
    pub overlap_s: Option<i64>,
    /// Said by the pages alone: the secret that is there is thought to be a wrong one, so it goes at once unless it has ever worked.
    #[serde(skip)]
    pub corrects: bool,
}

/// What a source tells of itself and nobody writes.
const READ_ONLY: [&str; 11] = [
    "/id",
    "/token",
    "/url",
    "/secret_set",
    "/previous_secret_until",
    "/last_heard_at",
    "/secret_used_at",
    "/previous_secret_used_at",
    "/signature_problem",
    "/created_at",
    "/updated_at",
];

pub async fn index(
    paging: Query<Paging>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    let sources = bridge.store.sources().await?;
    paging
        .0
        .part_of(&sources, |one| one.id, |source| view(source, &site))
}

pub async fn create(
    request: HttpRequest,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    create_once(&request, &body, &caller, &bridge, async || {
        let id = save_new(&bridge, &actor(&request), parse(&body)?).await?;
        Ok(view(&bridge.store.source(id).await?, &site))
    })
    .await
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    let source = bridge.store.source(id(&path, "source")?).await?;
    Ok(HttpResponse::Ok().json(view(&source, &site)))
}

pub async fn replace(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "source")?;
    let document = parse_replacing(&body, &READ_ONLY)?;
    let source = save_change(&bridge, &actor(&request), id, document).await?;
    Ok(HttpResponse::Ok().json(view(&source, &site)))
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    remove(&bridge, &actor(&request), id(&path, "source")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a source and puts it in force. Called by the pages too.
pub async fn save_new(
    bridge: &Bridge,
    actor: &Actor,
    document: SourceDocument,
) -> Result<SourceId, ApiError> {
    let (name, secret) = checked(&document)?;
    if secret.as_ref().is_some_and(is_mask) {
        return Err(ApiError::invalid(vec![masked("/secret", false)]));
    }
    let now = bridge.clock.now();
    let id = new_id!(SourceId, bridge, now);
    let (token, _) = new_token("");
    let new = NewSource {
        id,
        name,
        token,
        require_signature: document.require_signature.unwrap_or(true),
        secret,
        now_ms: now.as_millisecond(),
    };
    let said = format!("Made the source {}.", new.name);
    bridge
        .noting(actor, "source.created", id, said)
        .create_source(new)
        .await?;
    bridge.reload().await?;
    Ok(id)
}

/// Changes a source and puts the change in force; returns it as this change made it. Called by the pages too.
pub async fn save_change(
    bridge: &Bridge,
    actor: &Actor,
    id: SourceId,
    document: SourceDocument,
) -> Result<Source, ApiError> {
    let (name, secret) = checked(&document)?;
    // What the pages show in the place of a secret stands for the one that is there.
    let secret = secret.filter(|secret| !is_mask(secret));
    let said = match secret {
        Some(_) => format!("Changed the source {name} and gave it a new secret."),
        None => format!("Changed the source {name}."),
    };
    let has_new_secret = secret.is_some();
    let now = bridge.clock.now();
    let overlap = SignedDuration::from_secs(document.overlap_s.unwrap_or(ROTATION_OVERLAP_S));
    let until = now.checked_add(overlap).ok().filter(|until| *until > now);
    let change = SourceChange {
        name: Some(name),
        require_signature: document.require_signature,
        secret: secret.map(|secret| SecretChange {
            secret,
            previous_until_ms: until.map(|until| until.as_millisecond()),
            corrects: document.corrects,
        }),
    };
    let source = bridge
        .noting(actor, "source.changed", id, said)
        .change_source(id, change, now.as_millisecond())
        .await?;
    bridge.reload().await?;
    if has_new_secret {
        bridge.evidence.forget_refusals(id);
    }
    Ok(source)
}

/// Deletes a source that no connection uses. Called by the pages too.
pub async fn remove(bridge: &Bridge, actor: &Actor, id: SourceId) -> Result<(), ApiError> {
    let name = bridge.store.source(id).await?.name;
    bridge
        .noting(
            actor,
            "source.deleted",
            id,
            format!("Deleted the source {name}."),
        )
        .delete_source(id, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    Ok(())
}

fn checked(document: &SourceDocument) -> Result<(String, Option<Secret>), ApiError> {
    let mut problems = Vec::new();
    let name = name(&document.name).map_err(|problem| problems.push(problem));
    let secret = document
        .secret
        .as_deref()
        .map(str::trim)
        .filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() > SECRET_LIMIT_BYTES) {
        problems.push(Problem::new(
            "/secret",
            "too_long",
            format!("A secret has at most {SECRET_LIMIT_BYTES} bytes."),
        ));
    }
    if document
        .overlap_s
        .is_some_and(|overlap| !(0..=OVERLAP_LIMIT_S).contains(&overlap))
    {
        problems.push(Problem::new(
            "/overlap_s",
            "out_of_range",
            format!("From 0 to {OVERLAP_LIMIT_S} seconds."),
        ));
    }
    match name {
        Ok(name) if problems.is_empty() => Ok((name, secret.map(Secret::new))),
        _ => Err(ApiError::invalid(problems)),
    }
}

/// A source as the API shows it.
fn view(source: &Source, site: &Site) -> Value {
    let problem = source.signature_problem.as_ref().map(|problem| {
        json!({"code": problem.code, "message": problem.message, "last_at": time(problem.last_at), "count": problem.count, "current": source.is_refusing()})
    });
    json!({
        "id": source.id,
        "name": source.name,
        "token": source.token,
        "url": site.hook_url(&source.token),
        "require_signature": source.require_signature,
        "secret_set": source.secret.is_some(),
        "previous_secret_until": maybe_time(source.previous_secret.as_ref().map(|previous| previous.accepted_until)),
        "last_heard_at": maybe_time(source.last_heard_at),
        "secret_used_at": maybe_time(source.secret_used_at),
        "previous_secret_used_at": maybe_time(source.previous_secret.as_ref().and_then(|previous| previous.used_at)),
        "signature_problem": problem,
        "created_at": time(source.created_at),
        "updated_at": time(source.updated_at),
    })
}
