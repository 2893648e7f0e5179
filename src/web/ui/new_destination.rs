//! A destination that is made from within the builder: what it will be called, what it would be sent, and the making of it.
//!
//! Called by `connection_builder`. What is refused comes back as problems at the controls that it has there; the form is left as it was typed.

use serde_json::json;

use crate::domain::audit::Actor;
use crate::domain::destination::{Settings, SettingsDocument};
use crate::domain::services;
use crate::flow::Bridge;
use crate::web::api::destinations::{DestinationDocument, Saved, problems_of, save_new};
use crate::web::phrases::retold;
use crate::web::ui::connection_form::NewDestination;
use crate::web::ui::connection_live::Target;
use crate::web::ui::connection_words::Names;
use crate::web::ui::destination_form::with_scheme;
use crate::web::ui::error::PageError;
use crate::web::ui::form_problem::{FormProblem, mendable};

/// Makes it, or tells what must be mended first.
pub async fn make(
    bridge: &Bridge,
    actor: &Actor,
    typed: &NewDestination,
    names: &Names,
) -> Result<Result<Saved, Vec<FormProblem>>, PageError> {
    Ok(
        match save_new(bridge, actor, document(typed, names)).await {
            Ok(saved) => Ok(saved),
            Err(error) => {
                let problems = mendable(error)?.into_iter();
                Err(problems.map(at_its_controls).collect())
            }
        },
    )
}

/// What must be mended of it, told together with what keeps it from being made.
pub async fn problems(
    bridge: &Bridge,
    typed: &NewDestination,
    names: &Names,
) -> Result<Vec<FormProblem>, PageError> {
    let problems = problems_of(bridge, None, document(typed, names)).await?;
    let problems = problems.iter().map(FormProblem::from);
    Ok(problems.map(at_its_controls).collect())
}

fn document(typed: &NewDestination, names: &Names) -> DestinationDocument {
    DestinationDocument {
        name: name_of(typed, names),
        kind: None,
        config: Some(json!({"url": with_scheme(&typed.url)})),
        signing: Some(json!({"scheme": typed.scheme})),
        limits: None,
        success: None,
        notices: None,
    }
}

/// What a destination that is typed will be called: by what is reached there, or by its host, when it is given no name.
pub fn name_of(typed: &NewDestination, names: &Names) -> String {
    let url = with_scheme(&typed.url);
    let host = url::Url::parse(&url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_string));
    if typed.name.is_empty() {
        if let Some(service) = services::called(&url) {
            return numbered(service, names);
        }
        // Without a host the address is refused; its name is not to be refused besides.
        host.unwrap_or_else(|| t!("builder-new-destination"))
    } else {
        typed.name.clone()
    }
}

/// The name, or with the first number that no destination has yet.
fn numbered(name: &str, names: &Names) -> String {
    let is_free = |name: &String| !names.destinations.iter().any(|(_, taken)| taken == name);
    let others = (2..).map(|number| format!("{name} {number}"));
    let mut all = std::iter::once(name.to_string()).chain(others);
    all.find(is_free).unwrap_or_default()
}

/// A problem of a destination that is made within the builder, at the controls that it has there.
fn at_its_controls(mut problem: FormProblem) -> FormProblem {
    if let Some(field) = &mut problem.field {
        field.id = format!("d_{}", field.id);
    }
    problem
}

/// The settings of a destination that is being typed, or what is wrong with them.
pub fn target(typed: &NewDestination) -> Target<'static> {
    if typed.url.is_empty() {
        return Target::None;
    }
    let config = json!({"url": with_scheme(&typed.url)});
    // Its secret is made with it; until then there is nothing to sign with.
    let signing = json!({"scheme": "none"});
    let document = SettingsDocument {
        config: Some(&config),
        signing: Some(&signing),
        ..SettingsDocument::default()
    };
    match Settings::parse(&document, None) {
        Ok(settings) => Target::Typed(Box::new(settings)),
        Err(problems) => {
            let told = problems.iter().map(|problem| retold(&problem.message));
            Target::Unreadable(told.collect::<Vec<_>>().join(" "))
        }
    }
}
