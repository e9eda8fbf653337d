//! The API's own document (OpenAPI 3.1), made from the code that answers, and the page that shows it.

use std::sync::LazyLock;

use askama::Template;
use axum::Json;
use axum::response::Response;
use serde_json::{Value, json};

use super::problem::KINDS;
use super::{PageError, ROOT, routes};
use crate::report;
use crate::web::page::{Frame, html};

/// The document, made once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| whole(serde_json::to_value(routes().into_openapi()).unwrap_or_default()));

/// What the code that answers does not say of itself: where the API begins, what every answer carries, what a report is.
fn whole(mut document: Value) -> Value {
    document["servers"] = json!([{ "url": ROOT }]);
    document["tags"] = json!([
        { "name": "checks", "description": "Ask for a check, follow it, end it, delete it." },
        { "name": "result", "description": "The result and its other forms." },
        { "name": "pages", "description": "What was read." },
        { "name": "document", "description": "This document." },
    ]);
    document["components"]["responses"] = json!({ "Problem": {
        "description": "What went wrong (RFC 9457).",
        "headers": {
            "RateLimit": { "description": "How much of the limit is left, and when it is new.", "schema": { "type": "string" } },
            "RateLimit-Policy": { "description": "The limit.", "schema": { "type": "string" } },
        },
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    } });
    for operation in document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        for operation in operation.as_object_mut().into_iter().flat_map(|methods| methods.values_mut()) {
            operation["responses"]["default"] = json!({ "$ref": "#/components/responses/Problem" });
        }
    }
    // A report's schema is the published one; its parts are named so that they clash with none of the API's own.
    let published = report::schema().to_string().replace("#/$defs/", "#/components/schemas/Report.");
    let mut schema: Value = serde_json::from_str(&published).unwrap_or_default();
    if let Some(fields) = schema.as_object_mut() {
        let parts = fields.remove("$defs").unwrap_or_default();
        fields.remove("$schema");
        for (name, part) in parts.as_object().into_iter().flatten() {
            document["components"]["schemas"][format!("Report.{name}")] = part.clone();
        }
    }
    document["components"]["schemas"]["Report"] = schema;
    document["paths"]["/checks/{link}/result"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] =
        json!({ "$ref": "#/components/schemas/Report" });
    document
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "document",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value, content_type = "application/json")))]
pub(super) async fn openapi() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

#[derive(Template)]
#[template(path = "api.html", config = "src/web/askama.toml")]
struct ApiPage {
    frame: Frame,
    about: &'static str,
    root: &'static str,
    groups: Vec<Group>,
    kinds: &'static [(&'static str, &'static str, &'static str)],
}

struct Group {
    about: &'static str,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: &'static str,
    summary: &'static str,
    about: &'static str,
    fields: Vec<Field>,
    answers: Vec<(&'static str, &'static str)>,
}

struct Field {
    name: &'static str,
    place: &'static str,
    needed: bool,
    about: &'static str,
}

/// The page about the API, for people.
pub(super) async fn page() -> Result<Response, PageError> {
    let tags = DOCUMENT["tags"].as_array().into_iter().flatten();
    html(&ApiPage {
        frame: Frame::new("The API"),
        about: text(&DOCUMENT["info"]["description"]),
        root: ROOT,
        groups: tags.map(|tag| Group { about: text(&tag["description"]), operations: operations(text(&tag["name"])) }).collect(),
        kinds: &KINDS,
    })
}

fn operations(tag: &str) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in DOCUMENT["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if operation["tags"][0] == *tag {
                found.push(Operation {
                    method: method.to_ascii_uppercase(),
                    path,
                    summary: text(&operation["summary"]),
                    about: text(&operation["description"]),
                    fields: fields(operation),
                    answers: operation["responses"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .filter(|(status, _)| *status != "default")
                        .map(|(status, answer)| (status.as_str(), text(&answer["description"])))
                        .collect(),
                });
            }
        }
    }
    found
}

/// Parameters of an operation, and the fields of what is sent.
fn fields(operation: &'static Value) -> Vec<Field> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        needed: parameter["required"] == true,
        about: text(&parameter["description"]),
    });
    let sent = text(&operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]);
    let schema = sent.strip_prefix('#').and_then(|place| DOCUMENT.pointer(place)).unwrap_or(&Value::Null);
    let body = schema["properties"].as_object().into_iter().flatten().map(|(name, field)| Field {
        name,
        place: "body",
        needed: schema["required"].as_array().is_some_and(|needed| needed.iter().any(|one| one == name)),
        about: text(&field["description"]),
    });
    parameters.chain(body).collect()
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        assert!(text(&DOCUMENT["openapi"]).starts_with("3.1"));
        let all = DOCUMENT.to_string();
        let places: Vec<&str> = all.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(places.len() > 20);
        for place in places {
            assert!(DOCUMENT.pointer(place).is_some(), "{place} is not there");
        }
    }
}
