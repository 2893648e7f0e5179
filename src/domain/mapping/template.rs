//! Templates: Jinja syntax by minijinja, bounded in time and size, with our functions as filters.
//!
//! A JSON template is escaped by where a value stands: inside a JSON text it is printed as part of it, anywhere else as a whole JSON value. So neither quotes
//! nor line breaks in an event can break the body. It works in two passes: while rendering, each value is put aside and a numbered mark is written;
//! afterwards the marks are replaced, knowing on which side of a quote they stand. `| raw` prints a text as it is. A missing path prints nothing.
//! No clock, no chance, no files.
//!
//! Work is bounded by fuel, which minijinja takes for most of what it does. What it does not count is kept small: values are copied out of it under
//! the same fuel ([`plain`]), nothing that builds lists of lists without end is there ([`REMOVED`]), and `involved` bounds how lists may grow. What
//! cannot work is refused when the template is read: names that there are not (`unknown`), marks that would be looked at (`captured`). What minijinja
//! would join and compare otherwise than the bridge does is written otherwise before it reads the template (`operators`).

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output as Sink, State, UndefinedBehavior,
    Value as Jinja,
};
use serde_json::Value;

use crate::domain::mapping::captured::misused;
use crate::domain::mapping::functions::{Call, functions, must_compile, too_long};
use crate::domain::mapping::gaps;
use crate::domain::mapping::involved::too_involved;
use crate::domain::mapping::json_like::{Quoted, looks_like_json};
use crate::domain::mapping::operators;
use crate::domain::mapping::unknown::{named_in_text, unknown};
use crate::domain::mapping::{JSON, MappingError, OUTPUT_LIMIT_BYTES, Output};
use crate::domain::problem::Problem;

/// Longest template, in bytes.
pub const TEXT_LIMIT_BYTES: usize = 64 * 1024;
/// Instructions that one rendering may take.
pub const FUEL: u64 = 200_000;
/// Instructions that the templates of one mapping may take together; each has an equal share of them, at most [`FUEL`].
pub const MAPPING_FUEL: u64 = 2_000_000;
/// Type of a body that is not JSON.
pub const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// How deep the lists and objects may be nested that a template prints or hands to a function; events are not deeper.
const DEPTH_LIMIT: usize = 128;
/// Bytes of text that cost one unit of fuel when they are copied.
const BYTES_PER_FUEL: usize = 64;

/// What compiling a pattern costs that is not at hand: as much fuel as two thousand instructions.
const PATTERN_FUEL: u64 = 2_000;

/// What minijinja knows and a mapping does not need: it would let lists grow beyond what fuel counts. A test names what is left, since what of it is
/// bounded by fuel cannot be put into an empty environment: minijinja keeps those functions to itself.
const REMOVED: [&str; 14] = [
    "batch",
    "capitalize",
    "chain",
    "e",
    "escape",
    "format",
    "indent",
    "lines",
    "slice",
    "title",
    "trim",
    "urlencode",
    "pprint",
    "zip",
];

/// Stands at both sides of a mark's number. It cannot be in a template, and is taken out of whatever is printed raw.
const MARK: char = '\u{0}';
const NAME: &str = "template";

/// Why a template was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// In characters from 0, when it is known.
    pub position: Option<usize>,
    pub reason: String,
}

