//! What the builder shows while one types: the decision over the sample with its reasons, the value found at each condition, each field's value after
//! every step, the request as it would go out, and what a save changes.
//!
//! Everything is computed by the functions that decide over real events (`flow::dry_run`, `domain::filter`, `domain::mapping`); the browser computes
//! nothing. One broken row does not hide the others: each is tried by itself as well. Called by `connection_builder`.

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::connection::{Rules, RulesDocument};
use crate::domain::destination::Settings;
use crate::domain::event::{Reading, read};
use crate::domain::filter::condition::Truth;
use crate::domain::filter::explanation::{Explanation, Reason};
use crate::domain::filter::{About, Filter, Input};
use crate::domain::mail::is_mail;
use crate::domain::mapping::{JSON, Mapping};
use crate::domain::value::cut;
use crate::domain::warnings;
use crate::flow::dry_run::{DryRun, Ruling, body_of, dry_run, read_back, rehearse};
use crate::flow::turn::{RULES, in_turn};
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::ui::connection_fields::FieldRow;
use crate::web::ui::connection_filter::{FilterRow, OperatorGroup, found_at, operator_groups};
use crate::web::ui::connection_form::ConnectionForm;
use crate::web::ui::connection_sample::Sample;
use crate::web::ui::connection_words::{Names, sentence, sentence_with};
use crate::web::ui::connections::{Verdict, body_shown};
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::{event_label, unheard_of};
use crate::web::ui::placeholders;
use crate::web::ui::row::Chip;
use crate::web::ui::{sample_tree, tree};

/// Characters of a value after a step.
const STEP_LIMIT_CHARS: usize = 160;
/// Bytes of a body that are shown.
const BODY_LIMIT_BYTES: usize = 16 * 1024;

/// All of it.
pub struct Live {
    pub verdict: Verdict,
    pub problems: Vec<FormProblem>,
    pub request: Option<RequestView>,
    /// The body that would be sent if the filter let the sample pass.
    pub held_back: Option<String>,
    /// One for each row of the filter.
    pub rows: Vec<RowFeedback>,
    /// One for each row of the mapping.
    pub fields: Vec<FieldFeedback>,
    pub review: String,
    /// What it would be called if it were saved without a name; an example as long as that cannot be told.
    pub name: String,
    pub changes: Option<Vec<String>>,
    pub sample_label: String,
    /// What the sample is known by, so that the page sees when it shows another one.
    pub sample_mark: String,
    /// What would be sent empty, since the sample has nothing at its path.
    pub gaps: Vec<GapView>,
    /// Of events that nobody knows, what to look out for.
    pub unheard_of: Vec<String>,
    /// What is to be thought of although it would be sent.
    pub notes: Vec<String>,
}

/// Something that is empty in the sample.
pub struct GapView {
    /// The control that it comes from.
    pub id: String,
    pub label: String,
    pub message: String,
}

/// The request as it would go out.
pub struct RequestView {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub bytes: usize,
    pub cut: bool,
    /// The headers that the mapping adds.
    pub added: Vec<(String, String)>,
    /// Why it cannot be shown in full.
    pub note: Option<String>,
}

/// What a condition or a group comes to on the sample.
#[derive(Default)]
pub struct RowFeedback {
    /// What its path is called in short.
    pub place: Option<String>,
    pub problem: Option<String>,
    pub class: &'static str,
    pub mark: &'static str,
    pub word: String,
    pub reason: String,
    /// The operators, those that fit the value first.
    pub operators: Vec<OperatorGroup>,
}

/// What a field comes to on the sample.
#[derive(Default)]
pub struct FieldFeedback {
    /// What its path is called in short.
    pub place: Option<String>,
    pub problem: Option<String>,
    /// That its path finds nothing.
    pub gap: Option<String>,
    /// What was done and the value after it.
    pub steps: Vec<(String, String)>,
}

/// Where the request would go.
pub enum Target<'a> {
    /// Nothing is chosen or typed yet.
    None,
    /// What is wrong with what is typed.
    Unreadable(String),
    Saved(&'a Settings),
    /// One that is being typed; its signature cannot be shown before it is made.
    Typed(Box<Settings>),
}

