//! How pages are read: the switch of the language before signing in, and an account's own choice of language and time zone.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::person::Language;
use crate::flow::Bridge;
use crate::web::Site;
use crate::web::admission::{actor, signed_in};
use crate::web::problem::ApiError;
use crate::web::reader::{LANGUAGE_COOKIE, zone_named};
use crate::web::ui::account::{Reading, Typed, again};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::next::own_path;
use crate::web::ui::page::go;

/// How long a browser remembers the language, in days.
const REMEMBERED_D: i64 = 365;

/// Keeps the language in a cookie and leads back.
pub async fn choose(
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let mut response = go(own_path(form.text("next")));
    if let Some(language) = Language::from_tag(form.text("language")) {
        let cookie = Cookie::build(LANGUAGE_COOKIE, language.as_str())
            .path("/")
            .same_site(SameSite::Lax)
            .http_only(true)
            .secure(site.is_secure())
            .max_age(Duration::days(REMEMBERED_D))
            .finish();
        response
            .add_cookie(&cookie)
            .map_err(|error| ApiError::internal(&error))?;
    }
    Ok(response)
}

/// Saves an account's choice; empty leaves it to the browser.
pub async fn save(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    let language = Language::from_tag(form.text("language"));
    let time_zone = Some(form.text("time_zone")).filter(|name| !name.is_empty());
    if time_zone.is_some_and(|name| zone_named(name).is_none()) {
        let problem = FormProblem::at("time_zone", t!("language-unknown-zone"));
        let typed = Typed {
            reading: Some(Reading {
                language,
                time_zone: form.text("time_zone").into(),
            }),
            ..Typed::default()
        };
        return again(&request, &bridge, problem, typed).await;
    }
    let said = "Chose the language and the time zone of the pages.";
    bridge
        .noting(&actor(&request), "person.reading_chosen", user.id, said)
        .choose_reading(user.id, language, time_zone.map(str::to_string))
        .await?;
    Ok(go("/settings?done=saved"))
}