/// A template inside a field: gives a plain text.
#[derive(Debug, Clone)]
pub struct TextTemplate(Arc<Environment<'static>>);

/// A template of a part of the request. Like those of a body in JSON it is escaped by where a value stands, which is for whoever renders it to say.
#[derive(Debug, Clone)]
pub struct PartTemplate(Arc<Environment<'static>>);

/// An event for the parts of one request: it is copied into minijinja's values once, and what they print is put aside in one place.
#[derive(Debug)]
pub struct Apart {
    context: Jinja,
    aside: Arc<Aside>,
}

/// What a part is put together from.
#[derive(Debug)]
pub enum Piece<'p> {
    /// What stands in the template, or was printed raw.
    Text(&'p str),
    /// A value that is printed, as people would write it.
    Value(String),
    /// In the place of a value that is missing or null.
    Nothing,
}

/// A template that is the whole body.
#[derive(Debug, Clone)]
pub struct BodyTemplate {
    environment: Arc<Environment<'static>>,
    json: bool,
}

/// An event for many text templates: it is copied into minijinja's values once, for the first of them.
#[derive(Debug)]
pub struct Shared<'d> {
    pub document: &'d Value,
    context: OnceCell<Jinja>,
}

impl<'d> Shared<'d> {
    /// Copies nothing yet.
    pub fn new(document: &'d Value) -> Shared<'d> {
        Shared {
            document,
            context: OnceCell::new(),
        }
    }
}

impl TextTemplate {
    /// Compiles a template.
    pub fn parse(text: &str) -> Result<TextTemplate, TemplateProblem> {
        compile(text, false).map(|environment| TextTemplate(Arc::new(environment)))
    }

    /// Lets it take as much as each of so many templates of one mapping may.
    pub(super) fn share_fuel(&mut self, templates: usize) {
        set_share(&mut self.0, templates);
    }

    /// Renders it on an event.
    pub fn render(&self, event: &Shared<'_>) -> Result<String, MappingError> {
        // Nothing is put aside where no JSON is made, so it sees what the others see.
        let context = event.context.get_or_init(|| {
            let aside = Arc::default();
            context_of(event.document, &aside)
        });
        rendered(&self.0, context.clone())
    }

    /// What nobody can mean although it can be read.
    pub(super) fn unfit(&self, pointer: &str) -> Option<Problem> {
        unfit(&self.0, pointer)
    }

    /// The paths that it prints and that find nothing.
    pub(super) fn missing(&self, document: &Value) -> Vec<String> {
        paths_missing(&self.0, document)
    }
}

impl Apart {
    pub(super) fn new(document: &Value) -> Apart {
        let aside = Arc::default();
        Apart {
            context: context_of(document, &aside),
            aside,
        }
    }
}

impl PartTemplate {
    pub(super) fn parse(text: &str) -> Result<PartTemplate, TemplateProblem> {
        compile(text, true).map(|environment| PartTemplate(Arc::new(environment)))
    }

    /// Lets it take as much as each of so many templates of one request may.
    pub(super) fn share_fuel(&mut self, templates: usize) {
        set_share(&mut self.0, templates);
    }

    /// What nobody can mean although it can be read.
    pub(super) fn unfit(&self, pointer: &str) -> Option<Problem> {
        unfit(&self.0, pointer)
    }

    /// The paths that it prints and that find nothing.
    pub(super) fn missing(&self, document: &Value) -> Vec<String> {
        paths_missing(&self.0, document)
    }

    /// Renders it on an event, each piece written as it is said.
    pub(super) fn render(
        &self,
        event: &Apart,
        write: impl Fn(Piece<'_>) -> Result<Cow<'_, str>, MappingError>,
    ) -> Result<String, MappingError> {
        let text = rendered(&self.0, event.context.clone())?;
        let values = &event.aside.0;
        let values = values.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        for (index, piece) in text.split(MARK).enumerate() {
            let marked = || values.get(piece.parse::<usize>().ok()?);
            // Pieces stand between marks, marks at the odd places.
            let piece = match (index % 2 == 0).then_some(piece) {
                Some(text) => Piece::Text(text),
                None => match marked() {
                    None | Some(Value::Null) => Piece::Nothing,
                    Some(value) => Piece::Value(plain_text(value)),
                },
            };
            out.push_str(&write(piece)?);
            if out.len() > OUTPUT_LIMIT_BYTES {
                return Err(MappingError::too_large(""));
            }
        }
        Ok(out)
    }
}

impl BodyTemplate {
    pub(super) fn parse(
        body: Option<&Value>,
        format: Option<&Value>,
        problems: &mut Vec<Problem>,
    ) -> Option<BodyTemplate> {
        let Some(text) = body.and_then(Value::as_str) else {
            problems.push(Problem::new(
                "/body",
                "missing",
                "`body` is the text of the template.",
            ));
            return None;
        };
        let json = match format.map(|format| format.as_str().unwrap_or_default()) {
            None => looks_like_json(text),
            Some("json") => true,
            Some("text") => false,
            Some(_) => {
                problems.push(Problem::new(
                    "/format",
                    "wrong_value",
                    "`format` is json or text.",
                ));
                return None;
            }
        };
        match compile(text, json) {
            Ok(environment) => Some(BodyTemplate {
                environment: Arc::new(environment),
                json,
            }),
            Err(problem) => {
                problems.push(
                    Problem::new("/body", "bad_template", problem.reason).at(problem.position),
                );
                None
            }
        }
    }

    /// What nobody can mean although it can be read.
    pub(super) fn unfit(&self, pointer: &str) -> Option<Problem> {
        unfit(&self.environment, pointer)
    }

    /// The paths that it prints and that find nothing.
    pub(super) fn missing(&self, document: &Value) -> Vec<String> {
        paths_missing(&self.environment, document)
    }

    pub(super) fn render(&self, document: &Value) -> Result<Output, MappingError> {
        let aside = Arc::default();
        let text = rendered(&self.environment, context_of(document, &aside))?;
        if self.json {
            let values = aside.0.lock().unwrap_or_else(PoisonError::into_inner);
            let text = bounded(resolve(&text, &values, true))?;
            serde_json::from_str::<serde::de::IgnoredAny>(&text)
                .map_err(|error| not_json(&text, &error))?;
            return Ok(Output {
                body: text.into_bytes(),
                content_type: JSON.into(),
                request: None,
            });
        }
        let is_json = text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let content_type = if is_json { JSON } else { PLAIN_TEXT };
        Ok(Output {
            body: text.into_bytes(),
            content_type: content_type.into(),
            request: None,
        })
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> MappingError {
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    // The reader counts bytes, people count characters.
    let begins = line.char_indices().map(|(at, _)| at);
    let before = begins.take_while(|at| *at < error.column());
    let column = before.count().max(1);
    let near: String = line
        .chars()
        .skip(column.saturating_sub(20))
        .take(40)
        .collect();
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let words = words.strip_suffix(&place).unwrap_or(&words);
    let place = format!("line {}, column {column}", error.line());
    MappingError::new(
        "template_not_json",
        &place,
        format!(
            "The template did not become JSON: {words} at line {line}, column {column} of what it printed, near `{near}`.",
            line = error.line(),
        ),
    )
}

/// Stack that reading a template may take, in bytes. Its depth is limited (`involved` and minijinja itself), its frames are large.
const STACK_BYTES: usize = 16 << 20;

/// Lets minijinja read the template, on a stack of its own: the caller's may be small.
fn read(environment: &mut Environment<'static>, text: &str) -> Result<(), Error> {
    let failed = |reason: &str| Error::new(ErrorKind::BadSerialization, reason.to_string());
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || added(environment, text))
            .map_err(|_| failed("the machine has no thread free to read it"))?
            .join()
            .unwrap_or_else(|_| Err(failed("reading it failed")))
    })
}

/// Reads the template first as it is: what is wrong with it is told of what a person wrote. Then with its operators written out, in all tags that can be
/// read so; a tag that would be nested too deeply stays as it is.
fn added(environment: &mut Environment<'static>, text: &str) -> Result<(), Error> {
    environment.add_template_owned(NAME, text.to_string())?;
    let written = operators::rewritten(text);
    if written == text || environment.add_template_owned(NAME, written).is_ok() {
        return Ok(());
    }
    let can_be_read = |text: &str| Environment::empty().template_from_str(text).is_ok();
    let written = operators::rewritten_where(text, can_be_read);
    // What was read before stays where even this cannot be.
    environment.add_template_owned(NAME, written).ok();
    Ok(())
}

fn set_share(environment: &mut Arc<Environment<'static>>, templates: usize) {
    let share = MAPPING_FUEL / u64::try_from(templates.max(1)).unwrap_or(u64::MAX);
    Arc::make_mut(environment).set_fuel(Some(share.min(FUEL)));
}

fn compile(text: &str, json: bool) -> Result<Environment<'static>, TemplateProblem> {
    if let Some(problem) = refused_text(text) {
        return Err(problem);
    }
    let mut environment = environment(json);
    read(&mut environment, text).map_err(|error| unreadable(text, &error))?;
    let wrong = unknown(text, &environment).or_else(|| misused(text).filter(|_| json));
    match wrong {
        None => Ok(environment),
        Some((start, reason)) => Err(TemplateProblem {
            position: Some(characters(text, start)),
            reason,
        }),
    }
}

/// What is wrong with a template before minijinja reads it.
fn refused_text(text: &str) -> Option<TemplateProblem> {
    let refuse = |position, reason| Some(TemplateProblem { position, reason });
    if text.len() > TEXT_LIMIT_BYTES {
        let reason = format!("A template may have at most {TEXT_LIMIT_BYTES} bytes.");
        return refuse(None, reason);
    }
    if let Some(position) = text.chars().position(|sign| sign == MARK) {
        let reason = "A template may not hold the NUL character.".into();
        return refuse(Some(position), reason);
    }
    let (start, reason) = too_involved(text)?;
    refuse(Some(characters(text, start)), reason)
}

/// What a template may use, and how it prints.
fn environment(json: bool) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.set_formatter(if json { put_aside } else { print });
    for name in ["debug", "dict", "namespace", "lipsum", "cycler", "joiner"] {
        environment.remove_global(name);
    }
    for name in REMOVED {
        environment.remove_filter(name);
    }
    for name in ["raw", "safe"] {
        environment.add_filter(name, |state: &State<'_, '_>, value: Jinja| {
            let text = plain_text(&plain(state, &value)?);
            Ok::<_, Error>(Jinja::from_safe_string(text.replace(MARK, "")))
        });
    }
    environment.add_filter(
        operators::TEXT,
        |state: &State<'_, '_>, value: Jinja| match value.as_str() {
            Some(_) => Ok(value),
            None => plain(state, &value).map(|value| Jinja::from(plain_text(&value))),
        },
    );
    environment.add_filter(operators::IS, compared);
    operators::add_tests(&mut environment, plain);
    environment.add_filter("string", |state: &State<'_, '_>, value: Jinja| {
        plain(state, &value).map(|value| plain_text(&value))
    });
    environment.add_filter("tojson", |state: &State<'_, '_>, value: Jinja| {
        plain(state, &value).map(|value| Jinja::from_safe_string(value.to_string()))
    });
    for function in functions() {
        environment.add_filter(
            function.id,
            move |state: &State<'_, '_>, value: Jinja, args: minijinja::value::Rest<Jinja>| {
                call(state, function.id, &value, &args)
            },
        );
    }
    // What Jinja calls so does something else than the functions of a pipe.
    environment.add_filter("length", length);
    for name in ["default", "d"] {
        environment.add_filter(name, default);
    }
    environment
}

