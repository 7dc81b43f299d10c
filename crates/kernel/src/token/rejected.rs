//! Why a token is refused.

/// Why a token is refused. The text is safe to send to anybody: it never holds any part of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// `exp` has passed.
    #[error("the token has expired; sign in again or make a new one")]
    Expired,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet; check the clocks of issuer and client")]
    NotYetValid,
    /// No key of the issuer has the token's `kid`.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// The signature is not the key's over this token.
    #[error("the token's signature does not match")]
    BadSignature,
    /// `iss` is another.
    #[error("the token comes from an issuer that this server does not trust")]
    WrongIssuer,
    /// `aud` does not name this server.
    #[error("the token is meant for another audience")]
    WrongAudience,
    /// `alg` is not the one algorithm of the key, or none that is allowed at all.
    #[error("the token's algorithm is not allowed for its key")]
    AlgorithmNotAllowed,
    /// No signed JWT.
    #[error("this is not a well-formed token: {0}")]
    Malformed(&'static str),
    /// A required claim is missing.
    #[error("the token has no claim {0:?}")]
    MissingClaim(&'static str),
    /// A claim is there and cannot be used.
    #[error("the token's claim {0:?} has a value that cannot be used")]
    InvalidClaim(String),
    /// The issuer's keys cannot be read: the server's trouble and not the caller's, worth another try.
    #[error(
        "the keys of the token's issuer cannot be read at the moment; try again in a few seconds"
    )]
    KeysUnavailable,
}

impl Rejected {
    /// A short name for metrics and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::Malformed(_) => "malformed",
            Self::MissingClaim(_) => "missing_claim",
            Self::InvalidClaim(_) => "invalid_claim",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }

    /// Whether the same token may be good in a moment (503 and not 401).
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::KeysUnavailable)
    }
}
