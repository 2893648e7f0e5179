//! What the form of a destination holds: filled in for a service or from one that is saved, read as it was typed, and made the document that the API
//! takes.
//!
//! Called by `destinations`. What is wrong is told at its field and in the words of the form; what the document may say is decided by the parser in
//! `domain`. Secrets are never filled in.

use serde_json::{Map, Value, json};

use crate::domain::concealed::conceal;
use crate::domain::destination::grant::Grant;
use crate::domain::destination::{Auth, Destination, Endpoint, Kind, RequestSettings};
use crate::domain::problem::Problem;
use crate::domain::secret::MASK;
use crate::domain::services::Service;
use crate::web::api::destinations::{DestinationDocument, Saved};
use crate::web::i18n::Key;
use crate::web::problem::ApiError;
use crate::web::ui::error::PageError;
use crate::web::ui::fields::Field;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::{FormProblem, mendable_of};
use crate::web::ui::mail_fields::{MailFields, recipients};
use crate::web::ui::placeholders;
use crate::web::ui::success_field::SuccessField;

/// Kinds of credentials, with their words.
pub const AUTHS: [(&str, Key); 6] = [
    ("none", key!("destinations-none")),
    ("basic", key!("destinations-auth-basic")),
    ("bearer", key!("destinations-auth-bearer")),
    ("header", key!("destinations-auth-header")),
    (
        "oauth2_client_credentials",
        key!("destinations-auth-client"),
    ),
    ("google_service_account", key!("destinations-auth-google")),
];

/// What counts as delivered, with its words.
pub const SUCCESS_WAYS: [(&str, Key); 5] = [
    ("any", key!("destinations-success-any")),
    ("ok", key!("destinations-success-ok")),
    ("no_errors", key!("destinations-success-no-errors")),
    ("own", key!("destinations-success-own")),
    ("json", key!("destinations-success-json")),
];

/// What the form holds; secrets are never filled in.
#[derive(Default)]
pub struct DestinationForm {
    /// The service that it was filled in for, by its id.
    pub service: String,
    /// The starting point that leads on from here, by its id.
    pub then: String,
    /// The source that was chosen there, by its id.
    pub source_id: String,
    pub kind: Kind,
    pub mail: MailFields,
    pub name: String,
    pub url: String,
    pub method: String,
    pub allow_http: bool,
    pub auth: String,
    pub auth_name: String,
    pub token_url: String,
    pub scope: String,
    pub scheme: String,
    pub signing_header: String,
    pub headers: Vec<(String, String)>,
    pub concurrency: String,
    pub per_second: String,
    pub timeout_ms: String,
    pub success: SuccessField,
    /// As they are typed, with commas between.
    pub final_statuses: String,
    pub notices: bool,
    /// A secret to sign with is saved, and stays when none is typed.
    pub keeps_signing_secret: bool,
    /// When what it was filled in with had been changed; `None` when the form does not say.
    pub seen_ms: Option<i64>,
}

/// Where the document has what was typed without a name.
const UNNAMED_HEADER: &str = "config/headers/";

/// The limits that the form has a field for.
const LIMITS: [&str; 3] = ["concurrency", "per_second", "timeout_ms"];

/// What was saved, or everything that must be mended first. `page` is that of what is changed; `vetting` tells what is wrong with the document when it
/// is not saved for what the form alone can tell.
pub async fn checked(
    form: &Form,
    page: &str,
    vetting: impl Future<Output = Result<Vec<Problem>, ApiError>>,
    saving: impl Future<Output = Result<Saved, ApiError>>,
) -> Result<Result<Saved, Vec<FormProblem>>, PageError> {
    let own = problems_of_the_form(form);
    let found = if own.is_empty() {
        match saving.await {
            Ok(saved) => return Ok(Ok(saved)),
            Err(error) => mendable_of(error, page)?,
        }
    } else {
        vetting.await?.iter().map(FormProblem::from).collect()
    };
    let found = at_shown_fields(missing_told(found, form), form);
    let mut problems = with_secrets_again(joined(own, found), form);
    if kind_of(form) == Kind::Email {
        called_as_mail_has_it(&mut problems);
        told_with_their_lines(&mut problems, form);
    }
    Ok(Err(problems))
}