/// Why minijinja could not read a template, with the beginning of the line.
fn unreadable(text: &str, error: &Error) -> TemplateProblem {
    let lines_before = error
        .line()
        .map(|line| text.lines().take(line.saturating_sub(1)));
    let position = lines_before.map(|lines| lines.map(|line| line.chars().count() + 1).sum());
    let line = error
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_string);
    if let Some(start) = path_in_tag(text) {
        let reason = "In a template the name of a value stands without `$.`, as in `{{ currentValue.title }}`.";
        return TemplateProblem {
            position: Some(characters(text, start)),
            reason: reason.into(),
        };
    }
    TemplateProblem {
        position,
        reason: format!("The template cannot be understood{line}: {detail}."),
    }
}

/// Where a path of a field begins a tag, by its `$.`.
fn path_in_tag(text: &str) -> Option<usize> {
    let mut tags = text.match_indices("{{");
    tags.find_map(|(start, open)| {
        let inside = text.get(start + open.len()..)?;
        let name = inside.trim_start_matches(['-', ' ']);
        name.starts_with("$.").then(|| text.len() - name.len())
    })
}

/// How many characters stand before a byte.
fn characters(text: &str, start: usize) -> usize {
    text.get(..start).unwrap_or_default().chars().count()
}

/// How many items a list has, members an object, characters a text; of a missing value none.
fn length(state: &State<'_, '_>, value: Jinja) -> Result<usize, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map if value.len().is_some() => {
            Ok(value.len().unwrap_or_default())
        }
        _ => plain(state, &value).map(|value| match value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            other => plain_text(&other).chars().count(),
        }),
    }
}