/// Tries everything on the sample.
pub async fn live(
    form: &ConnectionForm,
    sample: &Sample,
    target: &Target<'_>,
    destination: String,
    names: &Names,
    now: Timestamp,
) -> Result<Live, ApiError> {
    let (rules, pointers, mut problems) = form.rules();
    let document = sample.document.as_ref().unwrap_or(&Value::Null);
    let rows = rows(&form.conditions, &rules, &pointers, document, now);
    let compiled = Rules::compile(&rules);
    if let Err(found) = &compiled {
        problems.extend(found.iter().map(FormProblem::from));
    }
    let fields = fields(&form.fields, document).await?;
    let Decided {
        verdict,
        request,
        missing,
        held_back,
    } = match compiled.ok().filter(|_| problems.is_empty()) {
        Some(compiled) => decided(compiled, sample, target, now).await?,
        None => Decided::not(t!("builder-mend-first")),
    };
    let gaps = match form.mapping_mode.as_str() {
        "fields" if verdict.body.is_some() => field_gaps(&form.fields, &fields),
        _ => template_gap(&missing).into_iter().collect(),
    };
    // It passes, and there is nothing yet that could be sent.
    let (verdict, request) = if form.lacks_fields() && verdict.body.is_some() {
        let waits = undecided(t!("builder-needs-field"));
        let tree = verdict.tree;
        (Verdict { tree, ..waits }, None)
    } else {
        (verdict, request)
    };
    let verdict = with_open_choices(verdict, form, target);
    let notes = notes(&rules, &verdict, target);
    Ok(Live {
        verdict,
        problems: form.placed(problems, &pointers),
        request,
        // Without fields there is nothing yet that could be sent.
        held_back: held_back.filter(|_| !form.lacks_fields()),
        rows,
        fields,
        name: t!("builder-name-example"),
        review: review(form, &rules, &destination, names),
        changes: None,
        sample_label: sample.label.clone(),
        sample_mark: hex::encode(Sha256::digest(&sample.body)),
        gaps,
        unheard_of: unheard_of(&rules.trigger.events),
        notes,
    })
}

/// Nothing is sent as long as it is not said from where and to where: then the sample only passes.
fn with_open_choices(verdict: Verdict, form: &ConnectionForm, target: &Target<'_>) -> Verdict {
    if verdict.body.is_none() {
        return verdict;
    }
    let (word, sentence) = match target {
        Target::None => (
            t!("builder-verdict-no-destination"),
            t!("builder-needs-destination"),
        ),
        Target::Unreadable(problem) => (t!("builder-verdict-no-address"), problem.clone()),
        Target::Saved(_) | Target::Typed(_) if form.source_id.is_empty() => (
            t!("builder-verdict-no-source"),
            t!("builder-needs-source-choice"),
        ),
        Target::Saved(_) | Target::Typed(_) => return verdict,
    };
    Verdict {
        chip: Chip::new(word, ""),
        sentence,
        ..verdict
    }
}

/// What a person does not see of a body that is sent: words that only show what goes there, a custom field that may be another one, and that it is no
/// mail.
fn notes(rules: &RulesDocument, verdict: &Verdict, target: &Target<'_>) -> Vec<String> {
    let mut notes = placeholders::in_mapping(&rules.mapping);
    if has_field_by_place(&rules.filter) || has_field_by_place(&rules.mapping) {
        notes.push(t!("builder-field-by-place"));
    }
    let settings = match target {
        Target::Saved(settings) => Some(*settings),
        Target::Typed(settings) => Some(&**settings),
        Target::None | Target::Unreadable(_) => None,
    };
    let warnings = warnings::of_rules(rules, settings);
    notes.extend(warnings.iter().map(|warning| retold(&warning.message)));
    let mail = settings.and_then(|settings| settings.endpoint.mail());
    if let (Some(_), Some(body)) = (mail, &verdict.body)
        && verdict.content_type == JSON
        && !is_mail(body)
    {
        notes.push(t!("builder-no-mail"));
    }
    notes
}

/// Whether a custom field is chosen by where it stands among those of a record, which differs from record to record.
fn has_field_by_place(part: &Value) -> bool {
    let is_place = |rest: &str| rest.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
    part.to_string()
        .split("todoCustomFields[")
        .skip(1)
        .any(is_place)
}

