//! People: who has an account, invitations, and what an owner may do about others.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::SignedDuration;

use crate::domain::id::{InviteId, UserId};
use crate::domain::person::{Role, User, parse_email};
use crate::flow::Bridge;
use crate::new_id;
use crate::store::invites::Invite;
use crate::web::Site;
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::auth::new_token;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::ui::account::Tabs;
use crate::web::ui::asking::{Ask, ask_first};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::Field;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::{FormProblem, mendable};
use crate::web::ui::labels::role_word;
use crate::web::ui::listing::Listing;
use crate::web::ui::once::{go_and_show, shown_once};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::row::{Chip, Moment};

/// How long an invitation can be taken, in hours.
const INVITE_H: i64 = 72;

#[derive(Template)]
#[template(path = "settings/people.html")]
struct PeoplePage {
    page: Page,
    problems: Vec<FormProblem>,
    tabs: Tabs,
    listing: Listing,
    people: Vec<PersonRow>,
    invites: Vec<InviteRow>,
    link: Option<Link>,
    typed: Typed,
}

/// An invitation as it was typed, for showing it again.
#[derive(Default)]
struct Typed {
    email: String,
    role: String,
}

struct PersonRow {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    chip: Chip,
    is_active: bool,
    has_second_factor: bool,
    is_self: bool,
    since: Moment,
}

struct InviteRow {
    id: String,
    email: String,
    role: &'static str,
    invited_by: String,
    until: Moment,
}

/// A link that is shown once.
struct Link {
    email: String,
    url: String,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let mut page = people_page(&request, &bridge, Vec::new(), Typed::default()).await?;
    // Last: what is shown once must not be taken for a page that fails.
    let link = shown_once(&request, &bridge).await?;
    page.link = link.and_then(|text| {
        let (email, url) = text.split_once('\n')?;
        Some(Link {
            email: email.into(),
            url: url.into(),
        })
    });
    render(&page)
}

pub async fn invite(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let (form, owner) = (Form::of(&request)?, signed_in(&request)?);
    let again = async |problems| {
        let typed = Typed {
            email: form.text("email").into(),
            role: form.text("role").into(),
        };
        render_again(&people_page(&request, &bridge, problems, typed).await?)
    };
    let email = match parse_email(form.text("email")) {
        Ok(email) => email,
        Err(message) => return again(vec![FormProblem::at("email", message)]).await,
    };
    let Some(role) = Role::from_word(form.text("role")) else {
        return again(vec![FormProblem::at("role", t!("settings-choose-role"))]).await;
    };
    let now = bridge.clock.now();
    let (token, hash) = new_token("");
    let invite = Invite {
        id: new_id!(InviteId, bridge, now),
        email: email.clone(),
        role,
        invited_by: owner.name,
        invited_by_id: Some(owner.id),
        created_at: now,
        expires_at: now
            .checked_add(SignedDuration::from_hours(INVITE_H))
            .map_err(|error| ApiError::internal(&error))?,
    };
    let said = format!("Invited {email} as {}.", role.as_str());
    let saved = bridge
        .noting(&actor(&request), "invite.created", invite.id, said)
        .create_invite(invite, hash)
        .await;
    if let Err(error) = saved {
        return again(mendable(error.into())?).await;
    }
    let link = format!("{email}\n{}/invite/{token}", site.public_url);
    go_and_show(&request, &bridge, "/settings/people", &link).await
}

pub async fn withdraw_invite(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: InviteId = id(&path, "invitation")?;
    bridge
        .noting(
            &actor(&request),
            "invite.withdrawn",
            id,
            "Withdrew an invitation.",
        )
        .withdraw_invite(id)
        .await?;
    Ok(go("/settings/people?done=withdrawn"))
}

pub async fn change_role(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let (form, person) = (Form::of(&request)?, person(&bridge, &path).await?);
    let Some(role) = Role::from_word(form.text("role")) else {
        let problem = FormProblem {
            field: Some(Field {
                id: format!("role-{}", person.id),
                label: t!("settings-role-of", name = person.name),
            }),
            ..FormProblem::plain(t!("settings-choose-role"))
        };
        let problems = vec![problem];
        return render_again(&people_page(&request, &bridge, problems, Typed::default()).await?);
    };
    let said = format!(
        "Made {} {}, who was {} before.",
        person.email,
        role.as_str(),
        person.role.as_str()
    );
    let changed = bridge
        .noting(&actor(&request), "person.role_changed", person.id, said)
        .change_role(person.id, role)
        .await;
    answer(&request, &bridge, changed, "saved").await
}

