//! Projects: listed and shown to everybody, entered and changed by staff.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use cx_identity::Permission;
use cx_registry::country::Country;
use cx_registry::facts::ProjectKey;
use cx_registry::words::{Assurance, ProjectStatus, Registry};
use cx_store::PageRequest;
use cx_store::registry::{CreditFilter, ProjectContent, ProjectFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{NewProject, ProjectEdit};
use super::shapes::{CreditBody, ProjectBody, find_project};
use crate::auth::CurrentUser;
use crate::json::{Body, Params, Segment};
use crate::page::{PageMeta, PageParams};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::AppState;

#[derive(Debug, Default, Deserialize)]
struct ProjectQuery {
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    country: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ProjectList {
    projects: Vec<ProjectBody>,
    #[serde(flatten)]
    page: PageMeta,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OneProject {
    project: ProjectBody,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EditedProject {
    project: ProjectBody,
    /// The fields that changed.
    updated_fields: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ProjectCredits {
    project: ProjectBody,
    credits: Vec<CreditBody>,
    #[serde(flatten)]
    page: PageMeta,
}

/// Lists projects. An unknown type or country has none; an unknown status is refused.
#[utoipa::path(
    get,
    path = "/projects",
    tag = "credits",
    security(()),
    params(
        PageParams,
        ("type" = Option<String>, Query, description = "Only of this kind."),
        ("status" = Option<String>, Query, description = "Only those that stand so."),
        ("country" = Option<String>, Query, description = "Only in this country: a name or an ISO 3166-1 code."),
    ),
    responses(
        (status = 200, description = "A page of projects.", body = ProjectList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
    ),
)]
pub(super) async fn list(State(state): State<AppState>, params: Params) -> Result<Answer<ProjectList>, Problem> {
    let request = PageParams::read(&params)?;
    let query: ProjectQuery = params.read()?;
    if let Some(status) = query.status.as_deref().filter(|status| ProjectStatus::parse(status).is_none()) {
        return Err(Problem::invalid("status", format!("status {status:?} is not known")));
    }
    let country = query.country.map(|name| Country::find(&name).map_or(name, |country| country.code().to_owned()));
    let filter = ProjectFilter { project_type: query.kind, status: query.status, country };
    let page = state.store.projects().list(&filter, request).await?;
    let meta = PageMeta::from(&page);
    Ok(Answer(ProjectList { projects: page.items.iter().map(ProjectBody::of).collect(), page: meta }))
}

/// Shows a project.
#[utoipa::path(
    get,
    path = "/projects/{id}",
    tag = "credits",
    security(()),
    params(("id" = String, Path, description = "The project's number, uuid, or registry and number there (`VCS-191`).")),
    responses(
        (status = 200, description = "The project.", body = OneProject),
        (status = 404, description = "No such project.", body = ProblemBody),
    ),
)]
pub(super) async fn show(State(state): State<AppState>, Segment(id): Segment) -> Result<Answer<OneProject>, Problem> {
    Ok(Answer(OneProject { project: ProjectBody::of(&find_project(&state, &id).await?) }))
}

/// Lists a project's credits, newest first.
#[utoipa::path(
    get,
    path = "/projects/{id}/credits",
    tag = "credits",
    params(
        ("id" = String, Path, description = "The project's number, uuid, or registry and number there (`VCS-191`)."),
        ("page" = Option<u32>, Query, description = "From 1."),
        ("per_page" = Option<u32>, Query, description = "100 at most, which is also what is given without it."),
    ),
    responses(
        (status = 200, description = "The project and its credits.", body = ProjectCredits),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "No such project.", body = ProblemBody),
    ),
)]
pub(super) async fn credits(
    State(state): State<AppState>,
    _current: CurrentUser,
    Segment(id): Segment,
    params: Params,
) -> Result<Answer<ProjectCredits>, Problem> {
    let project = find_project(&state, &id).await?;
    let pages: PageParams = params.read()?;
    let request = PageParams { per_page: pages.per_page.or(Some(PageRequest::PER_PAGE_MAX)), ..pages }.request()?;
    let filter = CreditFilter { project_id: Some(project.id), ..CreditFilter::default() };
    let page = state.store.credits().list(&filter, request).await?;
    let meta = PageMeta::from(&page);
    Ok(Answer(ProjectCredits {
        project: ProjectBody::of(&project),
        credits: page.items.iter().map(|credit| CreditBody::of(&state, credit)).collect(),
        page: meta,
    }))
}

/// Enters a project.
#[utoipa::path(
    post,
    path = "/projects",
    tag = "credits",
    request_body = NewProject,
    responses(
        (status = 201, description = "Entered.", body = OneProject),
        (status = 400, description = "A field is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 409, description = "The registry's number is taken.", body = ProblemBody),
    ),
)]
pub(super) async fn create(
    State(state): State<AppState>,
    current: CurrentUser,
    body: Body,
) -> Result<(StatusCode, Answer<OneProject>), Problem> {
    current.require(Permission::WriteCredits)?;
    let NewProject(fields) = body.read()?;
    let (registry, number, standard) = match &fields.project_id {
        // The venue numbers its own projects.
        None => (Registry::Venue, String::new(), None),
        Some(text) => {
            let key = ProjectKey::parse(text).filter(|key| key.registry() != Registry::Venue);
            let bad = || Problem::invalid("project_id", "project_id must be registry and number, such as VCS-191");
            let key = key.ok_or_else(bad)?;
            (key.registry(), key.number().to_owned(), key.registry().standard())
        }
    };
    let mut content = ProjectContent {
        registry: registry.as_str().to_owned(),
        number,
        listed: false,
        status: ProjectStatus::Development.as_str().to_owned(),
        validation_status: Assurance::NotStarted.as_str().to_owned(),
        standard: standard.map(|standard| standard.as_str().to_owned()),
        price_currency: "USD".to_owned(),
        ..ProjectContent::default()
    };
    fields.put_into(&mut content)?;
    let project = match state.store.projects().add(&content, Some(current.id)).await {
        Err(error) if error.is_conflict() => {
            let problem = Problem::new(Code::Conflict).detail("The project exists already.");
            return Err(problem.field("project_id", "project_id is taken"));
        }
        other => other?,
    };
    Ok((StatusCode::CREATED, Answer(OneProject { project: ProjectBody::of(&project) })))
}

/// Changes a project. Registry and number stay as they are.
#[utoipa::path(
    put,
    path = "/projects/{id}",
    tag = "credits",
    params(("id" = String, Path, description = "The project's number, uuid, or registry and number there (`VCS-191`).")),
    request_body = ProjectEdit,
    responses(
        (status = 200, description = "Changed.", body = EditedProject),
        (status = 400, description = "A field is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 404, description = "No such project.", body = ProblemBody),
    ),
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<EditedProject>, Problem> {
    current.require(Permission::WriteCredits)?;
    let found = find_project(&state, &id).await?;
    let ProjectEdit(fields) = body.read()?;
    let name = format!("{}-{}", found.content.registry, found.content.number);
    if fields.project_id.as_ref().is_some_and(|text| *text != name) {
        return Err(Problem::invalid("project_id", format!("project_id is {name} and does not change")));
    }
    let mut content = found.content.clone();
    let updated_fields = fields.put_into(&mut content)?;
    let project =
        if updated_fields.is_empty() { found } else { state.store.projects().update(found.id, &content).await? };
    Ok(Answer(EditedProject { project: ProjectBody::of(&project), updated_fields }))
}
