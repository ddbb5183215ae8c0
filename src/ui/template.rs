//! Go templates for `--format`: what users and their scripts know from the Docker command line.

use std::collections::HashMap;

use gtmpl_ng::{Context, FuncError, Template, Value};

/// Why a template can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It has a mistake, or a value doesn't suit it.
    #[error("template parsing error: {0}")]
    Template(#[from] gtmpl_ng::TemplateError),
    /// It names a field that is in no row.
    #[error("template parsing error: there is no field .{name}; there are: {known}")]
    UnknownField {
        /// The field.
        name: String,
        /// Those that are there.
        known: String,
    },
}

impl From<gtmpl_ng::ParseError> for TemplateError {
    fn from(error: gtmpl_ng::ParseError) -> TemplateError {
        TemplateError::Template(error.into())
    }
}

impl From<gtmpl_ng::ExecError> for TemplateError {
    fn from(error: gtmpl_ng::ExecError) -> TemplateError {
        TemplateError::Template(error.into())
    }
}

/// The fields of one row by name. A map under `LABELS_BY_KEY` answers `{{.Label "key"}}`.
pub type Row = HashMap<String, Value>;

/// Where [`Row`] keeps the labels for `.Label`.
pub const LABELS_BY_KEY: &str = "__labels";

/// A template that was read.
pub struct Format(Template);

impl Format {
    /// Reads a template. `fields` are the names it may use; `nested` those inside of lists.
    pub fn new(text: &str, fields: &[&str], nested: &[&str]) -> Result<Format, TemplateError> {
        // Shells hand these over as two characters.
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        check_fields(&text, fields, nested)?;
        let mut template = Template::default();
        template.add_func("label", label);
        template.add_func("json", json);
        template.add_func("lower", |args| Ok(text_of(args)?.to_lowercase().into()));
        template.add_func("upper", |args| Ok(text_of(args)?.to_uppercase().into()));
        template.add_func("title", title);
        template.add_func("split", split);
        template.add_func("join", join);
        template.add_func("pad", pad);
        template.add_func("truncate", truncate);
        // Methods with arguments are no part of the template engine.
        template.parse(text.replace(".Label ", "label . "))?;
        Ok(Format(template))
    }

    /// Fills it in.
    pub fn render(&self, row: Row) -> Result<String, TemplateError> {
        Ok(self.0.render(&Context::from(Value::Object(row)))?)
    }
}

/// Fields that don't exist are told; Go would print `<no value>` or nothing.
fn check_fields(text: &str, fields: &[&str], nested: &[&str]) -> Result<(), TemplateError> {
    for action in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
        let mut quote = None;
        let mut before = ' ';
        for (at, c) in action.char_indices() {
            match quote {
                Some(open) if c == open && before != '\\' => quote = None,
                Some(_) => {}
                None if matches!(c, '"' | '`' | '\'') => quote = Some(c),
                // A field of the row itself, not of a field or a variable.
                None if c == '.' && !(before.is_alphanumeric() || matches!(before, '_' | ')')) => {
                    let rest = &action[at + 1..];
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    let name = &rest[..end];
                    if !(name.is_empty()
                        || name == "Label"
                        || fields.contains(&name)
                        || nested.contains(&name))
                    {
                        let known = fields.iter().map(|field| format!(".{field}")).collect::<Vec<_>>();
                        return Err(TemplateError::UnknownField {
                            name: name.to_owned(),
                            known: known.join(" "),
                        });
                    }
                }
                None => {}
            }
            before = c;
        }
    }
    Ok(())
}

fn refused(text: impl Into<String>) -> FuncError {
    FuncError::Generic(text.into())
}

fn text_of(args: &[Value]) -> Result<String, FuncError> {
    match args {
        [Value::String(text)] => Ok(text.clone()),
        [other] => Ok(other.to_string()),
        _ => Err(refused("one text is wanted")),
    }
}

fn number_of(value: Option<&Value>) -> Result<usize, FuncError> {
    match value {
        Some(Value::Number(number)) => number
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| refused("a number of at least 0 is wanted")),
        _ => Err(refused("a number is wanted")),
    }
}