fn template_gap(missing: &[String]) -> Option<GapView> {
    gap_message(missing).map(|message| GapView {
        id: "template".into(),
        label: t!("builder-template"),
        message,
    })
}

fn field_gaps(rows: &[FieldRow], fields: &[FieldFeedback]) -> Vec<GapView> {
    let told = rows.iter().zip(fields).enumerate();
    told.filter_map(|(index, (row, field))| {
        Some(GapView {
            id: format!("f-source-{index}"),
            label: t!("builder-field-named", name = row.to),
            message: field.gap.clone()?,
        })
    })
    .collect()
}

fn gap_message(missing: &[String]) -> Option<String> {
    (!missing.is_empty()).then(|| t!("builder-gap", paths = missing.join(", ")))
}

/// The sentence that says what will happen; as long as no field is chosen, that one is to be.
fn review(
    form: &ConnectionForm,
    rules: &RulesDocument,
    destination: &str,
    names: &Names,
) -> String {
    let source = names.source(&form.source_id);
    if form.lacks_fields() {
        let some = t!("builder-some-fields");
        let said = sentence_with(rules, &source, destination, names, &some);
        format!("{said} {}", t!("builder-no-field-chosen"))
    } else {
        sentence(rules, &source, destination, names)
    }
}

fn undecided(sentence: String) -> Verdict {
    Verdict {
        chip: Chip::new(t!("builder-not-ready"), ""),
        sentence,
        tree: None,
        body: None,
        content_type: String::new(),
    }
}

/// What the rules as a whole come to on the sample.
struct Decided {
    verdict: Verdict,
    request: Option<RequestView>,
    /// Paths that a template prints and does not find.
    missing: Vec<String>,
    held_back: Option<String>,
}

impl Decided {
    fn not(why: String) -> Decided {
        Decided {
            verdict: undecided(why),
            request: None,
            missing: Vec::new(),
            held_back: None,
        }
    }
}

/// The body that a filter holds back; nothing when it is sent, when the event is not listened to, or when it cannot be made.
fn held_back(rules: &Rules, run: &DryRun, body: &[u8]) -> Option<String> {
    let is_held = run.decision == Ruling::Skip && run.not_triggered.is_none();
    let output = is_held.then(|| body_of(rules, body).ok()).flatten()?;
    Some(body_shown(&read_back(&output)))
}

async fn decided(
    rules: Rules,
    sample: &Sample,
    target: &Target<'_>,
    now: Timestamp,
) -> Result<Decided, ApiError> {
    let body = sample.body.clone();
    let document = sample.document.clone();
    let (run, missing, held_back) = in_turn(&RULES, move || {
        let run = dry_run(&rules, body.as_bytes(), now);
        let sent = document.filter(|_| run.as_ref().is_ok_and(|run| run.body.is_some()));
        let missing = sent.map_or_else(Vec::new, |document| rules.mapping().missing(&document));
        let held = run.as_ref().ok();
        let held = held.and_then(|run| held_back(&rules, run, body.as_bytes()));
        (run, missing, held)
    })
    .await?;
    let run = match run {
        Ok(run) => run,
        Err(error) => {
            let sentence = t!("builder-no-event", error = retold(&error.to_string()));
            return Ok(Decided::not(sentence));
        }
    };
    let mut verdict = Verdict::new(&run);
    if run.not_triggered.is_some()
        && let Ok(Reading::Event { facts, .. }) = read(sample.body.as_bytes())
    {
        verdict.sentence = format!(
            "{} {}",
            verdict.sentence,
            t!(
                "builder-other-sample",
                name = event_label(&facts.event_type)
            )
        );
    }
    let request = run
        .body
        .as_deref()
        .map(|body| request(target, body, &run, now));
    Ok(Decided {
        verdict,
        request,
        missing,
        held_back,
    })
}

