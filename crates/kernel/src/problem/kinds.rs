//! Every kind of problem: one static list, rendered into `docs/errors.md` and served at `/problems/{slug}`.

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Last part of its URI.
    pub slug: &'static str,
    /// A few words, the same for every occurrence.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// For the documentation: when it happens and what to do.
    pub about: &'static str,
}

impl Kind {
    /// The `type` of the problem: stable, relative to the server, which serves the page.
    pub fn uri(&self) -> String {
        format!("/problems/{}", self.slug)
    }
}

macro_rules! kinds {
    ($($name:ident $status:literal $slug:literal $title:literal $about:literal;)*) => {
        $(#[doc = $about] pub static $name: Kind =
            Kind { slug: $slug, title: $title, status: $status, about: $about };)*
        /// Every kind, by status.
        pub static ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    MALFORMED 400 "malformed" "The request cannot be read" "The body is not the JSON that the operation describes, or a parameter or header has the wrong form. `errors` names each place. Correct the request.";
    TENANT_HEADER 400 "tenant-header" "X-Tenant-Id is missing or malformed" "Every tenant-scoped request names its tenant in `X-Tenant-Id`, a UUID. Add the header.";
    KEY_MISSING 400 "idempotency-key-missing" "Idempotency-Key is missing or malformed" "Every request that changes something carries an `Idempotency-Key` of 1 to 255 printable characters. Make one for each intended change and keep it when you try again.";
    UNAUTHENTICATED 401 "unauthenticated" "The bearer token is missing or not valid" "Send `Authorization: Bearer <JWT>` with a token of the configured issuer, for this audience, that has not expired. `detail` says which check failed.";
    FORBIDDEN 403 "forbidden" "Your roles do not allow this" "The operation needs another role; docs/permissions.md lists them. The refusal is in the audit trail.";
    TENANT_FORBIDDEN 403 "tenant-forbidden" "This tenant is not yours" "The tenant is not among the token's tenants, differs between header and path, or does not exist. The refusal is in the audit trail.";
    TENANT_INACTIVE 403 "tenant-inactive" "The tenant is suspended or deactivated" "Only platform administrators may read a tenant that is not active. Ask the platform's operator.";
    NOT_FOUND 404 "not-found" "Not found" "There is no such resource in this tenant, or no such path.";
    METHOD 405 "method-not-allowed" "The method is not allowed here" "The path exists; `Allow` lists its methods.";
    CONFLICT 409 "conflict" "The request conflicts with what is there" "Another entity or state stands in the way; `conflictId` and `conflict` name it where there is one.";
    IN_PROGRESS 409 "in-progress" "The same request is still running" "A request with this Idempotency-Key has not finished. Wait the seconds of Retry-After and send it again.";
    GONE 410 "gone" "This position is too old" "The feed keeps events for a limited time; `detail` names the oldest number. Take a snapshot from the reads and go on from there.";
    FORGOTTEN 410 "answer-forgotten" "The stored answer was scrubbed" "The request was done once under this Idempotency-Key, and what it answered held personal data that has been scrubbed since. It is not done again.";
    PRECONDITION 412 "precondition-failed" "The resource has changed since you read it" "The version in If-Match is not the current one. Read it again, apply your change to what is there now, and send the new entity tag.";
    TOO_LARGE 413 "too-large" "The body is too large" "The limit is in `detail`. Send less at once.";
    MEDIA_TYPE 415 "unsupported-media-type" "The body has the wrong content type" "Send `Content-Type: application/json` (PATCH: also `application/merge-patch+json`).";
    INVALID 422 "invalid" "The request breaks a rule" "The request can be read, but a value is not acceptable; `errors` names every field with a code and what would be accepted.";
    KEY_REUSED 422 "idempotency-key-reused" "The Idempotency-Key belongs to another request" "The key was used with another method, path or body. Make a new key for a new change.";
    PRECONDITION_REQUIRED 428 "precondition-required" "If-Match is required" "Read the resource and send its entity tag in If-Match, so that nobody's change is lost.";
    RATE_LIMITED 429 "rate-limited" "Too many requests" "Wait the seconds of Retry-After; `RateLimit` tells the quota.";
    HEADERS_TOO_LARGE 431 "headers-too-large" "The request's headers are too large" "Send less than 16 KiB of headers.";
    INTERNAL 500 "internal" "Something went wrong on our side" "The correlation id finds the cause in the server's log. Nothing was changed.";
    CAPACITY 409 "capacity" "The region is full" "The region's number of tenants is reached; nothing was created. Choose another region or ask the operator to raise it.";
    UNAVAILABLE 503 "unavailable" "Temporarily unavailable" "A part that the server needs does not answer. Wait the seconds of Retry-After and try again.";
}
