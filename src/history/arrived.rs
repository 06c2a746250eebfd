//! Whether all of a request's body is here, so that the request can be given to somebody
//! else or sent once more.

use thiserror::Error;

use super::extent;
use crate::exchange::Exchange;
use crate::http::{RequestFraming, request_framing};

/// Why a body is not all here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotWhole {
    /// How much of it is kept, and why no more.
    #[error("its body is not whole: {0}")]
    Cut(String),
    /// The request has not ended, as far as that was recorded.
    #[error("its body has not all arrived")]
    Arriving,
    /// Nobody said why: so in archives of others.
    #[error("only {arrived} of its body's {announced} bytes ever arrived")]
    Short { arrived: u64, announced: u64 },
}

/// The error is the reason. To be asked before secrets are masked: a masked body has
/// another length.
pub fn request_arrived(exchange: &Exchange) -> Result<(), NotWhole> {
    let body = &exchange.request_body;
    if let Some(extent) = extent(body.size()) {
        return Err(NotWhole::Cut(extent));
    }
    let in_flight = exchange.outcome.is_none();
    let head = exchange.request.head.as_ref();
    // Where a body without framing would end is not known: there is none.
    let Some(Ok(framing)) = head.map(|head| request_framing(head, u64::MAX)) else {
        return Ok(());
    };
    match framing {
        RequestFraming::Length(announced) if body.total < announced => {
            let arrived = body.total;
            Err(if in_flight {
                NotWhole::Arriving
            } else {
                NotWhole::Short { arrived, announced }
            })
        }
        // Whether the last chunk has come is not known before the end.
        RequestFraming::Chunked if in_flight => Err(NotWhole::Arriving),
        RequestFraming::Length(_) | RequestFraming::Chunked => Ok(()),
    }
}
