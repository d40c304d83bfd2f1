//! The body of a request.

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Shared;

/// Reads a body to its end, whatever it is, so that the connection can go on.
///
/// # Errors
///
/// If it broke off, or if it is not the body that this server's requests have: what is wrong.
pub(super) async fn receive(mut body: Incoming, shared: &Shared) -> Result<(), String> {
    let mut length = 0_usize;
    let mut is_pattern = true;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("the body broke off: {error}\n"))?;
        // Trailers are no part of it.
        let Ok(bytes) = frame.into_data() else { continue };
        shared.ledger.uploaded(bytes.len());
        is_pattern = is_pattern && shared.pattern.has(length, &bytes);
        length = length.saturating_add(bytes.len());
    }
    match shared.upload_bytes {
        Some(expected) if expected != length as u64 => {
            Err(format!("the body has {length} B, and those of this server {expected} B\n"))
        }
        Some(_) if !is_pattern => Err("the body is not that of the seed\n".to_owned()),
        _ => Ok(()),
    }
}