fn request(target: &Target<'_>, body: &str, run: &DryRun, now: Timestamp) -> RequestView {
    let parts = run.request.as_deref();
    let mut end = body.len().min(BODY_LIMIT_BYTES);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let mut view = RequestView {
        line: String::new(),
        headers: Vec::new(),
        body: body[..end].to_string(),
        bytes: body.len(),
        cut: end < body.len(),
        added: parts.map_or_else(Vec::new, |parts| parts.headers.clone()),
        note: None,
    };
    let settings = match target {
        Target::None => {
            view.note = Some(t!("builder-request-none"));
            return view;
        }
        Target::Unreadable(problem) => {
            view.note = Some(t!("builder-request-impossible", reason = problem));
            return view;
        }
        Target::Saved(settings) => *settings,
        Target::Typed(settings) => {
            view.note = Some(t!("builder-request-unsigned"));
            &**settings
        }
    };
    if settings
        .endpoint
        .request()
        .is_some_and(|to| !to.sends_body())
    {
        view.body.clear();
        (view.bytes, view.cut) = (0, false);
        view.note = Some(t!("builder-request-bodiless"));
    }
    let content_type = run.content_type.as_deref().unwrap_or_default();
    match rehearse(settings, body, content_type, parts, now) {
        Ok((line, headers)) => {
            view.line = line;
            view.headers = headers;
        }
        Err(reason) => view.note = Some(t!("builder-request-impossible", reason = retold(&reason))),
    }
    view
}

fn rows(
    rows: &[FilterRow],
    rules: &RulesDocument,
    pointers: &[(usize, String)],
    document: &Value,
    now: Timestamp,
) -> Vec<RowFeedback> {
    let input = Input {
        document,
        reference_time: now,
    };
    let feedback = |(index, row): (usize, &FilterRow)| {
        let mut feedback = RowFeedback::default();
        if !row.is_group() {
            feedback.operators = operator_groups(found_at(&row.path, document));
            feedback.place = sample_tree::short_name(&row.path, document);
        }
        let pointer = pointers.iter().find(|(other, _)| *other == index);
        let part =
            pointer.and_then(|(_, pointer)| rules.filter.pointer(pointer.strip_prefix("/filter")?));
        match part.map(Filter::parse) {
            None => {}
            // A group's problems stand at the conditions that have them.
            Some(Err(_)) if row.is_group() => {}
            Some(Err(problems)) => {
                feedback.problem = problems.first().map(|problem| retold(&problem.message))
            }
            // What nobody can mean, like a text to look for that is still to be typed, is told before what comes of it.
            Some(Ok(filter)) if !row.is_group() && !filter.unfit(About::Event).is_empty() => {
                let unfit = filter.unfit(About::Event);
                feedback.problem = unfit.first().map(|problem| retold(&problem.message));
            }
            Some(Ok(filter)) => {
                let explanation = filter.evaluate(&input);
                feedback.tell(&explanation);
                if finds_nothing(&explanation) {
                    feedback.word.extend(meant(&row.path, document));
                }
            }
        }
        feedback
    };
    rows.iter().enumerate().map(feedback).collect()
}

/// Whether a condition's path leads nowhere.
fn finds_nothing(explanation: &Explanation) -> bool {
    let Explanation::Condition { result, reason, .. } = explanation else {
        return false;
    };
    *result == Truth::Unknown && matches!(**reason, Reason::Missing { .. })
}

/// Which of the sample's paths was meant by one that finds nothing, as a further sentence.
fn meant(path: &str, document: &Value) -> Option<String> {
    let path = sample_tree::meant(path, document)?;
    Some(format!(" {}", t!("builder-meant-path", path = path)))
}

impl RowFeedback {
    fn tell(&mut self, explanation: &Explanation) {
        let (result, reason) = match explanation {
            Explanation::Group { children, .. } if children.is_empty() => {
                self.word = t!("builder-group-empty");
                return;
            }
            Explanation::Group { result, .. } => (*result, String::new()),
            Explanation::Condition { result, reason, .. } => (*result, tree::reason(reason)),
        };
        (self.class, self.mark, self.word) = match result {
            Truth::True => ("true", "✓", t!("builder-holds")),
            Truth::False => ("false", "✗", t!("builder-holds-not")),
            // Its reason says that it cannot be told.
            Truth::Unknown => {
                (self.class, self.mark, self.word) = ("unknown", "?", reason);
                return;
            }
        };
        self.reason = reason;
    }
}