/// `default`: another value where this one is missing or null; with `true` behind it also where this one is false, 0 or empty.
fn default(
    state: &State<'_, '_>,
    value: Jinja,
    other: Option<Jinja>,
    also_no: Option<bool>,
    named: Kwargs,
) -> Result<Jinja, Error> {
    let value = Jinja::from(Serde(plain(state, &value)?));
    let also_no = also_no.or(named.get("boolean")?).unwrap_or(false);
    named.assert_all_used()?;
    if !(value.is_none() || (also_no && !value.is_true())) {
        return Ok(value);
    }
    plain(state, &other.unwrap_or_default()).map(|other| Jinja::from(Serde(other)))
}

/// A value compared with others, as `a < b <= c`: each follows the sign of its operator.
fn compared(
    state: &State<'_, '_>,
    value: Jinja,
    others: minijinja::value::Rest<Jinja>,
) -> Result<bool, Error> {
    let mut left = &value;
    for pair in others.chunks_exact(2) {
        let (sign, right) = (pair[0].as_str().unwrap_or_default(), &pair[1]);
        if !operators::holds(state, left, sign, right, plain)? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

/// One of our functions as a filter.
fn call(state: &State<'_, '_>, id: &str, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let args = args
        .iter()
        .map(|value| plain(state, value))
        .collect::<Result<Vec<Value>, Error>>()?;
    if must_compile(id, &args) {
        state.consume_fuel(PATTERN_FUEL)?;
    }
    let call = Call::parse(id, &args, "").map_err(|problem| invalid(problem.message))?;
    call.apply(&plain(state, value)?)
        .map(|value| Jinja::from(Serde(value)))
        .map_err(invalid)
}

/// Copies a value out of the template, paying for it: lists may be far longer than what they were made of.
fn plain(state: &State<'_, '_>, value: &Jinja) -> Result<Value, Error> {
    copy(state, value, DEPTH_LIMIT)
}

fn copy(state: &State<'_, '_>, value: &Jinja, depth_left: usize) -> Result<Value, Error> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(invalid(format!(
            "a value is nested more than {DEPTH_LIMIT} deep"
        )));
    };
    let pay = |bytes: usize| state.consume_fuel(1 + (bytes / BYTES_PER_FUEL) as u64);
    match value.kind() {
        ValueKind::Undefined => Ok(Value::Null),
        ValueKind::Seq | ValueKind::Iterable => {
            let mut copied = Vec::new();
            for one in value.try_iter()? {
                pay(0)?;
                copied.push(copy(state, &one, depth_left)?);
            }
            Ok(Value::Array(copied))
        }
        ValueKind::Map => {
            let mut copied = serde_json::Map::new();
            for key in value.try_iter()? {
                pay(0)?;
                let name = match key.as_str() {
                    Some(name) => name.to_string(),
                    None => plain_text(&copy(state, &key, 1)?),
                };
                copied.insert(name, copy(state, &value.get_item(&key)?, depth_left)?);
            }
            Ok(Value::Object(copied))
        }
        _ if value.is_safe() => {
            let text = seen(state, value.as_str().unwrap_or_default())?;
            pay(text.len())?;
            Ok(Value::from(text))
        }
        _ => {
            pay(value.as_str().map_or(0, str::len))?;
            serde_json::to_value(value).map_err(|error| invalid(error.to_string()))
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// The values of a rendering, in the order in which they were printed.
#[derive(Debug, Default)]
struct Aside(Mutex<Vec<Value>>);

impl minijinja::value::Object for Aside {}

/// Key under which the values are kept while rendering; not a name that a template can spell.
const ASIDE: &str = "\u{0}aside";

/// Prints a value into a text that is no JSON.
fn print(sink: &mut Sink<'_>, state: &mut State<'_, '_>, value: &Jinja) -> Result<(), Error> {
    let text = plain_text(&plain(state, value)?);
    sink.write_str(&text).map_err(Error::from)
}

/// Puts a value aside and writes its mark.
fn put_aside(sink: &mut Sink<'_>, state: &mut State<'_, '_>, value: &Jinja) -> Result<(), Error> {
    if value.is_safe() {
        // A captured block holds marks of its own, which are replaced later.
        let text = value.as_str().unwrap_or_default();
        state.consume_fuel(1 + (text.len() / BYTES_PER_FUEL) as u64)?;
        return sink.write_str(text).map_err(Error::from);
    }
    let plain = plain(state, value)?;
    let aside = aside(state)?;
    let mut values = aside.0.lock().unwrap_or_else(PoisonError::into_inner);
    values.push(plain);
    write!(sink, "{MARK}{}{MARK}", values.len() - 1).map_err(Error::from)
}

fn aside(state: &State<'_, '_>) -> Result<Arc<Aside>, Error> {
    state
        .lookup(ASIDE)
        .and_then(|value| value.downcast_object::<Aside>())
        .ok_or_else(|| invalid("the template cannot print here".into()))
}

/// A captured block as functions see it: the values in the place of their marks.
fn seen(state: &State<'_, '_>, text: &str) -> Result<String, Error> {
    let aside = aside(state)?;
    let values = aside.0.lock().unwrap_or_else(PoisonError::into_inner);
    if values.is_empty() {
        // Where nothing is put aside, the sign of a mark is one of the event's own.
        return Ok(text.to_string());
    }
    let text = resolve(text, &values, false);
    if text.len() <= OUTPUT_LIMIT_BYTES {
        Ok(text)
    } else {
        Err(invalid(too_long()))
    }
}

fn unfit(environment: &Environment<'static>, pointer: &str) -> Option<Problem> {
    let template = environment.get_template(NAME).ok()?;
    let reason = named_in_text(template.source())?;
    Some(Problem::new(pointer, "bad_template", reason))
}

fn paths_missing(environment: &Environment<'static>, document: &Value) -> Vec<String> {
    let template = environment.get_template(NAME);
    template.map_or_else(
        |_| Vec::new(),
        |template| gaps::of_template(template.source(), document),
    )
}

/// What a template sees: the members of an event, and where values are put aside.
fn context_of(document: &Value, aside: &Arc<Aside>) -> Jinja {
    let mut context: BTreeMap<String, Jinja> = document
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), Jinja::from(Serde(value))))
        .collect();
    context.insert(ASIDE.to_string(), Jinja::from_dyn_object(aside.clone()));
    Jinja::from(context)
}

