//! Where a list goes on: pages and their signed, opaque tokens.
//!
//! A token holds the sort key of the last item shown and is bound to tenant, route and filter, so that it cannot be made
//! up, altered, or used elsewhere. It hides nothing: a sort key must not be a secret from who may read the list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::{TenantId, keys::MasterKey};

/// The longest token that is looked at: a sort key of 200 characters, four bytes each, fits twice over.
pub const MAX_TOKEN_CHARS: usize = 4096;
/// How much of the HMAC a token carries: 128 bits cannot be guessed over a network.
const TAG_BYTES: usize = 16;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items of this page, in the list's order.
    pub items: Vec<T>,
    /// Give it back as `nextToken` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of at most `size` items from rows read with `limit size + 1`; `seal` makes the token from the last item
    /// shown, and is only called when there is more.
    pub fn cut(mut rows: Vec<T>, size: usize, seal: impl FnOnce(&T) -> String) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        let next_token = rows.last().filter(|_| more).map(seal);
        Self { items: rows, next_token }
    }

    /// The same page of other items.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next_token: self.next_token }
    }
}

/// The token is not one of this list: cut, altered, forged, or made for another tenant, route or filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this page token does not belong to this list; start again without one")]
pub struct BadCursor;

/// Signs and opens page tokens. All nodes with one master key understand each other's.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl From<&MasterKey> for CursorKey {
    fn from(master: &MasterKey) -> Self {
        let mac = Hmac::new_from_slice(&master.derive("page tokens"));
        Self(mac.expect("HMAC takes keys of any length"))
    }
}

impl CursorKey {
    /// The token that continues the list of `route` under `filter` after the item with the sort key `last`.
    pub fn seal<K: Serialize>(
        &self,
        tenant: TenantId,
        route: &str,
        filter: &impl Serialize,
        last: &K,
    ) -> String {
        let mut token = json(last);
        let tag = self.bound_to(tenant, route, filter, &token).finalize().into_bytes();
        token.extend(tag.iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The sort key to go on after, if `token` was sealed for exactly this list.
    pub fn open<K: DeserializeOwned>(
        &self,
        tenant: TenantId,
        route: &str,
        filter: &impl Serialize,
        token: &str,
    ) -> Result<K, BadCursor> {
        if token.len() > MAX_TOKEN_CHARS {
            return Err(BadCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadCursor)?;
        let (last, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(BadCursor)?;
        self.bound_to(tenant, route, filter, last)
            .verify_truncated_left(tag)
            .map_err(|_| BadCursor)?;
        serde_json::from_slice(last).map_err(|_| BadCursor)
    }

    /// Lengths before the parts: no two lists share a signed text.
    fn bound_to(
        &self,
        tenant: TenantId,
        route: &str,
        filter: &impl Serialize,
        last: &[u8],
    ) -> Hmac<Sha256> {
        let filter = json(filter);
        let mut mac = self.0.clone();
        for part in [tenant.0.as_bytes(), route.as_bytes(), &filter, last] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(hidden)")
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value)
        .expect("sort keys and filters are plain structs, which always serialise")
}
