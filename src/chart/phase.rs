//! The phases of a request as charts show them: one colour and one wording each, everywhere.

use super::theme::{BLUE, GREEN, OLIVE, ORANGE, PURPLE, SKY, SLATE, Token, VERMILLION};
use crate::strategy::probe::Phase;

/// A request that failed, or the part of it that did.
pub(super) const FAILED: Token = Token::Mark(VERMILLION);

/// The colour of a phase. Neighbours differ in lightness too, for those who see few hues;
/// where connecting ends in failure, the two are not alike.
pub(super) fn colour(phase: Phase) -> Token {
    match phase {
        Phase::Queue => Token::Queued,
        Phase::Pool => Token::Mark(SLATE),
        Phase::Dns => Token::Mark(GREEN),
        Phase::Connect => Token::Mark(PURPLE),
        Phase::Tls => Token::Mark(ORANGE),
        Phase::Stream => Token::Brown,
        Phase::Send => Token::Mark(OLIVE),
        Phase::Wait => Token::Mark(BLUE),
        Phase::Receive => Token::Mark(SKY),
    }
}

/// The colour of text on the colour of a phase.
pub(super) fn on(phase: Phase) -> Token {
    match phase {
        Phase::Queue => Token::Ink,
        Phase::Pool | Phase::Stream | Phase::Wait => Token::OnDeep,
        _ => Token::OnPale,
    }
}

/// Activity of a request in a phase.
pub(super) fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Queue => "waiting for its turn",
        Phase::Pool => "in the pool",
        Phase::Dns => "looking up the name",
        Phase::Connect => "connecting",
        Phase::Tls => "TLS handshake",
        Phase::Stream => "waiting for the connection",
        Phase::Send => "writing the request",
        Phase::Wait => "waiting for the answer",
        Phase::Receive => "reading the body",
    }
}
