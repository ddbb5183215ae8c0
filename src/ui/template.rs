//! Go templates, as `--format` takes them: with the functions of the Docker command line, and a clear word
//! about a field that isn't there.

use gtmpl_ng::{Context, FuncError, Value};
use serde_json::Value as Json;

/// A template that can be rendered again and again.
pub struct Template(gtmpl_ng::Template);

/// A template that can't be read, or doesn't fit its data.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// The library begins with the name of the template, which has none.
    fn read(text: &str) -> TemplateError {
        TemplateError(text.strip_prefix("template: ").unwrap_or(text).trim_start_matches(':').to_owned())
    }
}

/// Functions the Docker command line adds to Go's own.
const FUNCTIONS: [(&str, gtmpl_ng::Func); 10] = [
    ("json", json),
    ("split", split),
    ("join", join),
    ("title", title),
    ("lower", lower),
    ("upper", upper),
    ("pad", pad),
    ("truncate", truncate),
    ("label", label),
    (SHOW, show),
];

/// What every printed value goes through: the library prints objects in a way of its own.
const SHOW: &str = "_show";

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut template = gtmpl_ng::Template::default();
        template.add_funcs(&FUNCTIONS);
        template
            .parse(printed(&method_as_function(text)))
            .map_err(|error| TemplateError::read(&error.to_string()))?;
        Ok(Template(template))
    }

    /// Fills it with an object.
    pub fn render(&self, data: &Json) -> Result<String, TemplateError> {
        self.0.render(&Context::from(value_of(data))).map_err(|error| {
            let text = error.to_string();
            // The library's words go on with the whole object.
            match text.split_once("no field `").and_then(|(_, rest)| rest.split_once('`')) {
                Some((name, _)) => {
                    TemplateError(format!("there is no field `{name}`; there are {}", keys(data)))
                }
                None => TemplateError::read(&text),
            }
        })
    }
}

fn keys(data: &Json) -> String {
    let names = data.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let names: Vec<&str> = names.filter(|key| *key != LABEL_MAP).collect();
    names.join(", ")
}

/// `.Label "x"` is a method with an argument, which the library doesn't know: it becomes `label $ "x"`.
fn method_as_function(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, action) = rest.split_at(at);
        let end = action.find("}}").unwrap_or(action.len());
        out.push_str(before);
        let mut quote = None;
        let mut part = &action[..end];
        while let Some(c) = part.chars().next() {
            let method = part.strip_prefix(".Label").filter(|rest| rest.starts_with([' ', '"', '`', '(']));
            if let (None, Some(rest)) = (quote, method) {
                out.push_str("label $ ");
                part = rest;
                continue;
            }
            match quote {
                Some(open) if open == c => quote = None,
                None if matches!(c, '"' | '`') => quote = Some(c),
                _ => {}
            }
            out.push(c);
            part = &part[c.len_utf8()..];
        }
        rest = &action[end..];
    }
    out + rest
}

/// Sends what an action prints through [`show`]; actions that print nothing stay.
fn printed(text: &str) -> String {
    const SILENT: [&str; 10] =
        ["if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, action)) = rest.split_once("{{") {
        out.push_str(before);
        out.push_str("{{");
        rest = action;
        let Some((action, after)) = action.split_once("}}") else { break };
        let (open, inner) = match action.strip_prefix("- ") {
            Some(inner) => ("- ", inner),
            None => ("", action),
        };
        let (inner, close) = match inner.strip_suffix(" -") {
            Some(inner) => (inner, " -"),
            None => (inner, ""),
        };
        let word = inner.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let silent = SILENT.contains(&word) || inner.contains('=') || inner.trim_start().starts_with("/*");
        if silent || inner.trim().is_empty() {
            out.push_str(action);
        } else {
            out.push_str(&format!("{open}{SHOW} ({inner}){close}"));
        }
        out.push_str("}}");
        rest = after;
    }
    out + rest
}

/// A value in Go's words: lists in brackets, and an object that is a published port as Docker Compose prints it.
fn show(args: &[Value]) -> Result<Value, FuncError> {
    let [value] = arguments(SHOW, args)?;
    Ok(Value::String(words(value)))
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(words).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let field = |name: &str| fields.get(name).map(ToString::to_string);
            let publisher = (field("TargetPort"), field("Protocol"), field("URL"), field("PublishedPort"));
            match publisher {
                (Some(target), Some(protocol), Some(host), Some(port)) => {
                    let host = if host.contains(':') { format!("[{host}]") } else { host };
                    format!("{target}/{protocol} -> {host}:{port}")
                }
                _ => value.to_string(),
            }
        }
        other => other.to_string(),
    }
}

fn value_of(data: &Json) -> Value {
    match data {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(value_of).collect()),
        Json::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), value_of(value))).collect())
        }
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::Bool(*truth),
        Value::String(text) => Json::String(text.clone()),
        Value::Number(number) => serde_json::from_str(&number.to_string()).unwrap_or(Json::Null),
        Value::Array(items) => Json::Array(items.iter().map(json_of).collect()),
        Value::Object(entries) | Value::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().filter(|(key, _)| *key != LABEL_MAP).collect();
            sorted.sort_by_key(|(key, _)| *key);
            Json::Object(sorted.into_iter().map(|(key, value)| (key.clone(), json_of(value))).collect())
        }
        Value::NoValue | Value::Nil | Value::Function(_) => Json::Null,
    }
}

