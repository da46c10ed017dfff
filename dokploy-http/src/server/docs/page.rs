//! The page: an index, the routes of each group, the shapes, and what each problem means.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::{escape, prose, schema};
use crate::server::problem;

/// One route: path, method and what the document says of them.
struct Route<'a> {
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
}

/// Renders the document.
pub(super) fn render(document: &Value) -> String {
    let groups = groups(document);
    let info = &document["info"];
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>dokploy API</title><link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head><body>",
    );
    html.push_str(&index(&groups));
    let _infallible = write!(
        html,
        "<main><h1>dokploy API <small>{}</small></h1>{}<p>For programs: <a href=\"/api/openapi.json\">OpenAPI {}</a>.</p>",
        escape(info["version"].as_str().unwrap_or_default()),
        prose(info["description"].as_str().unwrap_or_default()),
        escape(document["openapi"].as_str().unwrap_or_default()),
    );
    for (group, routes) in &groups {
        let _infallible = write!(html, "<h2 id=\"{0}\">{0}</h2>", escape(group));
        for route in routes {
            html.push_str(&section(route));
        }
    }
    html.push_str(&problems());
    html.push_str("<h2 id=\"shapes\">Shapes</h2>");
    let shapes = document["components"]["schemas"].as_object();
    for (name, shape) in shapes.into_iter().flatten() {
        let text = shape["description"].as_str().map(prose).unwrap_or_default();
        let _infallible = write!(
            html,
            "<section id=\"schema-{0}\"><h3>{0}</h3>{text}{1}</section>",
            escape(name),
            schema::fields(shape),
        );
    }
    html.push_str("</main></body></html>");
    html
}

fn groups(document: &Value) -> BTreeMap<&str, Vec<Route<'_>>> {
    let mut groups: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let group = operation["tags"][0].as_str().unwrap_or("other");
            groups.entry(group).or_default().push(Route {
                path,
                method,
                operation,
            });
        }
    }
    groups
}

fn index(groups: &BTreeMap<&str, Vec<Route<'_>>>) -> String {
    let mut html = String::from("<nav><ul>");
    for (group, routes) in groups {
        let _infallible = write!(
            html,
            "<li><a href=\"#{0}\"><b>{0}</b></a><ul>",
            escape(group)
        );
        for route in routes {
            let _infallible = write!(
                html,
                "<li><a href=\"#{}\">{} {}</a></li>",
                escape(operation_id(route)),
                method(route),
                escape(route.path),
            );
        }
        html.push_str("</ul></li>");
    }
    html.push_str(
        "<li><a href=\"#problems\"><b>Problems</b></a></li>\
         <li><a href=\"#shapes\"><b>Shapes</b></a></li></ul></nav>",
    );
    html
}

fn operation_id<'a>(route: &Route<'a>) -> &'a str {
    route.operation["operationId"].as_str().unwrap_or_default()
}

fn method(route: &Route<'_>) -> String {
    let name = escape(&route.method.to_uppercase());
    format!(
        "<span class=\"method {}\">{name}</span>",
        escape(route.method)
    )
}

fn section(route: &Route<'_>) -> String {
    let operation = route.operation;
    let mut html = format!(
        "<section id=\"{}\"><h3>{} <code>{}</code></h3>",
        escape(operation_id(route)),
        method(route),
        escape(route.path),
    );
    for text in ["summary", "description"] {
        html.push_str(&prose(operation[text].as_str().unwrap_or_default()));
    }
    if operation["security"].as_array().is_some_and(|needs| {
        needs
            .iter()
            .any(|need| need.as_object().is_some_and(serde_json::Map::is_empty))
    }) {
        html.push_str("<p><i>Nobody has to be signed in.</i></p>");
    }
    html.push_str(&parameters(operation));
    html.push_str(&body(operation));
    html.push_str(&responses(operation));
    html.push_str("</section>");
    html
}

fn parameters(operation: &Value) -> String {
    let Some(parameters) = operation["parameters"]
        .as_array()
        .filter(|all| !all.is_empty())
    else {
        return String::new();
    };
    let mut html = String::from("<h4>Parameters</h4><table><tbody>");
    for parameter in parameters {
        let mut described = parameter["schema"].clone();
        let place = parameter["in"].as_str().unwrap_or_default();
        let text = parameter["description"].as_str().unwrap_or_default();
        if let Some(schema) = described.as_object_mut() {
            schema.insert(
                "description".to_owned(),
                format!("In the {place}. {text}").into(),
            );
        }
        let name = parameter["name"].as_str().unwrap_or_default();
        let required = parameter["required"].as_bool().unwrap_or_default();
        html.push_str(&schema::row(name, &described, required));
    }
    html.push_str("</tbody></table>");
    html
}

fn body(operation: &Value) -> String {
    let Some(contents) = operation["requestBody"]["content"].as_object() else {
        return String::new();
    };
    let mut html = String::from("<h4>Body</h4>");
    for (media_type, content) in contents {
        let _infallible = write!(
            html,
            "<p><code>{}</code> {}</p>",
            escape(media_type),
            schema::kind(&content["schema"]),
        );
    }
    html
}

fn responses(operation: &Value) -> String {
    let mut html = String::from("<h4>Answers</h4><table><tbody>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let contents = response["content"].as_object().into_iter().flatten();
        let kinds: Vec<_> = contents
            .map(|(_, content)| schema::kind(&content["schema"]))
            .collect();
        let _infallible = write!(
            html,
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            escape(status),
            kinds.join(" | "),
            prose(response["description"].as_str().unwrap_or_default()),
        );
    }
    html.push_str("</tbody></table>");
    html
}

fn problems() -> String {
    let mut html = String::from("<h2 id=\"problems\">Problems</h2><table><tbody>");
    for (code, status, title) in problem::table() {
        let _infallible = write!(
            html,
            "<tr id=\"{code}\"><th><code>{code}</code></th><td>{status}</td><td>{title}</td></tr>"
        );
    }
    html.push_str("</tbody></table>");
    html
}