fn label(args: &[Value]) -> Result<Value, FuncError> {
    let [Value::Object(row), Value::String(key)] = args else {
        return Err(refused(".Label takes the name of a label"));
    };
    match row.get(LABELS_BY_KEY) {
        Some(Value::Map(labels)) => Ok(labels.get(key).cloned().unwrap_or_else(|| String::new().into())),
        // A heading: the last part of the key.
        _ => Ok(key.rsplit('.').next().unwrap_or(key).replace(['-', '_'], " ").into()),
    }
}

fn json(args: &[Value]) -> Result<Value, FuncError> {
    match args {
        [value] => Ok(go_json(&to_json(value)).into()),
        _ => Err(refused("json takes one value")),
    }
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::String(text) => text.as_str().into(),
        Value::Object(map) | Value::Map(map) => {
            let mut all: Vec<_> = map.iter().filter(|(key, _)| *key != LABELS_BY_KEY).collect();
            all.sort_by_key(|(key, _)| key.as_str());
            all.into_iter().map(|(key, value)| (key.clone(), to_json(value))).collect()
        }
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Number(number) => number
            .as_i64()
            .map(Into::into)
            .or_else(|| number.as_f64().map(Into::into))
            .unwrap_or(serde_json::Value::Null),
        Value::NoValue | Value::Nil | Value::Function(_) => serde_json::Value::Null,
    }
}

/// JSON in one line as Go writes it: `<`, `>` and `&` escaped.
pub fn go_json(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn title(args: &[Value]) -> Result<Value, FuncError> {
    let mut before = ' ';
    let mut out = String::new();
    for c in text_of(args)?.chars() {
        if before.is_alphanumeric() {
            out.push(c);
        } else {
            out.extend(c.to_uppercase());
        }
        before = c;
    }
    Ok(out.into())
}

fn split(args: &[Value]) -> Result<Value, FuncError> {
    let [Value::String(text), Value::String(separator)] = args else {
        return Err(refused("split takes a text and a separator"));
    };
    let parts: Vec<Value> = text.split(separator.as_str()).map(Value::from).collect();
    Ok(Value::Array(parts))
}

fn join(args: &[Value]) -> Result<Value, FuncError> {
    let [Value::Array(parts), Value::String(separator)] = args else {
        return Err(refused("join takes a list and a separator"));
    };
    Ok(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator).into())
}

fn pad(args: &[Value]) -> Result<Value, FuncError> {
    let [Value::String(text), before, after] = args else {
        return Err(refused("pad takes a text and two numbers"));
    };
    let blanks = |value| Ok::<_, FuncError>(" ".repeat(number_of(Some(value))?.min(1000)));
    if text.is_empty() {
        return Ok(text.as_str().into());
    }
    Ok(format!("{}{text}{}", blanks(before)?, blanks(after)?).into())
}

fn truncate(args: &[Value]) -> Result<Value, FuncError> {
    let [Value::String(text), length] = args else {
        return Err(refused("truncate takes a text and a number"));
    };
    let length = number_of(Some(length))?;
    Ok(text.chars().take(length).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, TemplateError> {
        let labels = HashMap::from([("a.b".to_owned(), Value::from("x"))]);
        let row = HashMap::from([
            ("Name".to_owned(), Value::from("web-1")),
            ("Code".to_owned(), Value::from(3)),
            (LABELS_BY_KEY.to_owned(), Value::Map(labels)),
        ]);
        Format::new(text, &["Name", "Code"], &[])?.render(row)
    }

    #[test]
    fn fields_functions_and_labels() {
        assert_eq!(told("{{.Name}}\\t{{.Code}}").unwrap(), "web-1\t3");
        assert_eq!(told("{{upper .Name}} {{truncate .Name 3}} {{title .Name}}").unwrap(), "WEB-1 web Web-1");
        assert_eq!(told(r#"{{join (split .Name "-") "+"}}"#).unwrap(), "web+1");
        assert_eq!(told(r#"{{.Label "a.b"}}{{.Label "c"}}"#).unwrap(), "x");
        assert_eq!(told("{{json .}}").unwrap(), r#"{"Code":3,"Name":"web-1"}"#);
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text| told(text).unwrap_err().to_string();
        assert_eq!(
            told("{{.Nmae}}"),
            "template parsing error: there is no field .Nmae; there are: .Name .Code"
        );
        assert!(told("{{.Name").starts_with("template parsing error: "));
    }
}
