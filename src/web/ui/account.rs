//! The own account: name, password, second factor, and where one is signed in.
//!
//! Whatever makes an account less safe asks for the password again, under the same limits as signing in.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::tz;
use qrcode::QrCode;
use qrcode::render::svg;

use crate::domain::id::SessionId;
use crate::domain::name;
use crate::domain::password::password_problem;
use crate::domain::person::{Language, Role, User};
use crate::domain::second_factor::{
    RECOVERY_CODES, SECRET_BYTES, app_address, recovery_code, recovery_hash, step_of, typed,
};
use crate::domain::secret::Secret;
use crate::flow::Bridge;
use crate::store::tokens::TokenHash;
use crate::web::Site;
use crate::web::admission::{actor, own_session, signed_in};
use crate::web::api::id;
use crate::web::client::address;
use crate::web::i18n::Key;
use crate::web::password::{check_password, hash_password};
use crate::web::problem::ApiError;
use crate::web::ui::asking::{Ask, ask_first};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::role_word;
use crate::web::ui::once::{go_and_show, shown_once};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::row::Moment;
use crate::web::ui::session::too_many;

/// Where recovery codes are shown.
const CODES: &str = "/settings/second-factor/codes";

/// Size of the QR code in pixels.
const QR_PX: u32 = 220;

#[derive(Template)]
#[template(path = "settings/account.html")]
struct AccountPage {
    page: Page,
    problems: Vec<FormProblem>,
    tabs: Tabs,
    name: String,
    email: String,
    role: &'static str,
    has_second_factor: bool,
    recovery_codes_left: i64,
    reading: Reading,
    sessions: Vec<SessionRow>,
}

#[derive(Template)]
#[template(path = "settings/second_factor.html")]
struct SecondFactorPage {
    page: Page,
    problems: Vec<FormProblem>,
    tabs: Tabs,
    /// Drawn here, without anything that people typed in it but their address, as modules.
    qr: String,
    secret: String,
    email: String,
}

#[derive(Template)]
#[template(path = "settings/recovery_codes.html")]
struct RecoveryCodesPage {
    page: Page,
    tabs: Tabs,
    codes: Vec<String>,
}

/// In which language and zone an account reads, and what else there is to choose.
pub struct Reading {
    pub language: Option<Language>,
    pub time_zone: String,
}

impl Reading {
    /// The choices of an account.
    pub fn of(user: &User) -> Reading {
        Reading {
            language: user.language,
            time_zone: user.time_zone.clone().unwrap_or_default(),
        }
    }

    /// Whether the account chose this language.
    pub fn is_in(&self, language: &Language) -> bool {
        self.language == Some(*language)
    }

    pub fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    /// Every zone by its name.
    pub fn zones(&self) -> Vec<String> {
        tz::db()
            .available()
            .map(|name| name.as_str().to_string())
            .filter(|name| name == "UTC" || name.contains('/') && !name.starts_with("Etc/"))
            .collect()
    }
}

/// What was typed into the page's forms, for showing it again. Where nothing was, the page shows what is saved.
#[derive(Default)]
pub struct Typed {
    pub name: Option<String>,
    pub reading: Option<Reading>,
}

struct SessionRow {
    id: String,
    device: String,
    user_agent: String,
    address: String,
    began: Moment,
    used: Moment,
    is_this: bool,
}

