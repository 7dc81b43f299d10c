//! What the server says about itself: contracts, browsable documentation, the kinds of problems.

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use kernel::{Kernel, http::Path, problem};
use serde_json::Value;

use crate::contracts;

/// A handler that answers with `document`.
pub(super) fn json(
    document: &Value,
) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    move || std::future::ready(typed("application/json", text.clone()))
}

fn typed(kind: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

/// `/docs`: the OpenAPI document, browsable without a network. Its page is the only one with scripts.
pub(super) fn browser() -> Router<Kernel> {
    use utoipa_swagger_ui::{Config, SwaggerUi};
    let config =
        Config::from("/openapi.json").try_it_out_enabled(true).persist_authorization(false);
    SwaggerUi::new("/docs").config(config).into()
}

/// `/schemas/{type}.json`: the JSON Schema of an event's payload, as `dataschema` names it.
pub(super) async fn schema(Path(file): Path<String>) -> Result<Response, problem::Problem> {
    let wanted = file.strip_suffix(".json").unwrap_or(&file);
    let found = contracts::event_schemas().into_iter().find(|(name, _)| name == wanted);
    let (_, schema) = found.ok_or_else(problem::Problem::missing)?;
    Ok(typed("application/schema+json", schema.to_string()))
}

/// `/problems`: every kind of problem.
pub(super) async fn problems() -> Response {
    typed("text/markdown; charset=utf-8", contracts::errors_page())
}

/// `/problems/{slug}`: one kind of problem, where its `type` leads.
pub(super) async fn problem(Path(slug): Path<String>) -> Result<Response, problem::Problem> {
    let kind =
        problem::ALL.iter().find(|kind| kind.slug == slug).ok_or_else(problem::Problem::missing)?;
    Ok((StatusCode::OK, typed("text/markdown; charset=utf-8", contracts::error_section(kind)))
        .into_response())
}

/// `/`: where to look.
pub(super) async fn index() -> Html<&'static str> {
    Html(include_str!("index.html"))
}
