//! What the business may send: the body of `POST …/messages`, read and held against Meta's limits.
//! Lengths are counted in code points; Meta does not say in what it counts.

use serde_json::Value;

use super::{
    graph_error::GraphError,
    people::{Button, MessageKind},
};
use crate::config::Template;

/// What a body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Mark a message read, perhaps show typing.
    ReadMark { wamid: String, typing: bool },
    /// Send a message.
    Send(Outgoing),
}

/// A message of good shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub kind: MessageKind,
    pub text: String,
    pub buttons: Vec<Button>,
    pub template_name: Option<String>,
    pub context: Option<String>,
}

/// Checks the body. Who it goes to and whether the window is open comes after.
pub(super) fn read(body: &Value, templates: &[Template]) -> Result<Asked, GraphError> {
    if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(no_product());
    }
    if let Some(status) = body.get("status") {
        return read_mark(body, status);
    }
    match body.get("recipient_type").map(Value::as_str) {
        None | Some(Some("individual")) => {}
        Some(_) => return Err(not_valid("recipient_type must be individual")),
    }
    if let Some(data) = body.get("biz_opaque_callback_data") {
        within(Some(data), "biz_opaque_callback_data", 1, 512)?;
    }
    let context = match body.get("context") {
        None | Some(Value::Null) => None,
        Some(context) => Some(within(context.get("message_id"), "context.message_id", 1, 512)?),
    };
    let mut outgoing = match body.get("type").map(|kind| kind.as_str().unwrap_or_default()) {
        None | Some("text") => read_text(body)?,
        Some("interactive") => read_interactive(required(body, "interactive")?)?,
        Some("template") => read_template(required(body, "template")?, templates)?,
        Some(other) => {
            return Err(GraphError::new(131_051, format!("messages of type {other} are not simulated")));
        }
    };
    outgoing.context = context;
    Ok(Asked::Send(outgoing))
}

pub(super) fn no_product() -> GraphError {
    GraphError::new(100, "The parameter messaging_product is required and must be whatsapp.")
}

fn read_mark(body: &Value, status: &Value) -> Result<Asked, GraphError> {
    if status.as_str() != Some("read") {
        return Err(not_valid("status must be read"));
    }
    let wamid = within(body.get("message_id"), "message_id", 1, 512)?;
    let typing = match body.get("typing_indicator") {
        None => false,
        Some(sign) if sign.get("type").and_then(Value::as_str) == Some("text") => true,
        Some(_) => return Err(not_valid("typing_indicator.type must be text")),
    };
    Ok(Asked::ReadMark { wamid, typing })
}

fn read_text(body: &Value) -> Result<Outgoing, GraphError> {
    let text = required(body, "text")?;
    if text.get("preview_url").is_some_and(|preview| !preview.is_boolean()) {
        return Err(not_valid("text.preview_url must be a boolean"));
    }
    Ok(plain(MessageKind::Text, within(text.get("body"), "text.body", 1, 4096)?))
}

fn read_interactive(interactive: &Value) -> Result<Outgoing, GraphError> {
    let action = required(interactive, "action")?;
    let body_text = |max| within(interactive.pointer("/body/text"), "interactive.body.text", 1, max);
    if let Some(footer) = interactive.get("footer") {
        within(footer.get("text"), "interactive.footer.text", 1, 60)?;
    }
    if let Some(header) = interactive.get("header")
        && header.get("type").and_then(Value::as_str) == Some("text")
    {
        within(header.get("text"), "interactive.header.text", 1, 60)?;
    }
    match interactive.get("type").and_then(Value::as_str) {
        Some("button") => {
            let buttons = reply_buttons(action)?;
            Ok(Outgoing { buttons, ..plain(MessageKind::Buttons, body_text(1024)?) })
        }
        Some("list") => {
            let buttons = list_rows(action)?;
            Ok(Outgoing { buttons, ..plain(MessageKind::List, body_text(4096)?) })
        }
        Some("call_permission_request") => {
            if action.get("name").and_then(Value::as_str) != Some("call_permission_request") {
                return Err(not_valid("interactive.action.name must be call_permission_request"));
            }
            if interactive.get("header").is_some() || interactive.get("footer").is_some() {
                return Err(not_valid("a call permission request has no header and no footer"));
            }
            let text = match interactive.get("body") {
                None => String::new(),
                Some(_) => body_text(1024)?,
            };
            Ok(plain(MessageKind::CallPermissionRequest, text))
        }
        Some(other) => Err(not_valid(&format!("interactive.type {other} is not known here"))),
        None => Err(missing("interactive.type")),
    }
}

fn reply_buttons(action: &Value) -> Result<Vec<Button>, GraphError> {
    let entries = list(action, "buttons")?;
    if entries.is_empty() || entries.len() > 3 {
        return Err(not_valid("interactive.action.buttons must be 1 to 3"));
    }
    let read = |entry: &Value| {
        if entry.get("type").and_then(Value::as_str) != Some("reply") {
            return Err(not_valid("a button's type must be reply"));
        }
        Ok(Button {
            id: within(entry.pointer("/reply/id"), "reply.id", 1, 256)?,
            title: within(entry.pointer("/reply/title"), "reply.title", 1, 20)?,
        })
    };
    let buttons = entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    unique(buttons.iter().map(|button| button.id.as_str()), "reply.id")?;
    unique(buttons.iter().map(|button| button.title.as_str()), "reply.title")?;
    Ok(buttons)
}