fn rendered(environment: &Environment<'static>, context: Jinja) -> Result<String, MappingError> {
    let mut sink = Bounded(Vec::new());
    environment
        .get_template(NAME)
        .and_then(|template| template.render_captured_to(context, &mut sink).map(|_| ()))
        .map_err(|error| failed(&error))?;
    String::from_utf8(sink.0)
        .map_err(|_| MappingError::new("template_failed", "", "The template made no text."))
}

fn failed(error: &Error) -> MappingError {
    let path = error
        .line()
        .map(|line| format!("line {line}"))
        .unwrap_or_default();
    match error.kind() {
        ErrorKind::OutOfFuel => MappingError::new(
            "template_too_long",
            path,
            "The template takes too many steps; loop over less.",
        ),
        ErrorKind::WriteFailure => MappingError::too_large(path),
        kind => {
            let detail = error
                .detail()
                .map_or_else(|| kind.to_string(), str::to_string);
            MappingError::new(
                "template_failed",
                path,
                format!("The template failed: {detail}"),
            )
        }
    }
}

/// Refuses to grow beyond the largest body.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_LIMIT_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn bounded(text: String) -> Result<String, MappingError> {
    if text.len() <= OUTPUT_LIMIT_BYTES {
        Ok(text)
    } else {
        Err(MappingError::too_large(""))
    }
}