/// JSON on one line, with Go's escapes for what means something in HTML.
pub fn go_json(data: &Json) -> String {
    // Outside of strings these characters don't occur in JSON.
    data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn arguments<'a, const N: usize>(name: &str, args: &'a [Value]) -> Result<&'a [Value; N], FuncError> {
    args.try_into().map_err(|_| FuncError::ExactlyXArgs(name.to_owned(), N))
}

fn json(args: &[Value]) -> Result<Value, FuncError> {
    let [value] = arguments("json", args)?;
    Ok(Value::String(go_json(&json_of(value))))
}

fn split(args: &[Value]) -> Result<Value, FuncError> {
    let [text, separator] = arguments("split", args)?;
    let (text, separator) = (text.to_string(), separator.to_string());
    Ok(Value::Array(text.split(&separator).map(|part| Value::String(part.to_owned())).collect()))
}

fn join(args: &[Value]) -> Result<Value, FuncError> {
    let [list, separator] = arguments("join", args)?;
    let Value::Array(items) = list else { return Err(FuncError::UnableToConvertFromValue) };
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    Ok(Value::String(items.join(&separator.to_string())))
}

fn title(args: &[Value]) -> Result<Value, FuncError> {
    let [text] = arguments("title", args)?;
    let mut start = true;
    let mut out = String::new();
    for c in text.to_string().chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        start = !(c.is_alphanumeric() || matches!(c, '_' | '\''));
    }
    Ok(Value::String(out))
}

fn lower(args: &[Value]) -> Result<Value, FuncError> {
    let [text] = arguments("lower", args)?;
    Ok(Value::String(text.to_string().to_lowercase()))
}

fn upper(args: &[Value]) -> Result<Value, FuncError> {
    let [text] = arguments("upper", args)?;
    Ok(Value::String(text.to_string().to_uppercase()))
}

/// A number of blanks or characters.
fn count(value: &Value) -> Result<usize, FuncError> {
    value.to_string().parse().map_err(|_| FuncError::UnableToConvertFromValue)
}

/// Blanks before and after; nothing stays nothing.
fn pad(args: &[Value]) -> Result<Value, FuncError> {
    let [text, before, after] = arguments("pad", args)?;
    let (text, before, after) = (text.to_string(), count(before)?, count(after)?);
    // A blank too many does no harm, a million of them does.
    let (before, after) = (before.min(1000), after.min(1000));
    let padded = format!("{}{text}{}", " ".repeat(before), " ".repeat(after));
    Ok(Value::String(if text.is_empty() { text } else { padded }))
}

fn truncate(args: &[Value]) -> Result<Value, FuncError> {
    let [text, length] = arguments("truncate", args)?;
    Ok(Value::String(text.to_string().chars().take(count(length)?).collect()))
}

/// `label OBJECT NAME`: a heading or the value of one label; objects carry them under a name that no
/// template can write.
fn label(args: &[Value]) -> Result<Value, FuncError> {
    let [object, name] = arguments("label", args)?;
    let name = name.to_string();
    let Value::Object(fields) = object else { return Err(FuncError::UnableToConvertFromValue) };
    match fields.get(LABEL_MAP) {
        Some(Value::Object(labels)) => Ok(labels.get(&name).cloned().unwrap_or_else(|| "".into())),
        // In the heading there are none: the last part of the name stands for the label.
        _ => {
            let last = name.rsplit('.').next().unwrap_or(&name);
            Ok(Value::String(last.replace(['-', '_'], " ")))
        }
    }
}

/// Where an object keeps its labels for `.Label`.
pub const LABEL_MAP: &str = "\u{0}labels";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str) -> Result<String, TemplateError> {
        let data = json!({
            "Name": "a-1", "ExitCode": 3, "State": "running", "List": [{"URL": "::<"}],
            LABEL_MAP: {"x.y": "1"},
        });
        Template::parse(template)?.render(&data)
    }

    #[test]
    fn functions_of_the_docker_command_line() {
        let shown = |template: &str| render(template).expect("text");
        assert_eq!(shown("{{.Name}} {{.ExitCode}}"), "a-1 3");
        assert_eq!(shown("{{json .List}}"), r#"[{"URL":"::\u003c"}]"#);
        assert!(!shown("{{json .}}").contains("labels"));
        assert_eq!(shown("{{upper .Name}} {{title \"a b-c\"}}"), "A-1 A B-C");
        assert_eq!(shown("{{split .Name \"-\"}} {{join (split .Name \"-\") \"+\"}}"), "[a 1] a+1");
        assert_eq!(shown("[{{pad .Name 1 2}}] {{truncate .Name 2}}"), "[ a-1  ] a-");
        assert_eq!(shown("{{if eq .State \"running\"}}yes{{end}}"), "yes");
    }

    #[test]
    fn labels_are_asked_like_a_method() {
        let shown = |template: &str| render(template).expect("text");
        assert_eq!(shown("{{.Label \"x.y\"}}{{.Label \"z\"}}"), "1");
        assert_eq!(shown("{{upper (.Label `x.y`)}} {{\".Label x\"}} .Label x"), "1 .Label x .Label x");
    }

    #[test]
    fn a_field_that_is_not_there_is_named() {
        let told = render("{{.Foo}}").expect_err("an error").to_string();
        assert!(told.starts_with("template: there is no field `Foo`; there are Name, ExitCode"), "{told}");
        assert!(render("{{.Name").is_err());
    }
}