fn list_rows(action: &Value) -> Result<Vec<Button>, GraphError> {
    within(action.get("button"), "interactive.action.button", 1, 20)?;
    let sections = list(action, "sections")?;
    if sections.is_empty() || sections.len() > 10 {
        return Err(not_valid("interactive.action.sections must be 1 to 10"));
    }
    let mut rows = Vec::new();
    for section in sections {
        if sections.len() > 1 || section.get("title").is_some() {
            within(section.get("title"), "section.title", 1, 24)?;
        }
        for row in list(section, "rows")? {
            if row.get("description").is_some() {
                within(row.get("description"), "row.description", 1, 72)?;
            }
            rows.push(Button {
                id: within(row.get("id"), "row.id", 1, 200)?,
                title: within(row.get("title"), "row.title", 1, 24)?,
            });
        }
    }
    if rows.is_empty() || rows.len() > 10 {
        return Err(not_valid("a list has 1 to 10 rows in all its sections"));
    }
    unique(rows.iter().map(|row| row.id.as_str()), "row.id")?;
    Ok(rows)
}

fn read_template(template: &Value, templates: &[Template]) -> Result<Outgoing, GraphError> {
    let name = within(template.get("name"), "template.name", 1, 512)?;
    let language = within(template.pointer("/language/code"), "template.language.code", 1, 20)?;
    let Some(known) = templates.iter().find(|known| known.name == name && known.language == language) else {
        return Err(GraphError::new(132_001, format!("template name ({name}) does not exist in {language}")));
    };
    let components = match template.get("components") {
        None => &Vec::new(),
        Some(components) => components.as_array().ok_or_else(|| not_valid("components must be a list"))?,
    };
    let of_type = |wanted: &'static str| {
        components.iter().filter(move |component| {
            let kind = component.get("type").and_then(Value::as_str).unwrap_or_default();
            kind.eq_ignore_ascii_case(wanted)
        })
    };
    let mut parameters = Vec::new();
    for parameter in of_type("body").filter_map(|body| body.get("parameters")?.as_array()).flatten() {
        if parameter.get("type").and_then(Value::as_str) != Some("text") {
            return Err(GraphError::new(132_012, "body: a parameter's type must be text"));
        }
        parameters.push(within(parameter.get("text"), "parameter.text", 1, 1024)?);
    }
    if parameters.len() != known.parameter_count() {
        let details = format!(
            "body: number of localizable_params ({}) does not match the expected number of params ({})",
            parameters.len(),
            known.parameter_count()
        );
        return Err(GraphError::new(132_000, details));
    }
    if of_type("call_permission_request").next().is_some() && !known.asks_to_call {
        return Err(GraphError::new(132_012, "the template has no call permission request"));
    }
    let kind = if known.asks_to_call { MessageKind::CallPermissionRequest } else { MessageKind::Template };
    let buttons = known.quick_replies.iter().enumerate().map(|(index, title)| {
        let given = of_type("button").find(|button| index_of(button) == Some(index));
        let payload = given.and_then(|button| button.pointer("/parameters/0/payload")?.as_str());
        Button { id: payload.unwrap_or(title).to_owned(), title: title.clone() }
    });
    Ok(Outgoing {
        buttons: buttons.collect(),
        template_name: Some(name),
        ..plain(kind, known.render(&parameters))
    })
}

/// `index` of a button component: a number, or a number as text.
fn index_of(button: &Value) -> Option<usize> {
    let index = button.get("index")?;
    index.as_u64().and_then(|n| usize::try_from(n).ok()).or_else(|| index.as_str()?.parse().ok())
}

fn plain(kind: MessageKind, text: String) -> Outgoing {
    Outgoing { kind, text, buttons: Vec::new(), template_name: None, context: None }
}

fn missing(name: &str) -> GraphError {
    GraphError::new(131_008, format!("Required parameter is missing: {name}"))
}

fn not_valid(details: &str) -> GraphError {
    GraphError::new(131_009, details)
}

fn required<'a>(value: &'a Value, name: &str) -> Result<&'a Value, GraphError> {
    value.get(name).filter(|field| field.is_object()).ok_or_else(|| missing(name))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, GraphError> {
    value.get(name).and_then(Value::as_array).ok_or_else(|| missing(name))
}

/// A text of so many code points.
fn within(value: Option<&Value>, name: &str, min: usize, max: usize) -> Result<String, GraphError> {
    let text = match value {
        None | Some(Value::Null) => return Err(missing(name)),
        Some(value) => value.as_str().ok_or_else(|| not_valid(&format!("{name} must be a string")))?,
    };
    match text.chars().count() {
        count if count < min => Err(missing(name)),
        count if count > max => Err(not_valid(&format!("{name} has {count} characters, at most {max}"))),
        _ => Ok(text.to_owned()),
    }
}

fn unique<'a>(texts: impl Iterator<Item = &'a str>, name: &str) -> Result<(), GraphError> {
    let mut seen = std::collections::BTreeSet::new();
    for text in texts {
        if !seen.insert(text) {
            return Err(not_valid(&format!("{name} must be unique")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