/// What a field came to, before it is told in the reader's language.
#[derive(Default)]
struct Tried {
    problem: Option<String>,
    missing: Vec<String>,
    steps: Vec<(String, String)>,
}

/// Tries each field by itself.
async fn fields(rows: &[FieldRow], document: &Value) -> Result<Vec<FieldFeedback>, ApiError> {
    let mappings: Vec<_> = rows.iter().map(mapping_of).collect();
    if mappings.iter().all(Option::is_none) {
        return Ok(rows.iter().map(|_| FieldFeedback::default()).collect());
    }
    let sample = document.clone();
    let tried = in_turn(&RULES, move || {
        let tried = |mapping: Value| tried(&mapping, &sample);
        let each = mappings.into_iter();
        each.map(|mapping| mapping.map(|mapping| mapping.map(tried)))
            .collect::<Vec<_>>()
    })
    .await?;
    let told = rows.iter().zip(tried);
    Ok(told
        .map(|(row, tried)| FieldFeedback {
            place: place_of(row, document),
            ..field(row, tried, document)
        })
        .collect())
}

/// What its path is called in short, when it takes its value from one.
fn place_of(row: &FieldRow, document: &Value) -> Option<String> {
    let is_path = !["template", "value"].contains(&row.kind.as_str());
    let path = Some(row.source.trim()).filter(|_| is_path)?;
    sample_tree::short_name(path, document)
}

/// A mapping of this field alone, or what is wrong with its pipe; `None` when it has no value yet.
fn mapping_of(row: &FieldRow) -> Option<Result<Value, String>> {
    if row.is_unfinished() {
        return None;
    }
    Some(row.document().map(|mut field| {
        // The value can be shown before it is said where it goes.
        if row.to.is_empty() {
            field["to"] = Value::from("value");
        }
        serde_json::json!({"mode": "fields", "fields": [field]})
    }))
}

fn tried(mapping: &Value, document: &Value) -> Tried {
    let mapping = match Mapping::parse(mapping) {
        Ok(mapping) => mapping,
        Err(problems) => {
            return Tried {
                problem: problems.into_iter().next().map(|problem| problem.message),
                ..Tried::default()
            };
        }
    };
    let preview = mapping.preview(document).into_iter().next();
    preview.map_or_else(Tried::default, |preview| Tried {
        problem: preview.error,
        missing: preview.missing,
        steps: preview
            .steps
            .into_iter()
            .map(|(step, value)| (step, cut(&value.to_string(), STEP_LIMIT_CHARS)))
            .collect(),
    })
}

fn field(row: &FieldRow, tried: Option<Result<Tried, String>>, document: &Value) -> FieldFeedback {
    let tried = match tried {
        None => return FieldFeedback::default(),
        Some(Err(message)) => {
            return FieldFeedback {
                problem: Some(message),
                ..FieldFeedback::default()
            };
        }
        Some(Ok(tried)) => tried,
    };
    let unsaid = || row.to.is_empty().then(|| t!("builder-say-field"));
    FieldFeedback {
        problem: tried.problem.as_deref().map(retold).or_else(unsaid),
        gap: gap_message(&tried.missing).map(|mut gap| {
            gap.extend(meant(&row.source, document).filter(|_| row.kind == "path"));
            gap
        }),
        steps: tried.steps,
        ..FieldFeedback::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::has_field_by_place;

    #[test]
    fn a_custom_field_that_is_chosen_by_its_place_is_told() {
        for (path, is_told) in [
            ("$.currentValue.todoCustomFields[0].number", true),
            ("$.currentValue.todoCustomFields[-1].number", true),
            ("$.currentValue.todoCustomFields[*].number", false),
            (
                "$.currentValue.todoCustomFields[?@.customField.name=='[0]'].number",
                false,
            ),
            ("$.currentValue.todoTags[0].tag.title", false),
        ] {
            let condition = json!({"all": [{"path": path, "op": "exists"}]});
            let template = json!({"mode": "template", "body": format!("{{{{ {} }}}}", &path[2..])});
            assert_eq!(has_field_by_place(&condition), is_told, "{path}");
            assert_eq!(has_field_by_place(&template), is_told, "{path}");
        }
    }
}
