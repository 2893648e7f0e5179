//! One version of a connection: what it said, what it changed, and putting it in force again as a new version.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::audit::ActorKind;
use crate::domain::connection::{Connection, Version};
use crate::flow::Bridge;
use crate::store::error::StoreError;
use crate::web::admission::{actor, signed_in};
use crate::web::api::connections::{ConnectionDocument, restore as restore_version};
use crate::web::api::id;
use crate::web::ui::connection_words::{
    Names, named_by_itself, sentence, suggested_name_in, version_changes,
};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::Field;
use crate::web::ui::form_problem::{FormProblem, mendable};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::row::Moment;
use crate::web::ui::rule_places::Places;

#[derive(Template)]
#[template(path = "connections/version.html")]
struct VersionPage {
    page: Page,
    problems: Vec<FormProblem>,
    id: String,
    name: String,
    number: i32,
    at: Moment,
    by: Option<String>,
    in_force: bool,
    newest: i32,
    sentence: String,
    /// What it changed from the version before it.
    changes: Vec<String>,
    /// What putting it in force again would change.
    restoring: Vec<String>,
    rules: String,
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<(String, i32)>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let found = Found::load(&bridge, &path).await?;
    let page = Page::new(
        &request,
        &user,
        "/connections",
        t!(
            "connections-version-of",
            number = path.1,
            name = found.connection.name
        ),
    );
    render(&found.page(page, Vec::new(), &bridge)?)
}

pub async fn restore(
    request: HttpRequest,
    path: web::Path<(String, i32)>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let found = Found::load(&bridge, &path).await?;
    let (connection, version) = (&found.connection, &found.version);
    let rules = version.rules.clone();
    let document = ConnectionDocument {
        name: found.name_restored(),
        source_id: connection.source_id.to_string(),
        destination_id: version.destination_id.to_string(),
        trigger: rules.trigger,
        filter: rules.filter,
        mapping: Some(rules.mapping),
        delivery: rules.delivery,
        enabled: None,
    };
    let (by, present) = (actor(&request), connection.clone());
    match restore_version(&bridge, &by, present, version.number, document).await {
        Ok(saved) => Ok(go(format!("/connections/{}?done=restored", saved.id))),
        Err(error) => {
            let places = Places::of(&version.rules.filter, &version.rules.mapping);
            let called = |problem: FormProblem| FormProblem {
                field: places.called(&problem.place).map(|label| Field {
                    id: "rules".into(),
                    label,
                }),
                ..problem
            };
            let problems = mendable(error)?.into_iter().map(called).collect();
            let page = Page::new(
                &request,
                &user,
                "/connections",
                t!(
                    "connections-version-of",
                    number = path.1,
                    name = connection.name
                ),
            );
            render_again(&found.page(page, problems, &bridge)?)
        }
    }
}

/// A version with what stands around it.
struct Found {
    connection: Connection,
    version: Version,
    before: Option<Version>,
    names: Names,
}

impl Found {
    async fn load(bridge: &Bridge, path: &(String, i32)) -> Result<Found, PageError> {
        let connection = bridge.store.connection(id(&path.0, "connection")?).await?;
        let mut versions = bridge.store.versions(connection.id).await?;
        let at = versions
            .iter()
            .position(|version| version.number == path.1)
            .ok_or(StoreError::NotFound("version"))?;
        let before = (at + 1 < versions.len()).then(|| versions.remove(at + 1));
        let version = versions.remove(at);
        let names = Names::load(bridge).await?;
        let names = names
            .with_projects_of(bridge, &connection.source_id.to_string())
            .await?;
        Ok(Found {
            connection,
            version,
            before,
            names,
        })
    }

    /// A name that was made of the rules goes on to follow them.
    fn name_restored(&self) -> String {
        let version = &self.version;
        let destination = self.names.destination(&version.destination_id.to_string());
        named_by_itself(&self.connection, &self.names).map_or_else(
            || self.connection.name.clone(),
            |language| suggested_name_in(language, &version.rules, &destination),
        )
    }

    fn page(
        &self,
        page: Page,
        problems: Vec<FormProblem>,
        bridge: &Bridge,
    ) -> Result<VersionPage, PageError> {
        let (connection, version, names) = (&self.connection, &self.version, &self.names);
        let sentence = sentence(
            &version.rules,
            &names.source(&connection.source_id.to_string()),
            &names.destination(&version.destination_id.to_string()),
            names,
        );
        Ok(VersionPage {
            page,
            problems,
            id: connection.id.to_string(),
            name: connection.name.clone(),
            number: version.number,
            at: Moment::new(version.created_at, bridge.clock.now()),
            by: saved_by(version),
            in_force: version.id == connection.version.id,
            newest: connection.version.number,
            sentence,
            changes: self
                .before
                .as_ref()
                .map(|before| version_changes(before, version, names))
                .unwrap_or_default(),
            restoring: version_changes(&connection.version, version, names),
            rules: serde_json::to_string_pretty(&version.rules).unwrap_or_default(),
        })
    }
}

/// Who saved it, as it stands behind the time.
pub fn saved_by(version: &Version) -> Option<String> {
    let by = version.saved_by.as_ref()?;
    match by.kind {
        ActorKind::Person => Some(t!("connections-saved-by", name = by.name.as_str())),
        ActorKind::Token => Some(t!("connections-saved-by-token", name = by.name.as_str())),
        ActorKind::CommandLine => Some(t!("connections-saved-by-command")),
        ActorKind::Nobody => None,
    }
}