/// The pages of the settings that somebody may see.
pub struct Tabs(pub Vec<(&'static str, Key, bool)>);

impl Tabs {
    /// The tabs for a role, with one of them open.
    pub fn new(role: Role, open: &str) -> Tabs {
        let all = [
            ("/settings", key!("settings-account"), Role::Viewer),
            ("/settings/people", key!("settings-people"), Role::Owner),
            ("/settings/tokens", key!("settings-tokens"), Role::Owner),
            ("/settings/audit", key!("settings-audit"), Role::Owner),
            ("/settings/nodes", key!("settings-nodes"), Role::Viewer),
        ];
        Tabs(
            all.into_iter()
                .filter(|(_, _, needed)| role >= *needed)
                .map(|(href, name, _)| (href, name, href == open))
                .collect(),
        )
    }
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    render(&account_page(&request, &bridge, Vec::new(), Typed::default()).await?)
}

pub async fn rename(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    let name = match name::checked(form.text("name")) {
        Ok(name) => name,
        Err(message) => {
            let typed = Typed {
                name: Some(form.text("name").into()),
                ..Typed::default()
            };
            return again(&request, &bridge, FormProblem::at("name", message), typed).await;
        }
    };
    let said = format!("Is called {name} now, and was {} before.", user.name);
    bridge
        .noting(&actor(&request), "person.renamed", user.id, said)
        .rename_user(user.id, name)
        .await?;
    Ok(go("/settings?done=saved"))
}

pub async fn change_password(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    if let Err(message) = present_password(&request, &bridge, &site, &user, &form).await? {
        return refused(&request, &bridge, "current", message).await;
    }
    let new = form.value("new").unwrap_or_default();
    if let Some(message) = password_problem(new, &user.email) {
        return refused(&request, &bridge, "new", message).await;
    }
    let hash = hash_password(new.to_string()).await?;
    let said = "Changed the own password; all sessions are ended.";
    bridge
        .noting(&actor(&request), "person.password_changed", user.id, said)
        .change_password(user.email.clone(), hash)
        .await?;
    Ok(go("/login?done=password"))
}

pub async fn end_session(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let session: SessionId = id(&path, "session")?;
    bridge
        .noting(
            &actor(&request),
            "person.session_ended",
            user.id,
            "Ended a session.",
        )
        .end_session_of(user.id, session)
        .await?;
    Ok(go("/settings?done=session_ended"))
}

pub async fn end_other_sessions(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let ask = Ask {
        section: "/settings",
        question: t!("settings-end-others-ask"),
        button: t!("settings-end-others"),
        back: "/settings".into(),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    let said = "Ended all other sessions.";
    bridge
        .noting(&actor(&request), "person.sessions_ended", user.id, said)
        .end_other_sessions(user.id, own_session(&request)?)
        .await?;
    Ok(go("/settings?done=session_ended"))
}

pub async fn begin_second_factor(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    if user.has_second_factor {
        return Ok(go("/settings"));
    }
    if let Err(message) = present_password(&request, &bridge, &site, &user, &form).await? {
        return refused(&request, &bridge, "begin_current", message).await;
    }
    let secret = Secret::new(rand::random::<[u8; SECRET_BYTES]>());
    bridge.store.begin_second_factor(user.id, secret).await?;
    Ok(go("/settings/second-factor"))
}

pub async fn second_factor(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    match bridge.store.second_factor(user.id).await?.pending {
        Some(secret) => render(&enrolment(&request, &user, &secret, Vec::new())?),
        None => Ok(go("/settings")),
    }
}

pub async fn confirm_second_factor(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    let Some(secret) = bridge.store.second_factor(user.id).await?.pending else {
        return Ok(go("/settings"));
    };
    let now_s = u64::try_from(bridge.clock.now_ms() / 1_000).unwrap_or(0);
    let Some(step) = step_of(secret.expose(), form.text("code"), now_s) else {
        let message = t!("settings-wrong-code");
        let problems = vec![FormProblem::at("code", message)];
        return render_again(&enrolment(&request, &user, &secret, problems)?);
    };
    let (codes, hashes) = new_codes();
    let said = "Switched the second factor on; other sessions are ended.";
    bridge
        .noting(&actor(&request), "person.second_factor_on", user.id, said)
        .confirm_second_factor(user.id, secret, step, hashes, own_session(&request)?)
        .await?;
    go_and_show(&request, &bridge, CODES, &codes.join("\n")).await
}

pub async fn new_recovery_codes(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    if !user.has_second_factor {
        return Ok(go("/settings"));
    }
    if let Err(message) = present_password(&request, &bridge, &site, &user, &form).await? {
        return refused(&request, &bridge, "codes_current", message).await;
    }
    let (codes, hashes) = new_codes();
    let said = "Made new recovery codes; the old ones are worth nothing.";
    bridge
        .noting(
            &actor(&request),
            "person.recovery_codes_made",
            user.id,
            said,
        )
        .replace_recovery_codes(user.id, hashes)
        .await?;
    go_and_show(&request, &bridge, CODES, &codes.join("\n")).await
}

/// Codes that were made just now.
pub async fn recovery_codes(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    match shown_once(&request, &bridge).await? {
        Some(codes) => render(&RecoveryCodesPage {
            page: Page::new(&request, &user, "/settings", t!("settings-codes")),
            tabs: Tabs::new(user.role, "/settings"),
            codes: codes.lines().map(str::to_string).collect(),
        }),
        None => Ok(go("/settings")),
    }
}

pub async fn remove_second_factor(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    if let Err(message) = present_password(&request, &bridge, &site, &user, &form).await? {
        return refused(&request, &bridge, "off_current", message).await;
    }
    let said = "Switched the second factor off; other sessions are ended.";
    bridge
        .noting(&actor(&request), "person.second_factor_off", user.id, said)
        .remove_second_factor(user.id, Some(own_session(&request)?))
        .await?;
    Ok(go("/settings?done=second_factor_off"))
}

/// Whether the form holds the present password; a sentence when not.
async fn present_password(
    request: &HttpRequest,
    bridge: &Bridge,
    site: &Site,
    user: &User,
    form: &Form,
) -> Result<Result<(), String>, PageError> {
    // A count of its own: a stranger's attempts to sign in do not stop whoever is signed in.
    let key = format!("present password {}", user.id);
    let from = address(request);
    let attempt = match site.throttle.begin(&key, from, bridge.clock.now_ms()) {
        Ok(attempt) => attempt,
        Err(wait_s) => return Ok(Err(too_many(wait_s))),
    };
    let found = bridge.store.credentials(user.email.clone()).await?;
    let present = form.value("current").unwrap_or_default().to_string();
    let right = check_password(present, found.map(|found| found.password_hash)).await?;
    if !right {
        if attempt.is_noted() {
            let said = format!("Gave a wrong present password. {}", attempt.in_words());
            bridge
                .note(&actor(request), "person.password_refused", user.id, said)
                .await?;
        }
        return Ok(Err(t!("settings-wrong-password")));
    }
    site.throttle.succeeded(&key, from);
    Ok(Ok(()))
}

fn new_codes() -> (Vec<String>, Vec<TokenHash>) {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| recovery_code(rand::random()))
        .collect();
    let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
    (codes, hashes)
}

fn enrolment(
    request: &HttpRequest,
    user: &User,
    secret: &Secret,
    problems: Vec<FormProblem>,
) -> Result<SecondFactorPage, PageError> {
    Ok(SecondFactorPage {
        page: Page::new(request, user, "/settings", t!("settings-factor")),
        problems,
        tabs: Tabs::new(user.role, "/settings"),
        qr: qr(&app_address(secret.expose(), &user.email))?,
        secret: typed(secret.expose()),
        email: user.email.clone(),
    })
}

/// The drawing, to stand in the page itself.
fn qr(text: &str) -> Result<String, ApiError> {
    let code = QrCode::new(text).map_err(|error| ApiError::internal(&error))?;
    let drawn = code
        .render()
        .min_dimensions(QR_PX, QR_PX)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    Ok(drawn
        .split_once("?>")
        .map_or(drawn.clone(), |(_, svg)| svg.to_string()))
}

/// The page with what is wrong at one place, where nothing that was typed is shown again.
async fn refused(
    request: &HttpRequest,
    bridge: &Bridge,
    place: &str,
    message: String,
) -> Result<HttpResponse, PageError> {
    let problem = FormProblem::at(place, message);
    again(request, bridge, problem, Typed::default()).await
}

/// The page once more, with what is to be mended.
pub async fn again(
    request: &HttpRequest,
    bridge: &Bridge,
    problem: FormProblem,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    render_again(&account_page(request, bridge, vec![problem], typed).await?)
}

async fn account_page(
    request: &HttpRequest,
    bridge: &Bridge,
    problems: Vec<FormProblem>,
    typed: Typed,
) -> Result<AccountPage, PageError> {
    let (user, own) = (signed_in(request)?, own_session(request)?);
    let now = bridge.clock.now();
    let sessions = bridge.store.sessions(user.id, now.as_millisecond()).await?;
    let factor = bridge.store.second_factor(user.id).await?;
    Ok(AccountPage {
        page: Page::new(request, &user, "/settings", t!("settings-account")),
        problems,
        tabs: Tabs::new(user.role, "/settings"),
        reading: typed.reading.unwrap_or_else(|| Reading::of(&user)),
        role: user.role.as_str(),
        has_second_factor: user.has_second_factor,
        recovery_codes_left: factor.recovery_codes_left,
        sessions: sessions
            .into_iter()
            .map(|session| SessionRow {
                id: session.id.to_string(),
                device: device(&session.user_agent),
                user_agent: session.user_agent,
                address: session.address.unwrap_or_default(),
                began: Moment::new(session.created_at, now),
                used: Moment::new(session.last_used_at, now),
                is_this: session.id == own,
            })
            .collect(),
        name: typed.name.unwrap_or(user.name),
        email: user.email,
    })
}

/// Browser and system in two words, as far as the user agent tells.
fn device(user_agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => {
            t!("settings-device", browser = browser, system = system)
        }
        (Some(one), None) | (None, Some(one)) => one.into(),
        (None, None) => t!("settings-unknown-browser"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_told_in_two_words() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1";
        assert_eq!(device(phone), "Safari on iPhone");
        assert_eq!(device(""), "Unknown browser");
    }

    #[test]
    fn the_qr_code_is_a_drawing_without_scripts_or_styles() {
        let drawn = qr("otpauth://totp/x?secret=AAAA").unwrap();
        assert!(drawn.starts_with("<svg") && drawn.contains("viewBox"));
        assert!(!drawn.contains("style") && !drawn.contains("script"));
    }
}