/// Replaces the marks. In JSON, a value inside a text becomes part of it, and any other becomes a whole value.
fn resolve(text: &str, values: &[Value], json: bool) -> String {
    let mut out = String::with_capacity(text.len() + values.len() * 16);
    let mut quoted = Quoted::default();
    for (index, piece) in text.split(MARK).enumerate() {
        // Pieces stand between marks, marks at the odd places.
        if index % 2 == 0 {
            quoted.pass(piece);
            out.push_str(piece);
        } else if let Some(value) = piece
            .parse::<usize>()
            .ok()
            .and_then(|number| values.get(number))
        {
            match (json, quoted.inside) {
                (true, false) => out.push_str(&value.to_string()),
                (true, true) => {
                    let whole = Value::from(plain_text(value)).to_string();
                    out.push_str(whole.get(1..whole.len() - 1).unwrap_or_default());
                }
                (false, _) => out.push_str(&plain_text(value)),
            }
        }
        if out.len() > OUTPUT_LIMIT_BYTES {
            break;
        }
    }
    out
}

/// A value as people would write it: nothing for null, a text without quotes, JSON for lists and objects.
fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Filters of minijinja that are left. Each takes fuel for what it makes, or makes nothing longer than what it is given, or is ours by now.
    const KEPT_FILTERS: [&str; 35] = [
        "abs",
        "attr",
        "bool",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "groupby",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "sort",
        "split",
        "string",
        "sum",
        "tojson",
        "unique",
        "upper",
    ];
    const KEPT_TESTS: [&str; 42] = [
        "!=",
        "<",
        "<=",
        "==",
        ">",
        ">=",
        "boolean",
        "defined",
        "divisibleby",
        "endingwith",
        "eq",
        "equalto",
        "escaped",
        "even",
        "false",
        "filter",
        "float",
        "ge",
        "greaterthan",
        "gt",
        "in",
        "int",
        "integer",
        "iterable",
        "le",
        "lessthan",
        "lower",
        "lt",
        "mapping",
        "ne",
        "none",
        "number",
        "odd",
        "safe",
        "sameas",
        "sequence",
        "startingwith",
        "string",
        "test",
        "true",
        "undefined",
        "upper",
    ];

    /// The keys that an environment prints of itself between these words.
    fn names(shown: &str, from: &str, to: &str) -> BTreeSet<String> {
        let (_, rest) = shown.rsplit_once(from).unwrap();
        let (list, _) = rest.split_once(to).unwrap();
        serde_json::from_str(list).unwrap()
    }

    /// What a newer minijinja adds is noticed here, and is kept or removed by name: it may make lists that fuel does not count.
    #[test]
    fn a_template_may_use_what_is_named_here_and_nothing_else() {
        let named = |names: &[&str]| -> BTreeSet<String> {
            names.iter().map(|name| name.to_string()).collect()
        };
        let environment = environment(true);
        let shown = format!("{environment:?}");
        let mut filters = named(&KEPT_FILTERS);
        filters.extend(functions().map(|one| one.id.to_string()));
        filters.extend(named(&["raw", operators::TEXT, operators::IS]));
        assert_eq!(names(&shown, ", filters: ", ", templates: "), filters);
        assert_eq!(
            names(&shown, ", tests: ", ", filters: "),
            named(&KEPT_TESTS)
        );
        let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
        assert_eq!(globals, ["range"]);
        let ours: Vec<&str> = functions().map(|one| one.id).collect();
        for name in REMOVED {
            assert!(!KEPT_FILTERS.contains(&name), "{name}");
            assert_eq!(filters.contains(name), ours.contains(&name), "{name}");
        }
    }
}
