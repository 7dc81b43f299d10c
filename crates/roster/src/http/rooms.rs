//! `…/rooms`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{RoomRead, RoomWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Status,
    room::{self, Room, RoomId, Which},
    school::SchoolId,
};

/// The path of a room.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct RoomPath {
    /// The room.
    room_id: RoomId,
}

/// Which rooms are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only rooms of this status.
    status: Option<Status>,
    /// Only rooms of this school.
    school_id: Option<SchoolId>,
    /// What the name starts with (case does not count).
    #[param(max_length = 255)]
    q: Option<String>,
    /// `name` (default) or `-name`.
    #[serde(default)]
    #[param(inline)]
    sort: Order,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Create a room
///
/// Its name is unique among the active rooms of its school.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/rooms", tag = "rooms", operation_id = "createRoom",
    security(("bearer" = ["roster.room.write"])), request_body = room::CreateRoom,
    responses((status = 201, description = "Created", body = Room, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<RoomWrite>,
    body: Body<room::CreateRoom>,
) -> Result<Reply, Problem> {
    cx.write("roster.room.create", async move |tx| room::create(tx, body.parse()?).await).await
}

/// List rooms
///
/// By name.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/rooms", tag = "rooms", operation_id = "listRooms",
    security(("bearer" = ["roster.room.read"])), params(Filter),
    responses((status = 200, description = "A page of rooms", body = inline(Page<Room>))))]
pub(super) async fn list(
    cx: Cx<RoomRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Room>>, Problem> {
    let asked = Asked {
        route: "roster.rooms",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which = Which { status: filter.status, school: filter.school_id };
    let key = |last: &Room| After(last.name_key.clone(), last.room_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| room::list(tx, which, wanted).await)
        .await
}

/// Read a room
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/rooms/{roomId}", tag = "rooms",
    operation_id = "readRoom", security(("bearer" = ["roster.room.read"])), params(RoomPath),
    responses((status = 200, description = "The room", body = Room, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<RoomRead>,
    Path(path): Path<RoomPath>,
) -> Result<Fresh<Room>, Problem> {
    cx.read(async |tx| room::read(tx, path.room_id).await).await
}

/// Change a room
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/rooms/{roomId}", tag = "rooms",
    operation_id = "updateRoom", security(("bearer" = ["roster.room.write"])), params(RoomPath),
    request_body(content((room::PatchRoom = "application/merge-patch+json"), (room::PatchRoom = "application/json"))),
    responses((status = 200, description = "As it now is", body = Room, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<RoomWrite>,
    Path(path): Path<RoomPath>,
    body: Body<room::PatchRoom>,
) -> Result<Reply, Problem> {
    cx.write("roster.room.update", async move |tx| room::update(tx, path.room_id, &body).await)
        .await
}

/// Archive a room
///
/// It stays readable; its name is free again. Archiving it twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/rooms/{roomId}", tag = "rooms",
    operation_id = "archiveRoom", security(("bearer" = ["roster.room.write"])), params(RoomPath),
    responses((status = 204, description = "Archived")))]
pub(super) async fn archive(
    cx: Cx<RoomWrite>,
    Path(path): Path<RoomPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.room.archive", async move |tx| room::archive(tx, path.room_id).await).await
}