/// The document tells once more, in its own words, what the form tells of a field; a header without a name has no place in it.
fn joined(own: Vec<FormProblem>, mut found: Vec<FormProblem>) -> Vec<FormProblem> {
    let ids = own.iter().filter_map(|own| Some(&own.field.as_ref()?.id));
    let ids: Vec<&String> = ids.collect();
    let is_told = |problem: &FormProblem| {
        let field = problem.field.as_ref();
        field.is_some_and(|field| ids.contains(&&field.id))
    };
    found.retain(|problem| problem.place != UNNAMED_HEADER && !is_told(problem));
    [own, found].concat()
}

/// What the document has no place for, or another one than the form.
fn problems_of_the_form(form: &Form) -> Vec<FormProblem> {
    let headers = header_rows(form);
    let mut problems = header_problems(&headers);
    let url = with_scheme(form.text("url"));
    problems.extend(placeholders::in_destination(&url, &headers));
    problems.extend(
        LIMITS
            .into_iter()
            .filter_map(|name| limit_problem(name, form.text(name))),
    );
    if statuses(form.text("final_statuses")).is_none() {
        let wanted = t!("destinations-no-statuses");
        problems.push(FormProblem::at("config/final_statuses", wanted));
    }
    problems
}

/// A secret is not shown again. Whoever typed one must be told: left empty, the field would keep the old one, or have one made.
fn with_secrets_again(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    let fields = [
        ("auth", "auth_secret", "config/auth/token"),
        ("scheme", "signing_secret", "signing/secret"),
    ];
    for (kind, id, place) in fields {
        let was_typed = form.text(kind) != "none" && !form.text(id).is_empty();
        let is_told = |problem: &FormProblem| {
            let field = problem.field.as_ref();
            field.is_some_and(|field| field.id == id)
        };
        if was_typed && !problems.iter().any(is_told) {
            problems.push(FormProblem::at(place, t!("destinations-enter-again")));
        }
    }
    problems
}

/// That a limit is no number; whether it is too large or too small is said with the document.
fn limit_problem(name: &str, text: &str) -> Option<FormProblem> {
    let (is_fine, wanted) = match name {
        "per_second" => (number(text).is_some(), t!("destinations-no-number")),
        _ => (
            number(text).is_some_and(|number| number.is_u64()),
            t!("destinations-not-whole"),
        ),
    };
    let place = format!("limits/{name}");
    (!is_fine && !text.is_empty()).then(|| FormProblem::at(&place, wanted))
}

