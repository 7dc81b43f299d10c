//! Verifying a token: the first time, and when it is remembered.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::Result;
use kernel::{Clock, Role, token::Verifier};
use sha2::{Digest as _, Sha256};
use steward::identity::{self, Grant};

use super::{Bench, TOKEN_VALID};
use crate::report::{self, Row};

/// Each is another person's, so that none is remembered.
const COLD: u32 = 2_000;
const CACHED: u32 = 200_000;

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("Verification of a token (EdDSA)");
    let tokens = tokens(bench)?;
    let identity = identity::open(&bench.server.folder)?;
    let verifier = Verifier::new(identity.trust(), Clock::system())?;
    verifier.warm().await?;
    let began = Instant::now();
    for token in &tokens {
        black_box(verifier.verify(token).await?);
    }
    let cold = began.elapsed() / COLD;
    let token = tokens.last().map_or("", String::as_str);
    let began = Instant::now();
    for _ in 0..CACHED {
        black_box(verifier.verify(black_box(token)).await?);
    }
    let cached = began.elapsed() / CACHED;
    let began = Instant::now();
    for _ in 0..CACHED {
        black_box(Sha256::digest(black_box(token)));
    }
    let hash = began.elapsed() / CACHED;
    for (figure, took, aim) in [("first time", cold, ""), ("remembered", cached, "< 2 µs")] {
        report::row(&Row {
            figure: &format!("{figure} (baseline: SHA-256 of the token)"),
            steward: micros(took),
            baseline: micros(hash),
            ratio: Some(took.as_secs_f64() / hash.as_secs_f64()),
            aim,
        });
    }
    report::note(format_args!("A token of {} bytes.", token.len()));
    Ok(())
}

fn tokens(bench: &Bench) -> Result<Vec<String>> {
    let (identity, now) = (identity::open(&bench.server.folder)?, Clock::system().now());
    let sign = |number: u32| {
        let grant = Grant {
            subject: format!("bench-{number}"),
            roles: vec![Role::Registrar],
            tenants: vec![bench.tenant],
            scopes: Vec::new(),
        };
        Ok(identity.sign(&grant, now, TOKEN_VALID)?)
    };
    (0..COLD).map(sign).collect()
}

fn micros(took: Duration) -> String {
    format!("{:.2} µs", took.as_secs_f64() * 1e6)
}
