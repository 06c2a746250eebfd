//! The format: HAR 1.2 as its specification and the tools that write it have it. What is
//! not named here is ignored when read; what some leave out has a default.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::exchange::{Cut, Hint, OutputStream, Remark, Traceback};

/// A request with its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryDto {
    pub(super) started_date_time: String,
    /// Milliseconds, as all times that are not said to be in microseconds.
    #[serde(default)]
    pub(super) time: f64,
    pub(super) request: RequestDto,
    #[serde(default)]
    pub(super) response: ResponseDto,
    #[serde(default)]
    pub(super) cache: CacheDto,
    #[serde(default)]
    pub(super) timings: TimingsDto,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    #[serde(rename = "_rdev", skip_serializing_if = "Option::is_none")]
    pub(super) extension: Option<ExtensionDto>,
}

/// Nothing is known of caches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CacheDto {}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestDto {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) http_version: String,
    #[serde(default)]
    pub(super) cookies: Vec<PairDto>,
    #[serde(default)]
    pub(super) headers: Vec<PairDto>,
    #[serde(default)]
    pub(super) query_string: Vec<PairDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) post_data: Option<PostDataDto>,
    #[serde(default = "unknown")]
    pub(super) headers_size: i64,
    #[serde(default = "unknown")]
    pub(super) body_size: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResponseDto {
    /// 0 where there was none.
    pub(super) status: i64,
    pub(super) status_text: String,
    pub(super) http_version: String,
    pub(super) cookies: Vec<PairDto>,
    pub(super) headers: Vec<PairDto>,
    pub(super) content: ContentDto,
    #[serde(rename = "redirectURL")]
    pub(super) redirect_url: String,
    pub(super) headers_size: i64,
    pub(super) body_size: i64,
    /// Why there is no response, in Chromium's and mitmproxy's word, and Playwright's.
    #[serde(
        rename = "_error",
        alias = "_failureText",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) error: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PairDto {
    pub(super) name: String,
    pub(super) value: String,
}

/// A field of a form, as it is once it is decoded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ParameterDto {
    pub(super) name: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PostDataDto {
    pub(super) mime_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) params: Vec<ParameterDto>,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContentDto {
    /// Bytes once unpacked.
    pub(super) size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compression: Option<i64>,
    pub(super) mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// `base64`, or the text is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

/// -1 where something does not apply.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TimingsDto {
    pub(super) blocked: Option<f64>,
    pub(super) dns: Option<f64>,
    pub(super) connect: Option<f64>,
    pub(super) send: Option<f64>,
    pub(super) wait: Option<f64>,
    pub(super) receive: Option<f64>,
    pub(super) ssl: Option<f64>,
}

impl Default for TimingsDto {
    fn default() -> Self {
        let none = Some(-1.0);
        Self {
            blocked: none,
            dns: none,
            connect: none,
            send: Some(0.0),
            wait: Some(0.0),
            receive: Some(0.0),
            ssl: none,
        }
    }
}

/// What only rdev knows of an exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtensionDto {
    pub(super) number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replay_of: Option<u64>,
    /// Whether it was sent again since that one was pinned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) for_pin: bool,
    pub(super) client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<u32>,
    /// `complete`, `clientGone`, `refused`, `cut`; none while it was in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<OutcomeDto>,
    /// Microseconds since the beginning.
    pub(super) times: TimesDto,
    /// As they went over the wire.
    pub(super) request_head: BytesDto,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_head: Option<BytesDto>,
    /// Line by line as they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_trailers: Option<BytesDto>,
    /// The bytes of a body, where the text of the entry is not these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<BytesDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_body: Option<BytesDto>,
    /// How long a body was of which only a beginning is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_total: Option<u64>,
    /// Why only a beginning of it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_cut: Option<Cut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_cut: Option<Cut>,
    /// What the user says of it.
    #[serde(default, skip_serializing_if = "Remark::is_none")]
    pub(super) remark: Remark,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traceback: Option<Traceback>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) hints: Vec<Hint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) output: Vec<OutputDto>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum OutcomeDto {
    Complete,
    ClientGone,
    Refused,
    Cut(String),
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TimesDto {
    pub(super) accepted: Option<i64>,
    pub(super) held: Option<i64>,
    pub(super) queued: Option<i64>,
    pub(super) called: Option<i64>,
    pub(super) entered: Option<i64>,
    pub(super) started: Option<i64>,
    /// How long, not when.
    pub(super) body_wait: Option<i64>,
    pub(super) responded: Option<i64>,
    pub(super) first_byte: Option<i64>,
    pub(super) last_byte: Option<i64>,
    pub(super) closed: Option<i64>,
    pub(super) ended: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OutputDto {
    pub(super) stream: OutputStream,
    pub(super) generation: u32,
    pub(super) text: BytesDto,
}

/// Bytes: a string where they are UTF-8.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum BytesDto {
    Text(String),
    Base64 { base64: String },
}

impl BytesDto {
    pub(super) fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64 { base64: BASE64_STANDARD.encode(bytes) },
        }
    }

    /// `None` where it is no base64.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64 { base64 } => BASE64_STANDARD.decode(base64).ok(),
        }
    }
}

fn unknown() -> i64 {
    -1
}