/// What is wrong with the rows as such; what they say is looked at with the document.
fn header_problems(rows: &[(String, String)]) -> Vec<FormProblem> {
    let is_twice = |index: usize, name: &str| {
        let mut earlier = rows[..index].iter();
        earlier.any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    rows.iter()
        .enumerate()
        .filter_map(|(index, (name, _))| {
            let message = match name.is_empty() {
                true => t!("destinations-header-unnamed"),
                false if is_twice(index, name) => t!("destinations-header-twice", name = name),
                false => return None,
            };
            Some(FormProblem {
                field: Some(Field {
                    id: format!("header_name-{index}"),
                    label: t!("destinations-header-name"),
                }),
                ..FormProblem::plain(message)
            })
        })
        .collect()
}

/// What is missing of the credentials, in the words of the form, which has one field for all kinds.
fn missing_told(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    for problem in &mut problems {
        let missing = match problem.place.as_str() {
            "config/auth/username" => ("auth_name", t!("destinations-enter-username")),
            "config/auth/password" => ("auth_secret", t!("destinations-enter-password")),
            "config/auth/token" => ("auth_secret", t!("destinations-enter-token")),
            "config/auth/value" => ("auth_secret", t!("destinations-enter-value")),
            "config/auth/token_url" => ("token_url", t!("destinations-enter-token-url")),
            "config/auth/client_id" => ("auth_name", t!("destinations-enter-client-id")),
            "config/auth/client_secret" => ("auth_secret", t!("destinations-enter-client-secret")),
            "config/auth/key" => ("auth_secret", t!("destinations-enter-key")),
            _ => continue,
        };
        if form.text(missing.0).is_empty() {
            problem.message = missing.1;
        }
    }
    problems
}

/// A rule that was typed as JSON is mended there, whatever of it is wrong, and a header in its row.
fn at_shown_fields(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    let headers = header_rows(form);
    for problem in &mut problems {
        let name = problem.name_within("config/headers");
        let is_it = |(other, _): &(String, String)| name.as_ref() == Some(other);
        if let Some(index) = headers.iter().position(is_it) {
            problem.field = Some(Field {
                id: format!("header_value-{index}"),
                label: headers[index].0.clone(),
            });
        }
    }
    let is_json = form.text("success") == "json";
    for problem in problems.iter_mut().filter(|_| is_json) {
        if problem.place.starts_with("success") {
            problem.field = Some(Field {
                id: "success_json".into(),
                label: t!("destinations-success-rule"),
            });
        }
    }
    problems
}

/// User and password have no other meaning there.
fn called_as_mail_has_it(problems: &mut [FormProblem]) {
    for field in problems.iter_mut().filter_map(|one| one.field.as_mut()) {
        match field.id.as_str() {
            "auth_name" => field.label = t!("destinations-mail-user"),
            "auth_secret" => field.label = t!("session-password"),
            _ => {}
        }
    }
}

/// One field holds all recipients: which of them is wrong is said.
fn told_with_their_lines(problems: &mut [FormProblem], form: &Form) {
    let recipients = recipients(form.text("to"));
    for problem in problems {
        let index = problem.place.strip_prefix("config/to/");
        let index = index.and_then(|index| index.parse::<usize>().ok());
        if let Some(one) = index.and_then(|index| recipients.get(index)) {
            let said = &problem.message;
            problem.message = t!(
                "destinations-mail-at-line",
                line = one.line,
                text = one.text,
                said = said
            );
        }
    }
}

/// An address as people write it: without its scheme it is the encrypted one. What is no host at its beginning stays, for the parser to refuse.
pub fn with_scheme(typed: &str) -> String {
    let host = typed.split(['/', '?', '#']).next().unwrap_or_default();
    let is_sign = |sign: char| sign.is_alphanumeric() || ".-:[]".contains(sign);
    let is_host = host.contains(['.', ':']) && host.chars().all(is_sign);
    let has_scheme = host.ends_with(':');
    if is_host && !has_scheme {
        format!("https://{typed}")
    } else {
        typed.to_string()
    }
}

impl DestinationForm {
    /// A new one.
    pub fn empty() -> DestinationForm {
        DestinationForm {
            method: "POST".into(),
            auth: "none".into(),
            scheme: "standard_webhooks".into(),
            concurrency: Kind::default().default_concurrency().to_string(),
            timeout_ms: Kind::default().default_timeout_ms().to_string(),
            ..DestinationForm::default()
        }
    }

    /// A new one for a service, which does not check our signature.
    pub fn for_service(service: &Service) -> DestinationForm {
        let headers = service.headers.iter();
        DestinationForm {
            service: service.id.into(),
            kind: service.kind,
            concurrency: service.kind.default_concurrency().to_string(),
            timeout_ms: service.kind.default_timeout_ms().to_string(),
            name: service.name.into(),
            url: service.url.into(),
            auth: service.auth.into(),
            auth_name: service.auth_header.into(),
            scheme: "none".into(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            per_second: service
                .per_second
                .map(|rate| rate.to_string())
                .unwrap_or_default(),
            success: SuccessField::in_way(service.success),
            ..DestinationForm::empty()
        }
    }

    pub fn of(destination: &Destination) -> DestinationForm {
        let settings = &destination.settings;
        let auth = settings.endpoint.auth();
        let form = match &settings.endpoint {
            Endpoint::Web(request) => DestinationForm::of_request(request),
            Endpoint::Mail(server) => DestinationForm {
                mail: MailFields::of(server),
                ..DestinationForm::default()
            },
        };
        let (token_url, scope) = match auth.grant() {
            Some(Grant::ClientCredentials(client)) => (client.token_url.as_str(), &*client.scope),
            Some(Grant::ServiceAccount(service)) => ("", &*service.scope),
            None => ("", ""),
        };
        DestinationForm {
            kind: settings.kind(),
            name: destination.name.clone(),
            auth: auth.word().into(),
            auth_name: match auth {
                Auth::Basic { username, .. } => username.clone(),
                Auth::Header { name, .. } => name.clone(),
                Auth::Granted(Grant::ClientCredentials(client)) => client.client_id.clone(),
                _ => String::new(),
            },
            token_url: token_url.into(),
            scope: scope.into(),
            scheme: settings.signing.scheme.as_str().into(),
            signing_header: settings.signing.header.clone().unwrap_or_default(),
            concurrency: settings.limits.concurrency.to_string(),
            per_second: settings
                .limits
                .per_second
                .map(|rate| rate.to_string())
                .unwrap_or_default(),
            timeout_ms: settings.limits.timeout_ms.to_string(),
            success: SuccessField::of(settings.success.as_ref()),
            notices: settings.notices,
            keeps_signing_secret: settings.signing.secret.is_some(),
            seen_ms: Some(destination.updated_at.as_millisecond()),
            ..form
        }
    }

    fn of_request(request: &RequestSettings) -> DestinationForm {
        let headers = request.headers.iter();
        DestinationForm {
            url: conceal(&request.url),
            method: request.method.clone(),
            allow_http: request.allow_http,
            final_statuses: listed(&request.final_statuses),
            headers: headers
                .map(|(name, _)| (name.clone(), MASK.to_string()))
                .collect(),
            ..DestinationForm::default()
        }
    }

    /// What was typed, for showing it again.
    pub fn typed(form: &Form) -> DestinationForm {
        DestinationForm {
            service: form.text("service").into(),
            then: form.text("then").into(),
            source_id: form.text("source_id").into(),
            kind: kind_of(form),
            mail: MailFields::typed(form),
            name: form.text("name").into(),
            url: with_scheme(form.text("url")),
            method: form.text("method").into(),
            allow_http: form.is_ticked("allow_http"),
            auth: form.text("auth").into(),
            auth_name: form.text("auth_name").into(),
            token_url: with_scheme(form.text("token_url")),
            scope: form.text("scope").into(),
            scheme: form.text("scheme").into(),
            signing_header: form.text("signing_header").into(),
            headers: header_rows(form),
            concurrency: form.text("concurrency").into(),
            per_second: form.text("per_second").into(),
            timeout_ms: form.text("timeout_ms").into(),
            success: SuccessField::typed(form),
            final_statuses: form.text("final_statuses").into(),
            notices: form.is_ticked("notices"),
            keeps_signing_secret: form.is_ticked("keeps_signing_secret"),
            seen_ms: seen_ms(form),
        }
    }
}

/// Statuses with commas between.
pub fn listed(statuses: &[u16]) -> String {
    let texts: Vec<String> = statuses.iter().map(u16::to_string).collect();
    texts.join(", ")
}

/// Statuses with commas or blanks between; `None` when something else stands there.
fn statuses(typed: &str) -> Option<Vec<u16>> {
    let parts = typed.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

/// When what the form was filled in with had been changed.
pub fn seen_ms(form: &Form) -> Option<i64> {
    form.text("seen_ms").parse().ok()
}

/// The rows in their order. One whose name was taken away and whose value is the mask of what is saved is one that was taken out.
fn header_rows(form: &Form) -> Vec<(String, String)> {
    form.all("header_name")
        .into_iter()
        .zip(form.all("header_value"))
        .map(|(name, value)| (name.trim().to_string(), value.to_string()))
        .filter(|(name, value)| !name.is_empty() || !["", MASK].contains(&value.trim()))
        .collect()
}

/// The kind that the form was made for.
fn kind_of(form: &Form) -> Kind {
    Kind::from_word(form.text("kind")).unwrap_or_default()
}

/// The form as the document that the API takes.
pub fn document(form: &Form) -> DestinationDocument {
    let kind = kind_of(form);
    let config = match kind {
        Kind::Webhook => request_document(form),
        Kind::Email => MailFields::typed(form).document(auth_document(form)),
    };
    // A mail is not signed, and delivered once its server took it.
    let of_request = |part: fn(&Form) -> Value| (kind == Kind::Webhook).then(|| part(form));
    DestinationDocument {
        name: form.text("name").to_string(),
        kind: Some(kind.as_str().into()),
        config: Some(config),
        signing: of_request(signing_document),
        limits: Some(limits_document(form)),
        success: of_request(|form| SuccessField::typed(form).document()),
        notices: Some(Value::from(form.is_ticked("notices"))),
    }
}

fn request_document(form: &Form) -> Value {
    let headers = header_rows(form).into_iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    json!({
        "url": with_scheme(form.text("url")), "method": form.text("method"), "headers": headers, "auth": auth_document(form), "allow_http": form.is_ticked("allow_http"),
        "final_statuses": statuses(form.text("final_statuses")).unwrap_or_default(),
    })
}

fn auth_document(form: &Form) -> Value {
    let kind = form.text("auth");
    let mut auth = json!({"type": kind});
    let fields: &[(&str, &str)] = match kind {
        "basic" => &[("username", "auth_name"), ("password", "auth_secret")],
        "bearer" => &[("token", "auth_secret")],
        "header" => &[("name", "auth_name"), ("value", "auth_secret")],
        "oauth2_client_credentials" => &[
            ("client_id", "auth_name"),
            ("client_secret", "auth_secret"),
            ("token_url", "token_url"),
            ("scope", "scope"),
        ],
        "google_service_account" => &[("key", "auth_secret"), ("scope", "scope")],
        _ => &[],
    };
    for (member, field) in fields {
        if let Some(text) = filled(form, field) {
            auth[member] = Value::from(match *field {
                "token_url" => with_scheme(text),
                _ => text.to_string(),
            });
        }
    }
    auth
}

fn signing_document(form: &Form) -> Value {
    let mut signing = json!({"scheme": form.text("scheme")});
    for (key, name) in [("secret", "signing_secret"), ("header", "signing_header")] {
        if let Some(text) = filled(form, name) {
            signing[key] = Value::from(text);
        }
    }
    signing
}

/// What is no number is told by the form, so that it hides nothing that is wrong with the others.
fn limits_document(form: &Form) -> Value {
    let limits = LIMITS.into_iter();
    let limits = limits.filter(|name| limit_problem(name, form.text(name)).is_none());
    limits
        .filter_map(|name| Some((name.to_string(), number(filled(form, name)?)?)))
        .collect()
}

/// A number as JSON has it.
fn number(text: &str) -> Option<Value> {
    let read = serde_json::from_str::<Value>(text).ok();
    read.filter(Value::is_number)
}

fn filled<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    Some(form.text(name)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_scheme_is_the_encrypted_one() {
        for (typed, meant) in [
            (
                "hooks.zapier.com/hooks/catch/1",
                "https://hooks.zapier.com/hooks/catch/1",
            ),
            ("localhost:8080", "https://localhost:8080"),
            ("[::1]:8080/x?a=b@c", "https://[::1]:8080/x?a=b@c"),
            ("bücher.example", "https://bücher.example"),
            ("http://example.com", "http://example.com"),
            (
                "hooks.example/?to=http://other.example",
                "https://hooks.example/?to=http://other.example",
            ),
            ("mailto:you@example.com", "mailto:you@example.com"),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            assert_eq!(with_scheme(typed), meant, "{typed}");
        }
    }
}