pub async fn deactivate(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&request, &path, &bridge, false).await
}

pub async fn activate(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&request, &path, &bridge, true).await
}

async fn switch(
    request: &HttpRequest,
    path: &str,
    bridge: &Bridge,
    active: bool,
) -> Result<HttpResponse, PageError> {
    let person = person(bridge, path).await?;
    let question = t!("settings-lock-ask", name = person.name);
    if !active && let Some(asked) = ask_first(request, ask(question, t!("settings-lock")))? {
        return Ok(asked);
    }
    let email = &person.email;
    let (action, said, done) = if active {
        (
            "person.activated",
            format!("Let in again: {email}."),
            "let_in",
        )
    } else {
        (
            "person.deactivated",
            format!("Locked out: {email}."),
            "locked_out",
        )
    };
    let switched = bridge
        .noting(&actor(request), action, person.id, said)
        .switch_user(person.id, active, bridge.clock.now_ms())
        .await;
    answer(request, bridge, switched, done).await
}

pub async fn remove(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let person = person(&bridge, &path).await?;
    let question = t!("settings-remove-ask", name = person.name);
    if let Some(asked) = ask_first(&request, ask(question, t!("builder-remove")))? {
        return Ok(asked);
    }
    let said = format!("Removed the account of {}.", person.email);
    let removed = bridge
        .noting(&actor(&request), "person.removed", person.id, said)
        .remove_user(person.id)
        .await;
    answer(&request, &bridge, removed, "deleted").await
}

pub async fn reset_second_factor(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let person = person(&bridge, &path).await?;
    let question = t!("settings-reset-factor-ask", name = person.name);
    if let Some(asked) = ask_first(&request, ask(question, t!("settings-reset-factor")))? {
        return Ok(asked);
    }
    let said = format!("Took the second factor of {} away.", person.email);
    let reset = bridge
        .noting(
            &actor(&request),
            "person.second_factor_reset",
            person.id,
            said,
        )
        .remove_second_factor(person.id, None)
        .await;
    answer(&request, &bridge, reset, "second_factor_off").await
}

fn ask(question: String, button: String) -> Ask {
    Ask {
        section: "/settings",
        question,
        button,
        back: "/settings/people".into(),
    }
}

async fn person(bridge: &Bridge, path: &str) -> Result<User, PageError> {
    let id: UserId = id(path, "person")?;
    Ok(bridge.store.user(id).await?)
}

/// Back to the list: with a note when it is done, with the problem when it cannot be.
async fn answer(
    request: &HttpRequest,
    bridge: &Bridge,
    done: Result<(), crate::store::error::StoreError>,
    word: &str,
) -> Result<HttpResponse, PageError> {
    match done {
        Ok(()) => Ok(go(format!("/settings/people?done={word}"))),
        Err(error) => {
            let problems = mendable(error.into())?;
            render_again(&people_page(request, bridge, problems, Typed::default()).await?)
        }
    }
}

async fn people_page(
    request: &HttpRequest,
    bridge: &Bridge,
    problems: Vec<FormProblem>,
    typed: Typed,
) -> Result<PeoplePage, PageError> {
    let user = signed_in(request)?;
    let now = bridge.clock.now();
    let (people, listing) = Listing::of(
        request,
        ("/settings/people", t!("settings-people-search")),
        bridge.store.users().await?,
        |one| one.id,
        |one| format!("{}\n{}", one.name, one.email),
    )?;
    let invites = bridge.store.invites(now.as_millisecond()).await?;
    Ok(PeoplePage {
        page: Page::new(request, &user, "/settings", t!("settings-people")),
        problems,
        tabs: Tabs::new(user.role, "/settings/people"),
        listing,
        people: people
            .into_iter()
            .map(|person| PersonRow {
                id: person.id.to_string(),
                role: person.role.as_str(),
                chip: match person.deactivated_at {
                    Some(_) => Chip::new(t!("settings-chip-locked"), "warn"),
                    None => Chip::new(t!("settings-chip-active"), "good"),
                },
                is_active: person.deactivated_at.is_none(),
                has_second_factor: person.has_second_factor,
                is_self: person.id == user.id,
                since: Moment::new(person.created_at, now),
                name: person.name,
                email: person.email,
            })
            .collect(),
        invites: invites
            .into_iter()
            .map(|invite| InviteRow {
                id: invite.id.to_string(),
                role: invite.role.as_str(),
                until: Moment::new(invite.expires_at, now),
                email: invite.email,
                invited_by: retold(&invite.invited_by),
            })
            .collect(),
        link: None,
        typed,
    })
}
