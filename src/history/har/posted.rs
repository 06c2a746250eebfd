//! The body of a request in an archive: as it was sent, as text, or as the fields of a form,
//! of which a form is made again.

use std::borrow::Cow;

use crate::body::boundary;

use super::document::{ParameterDto, RequestDto};
use super::import::decoded;

/// Parts a form that is made again.
const BOUNDARY: &str = "----made-of-the-fields-of-an-archive";

/// What was sent below the head.
pub(super) struct Posted<'a> {
    pub(super) body: Vec<u8>,
    /// What it is, where the head does not say that, or a form made again has another
    /// boundary.
    pub(super) content_type: Option<Cow<'a, str>>,
}

/// The body that an archive tells.
pub(super) fn posted(request: &RequestDto) -> Posted<'_> {
    let Some(data) = &request.post_data else {
        return Posted { body: Vec::new(), content_type: None };
    };
    let told = request
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-type"));
    let kind = told.map_or(data.mime_type.as_str(), |field| &field.value);
    let untold = (told.is_none() && !kind.is_empty()).then(|| kind.into());
    if !data.text.is_empty() || data.params.is_empty() {
        let body = decoded(&data.text, data.encoding.as_deref());
        return Posted { body, content_type: untold };
    }
    let is_multipart = kind.trim_start().to_ascii_lowercase().starts_with("multipart/");
    if !is_multipart {
        return Posted { body: urlencoded_form(&data.params), content_type: untold };
    }
    if let Some(told) = boundary(kind.as_bytes())
        && parts_only(told, &data.params)
    {
        return Posted { body: multipart(&data.params, told), content_type: untold };
    }
    let mut boundary = BOUNDARY.to_owned();
    while !parts_only(boundary.as_bytes(), &data.params) {
        boundary.push('-');
    }
    let kind = kind.split(';').next().unwrap_or_default();
    Posted {
        body: multipart(&data.params, boundary.as_bytes()),
        content_type: Some(format!("{kind}; boundary={boundary}").into()),
    }
}

/// Whether a boundary is within no value, where it would end that.
fn parts_only(boundary: &[u8], fields: &[ParameterDto]) -> bool {
    let within = |value: &String| memchr::memmem::find(value.as_bytes(), boundary);
    fields.iter().all(|field| within(&field.value).is_none())
}

fn urlencoded_form(fields: &[ParameterDto]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields.iter().map(|field| (&field.name, &field.value)));
    form.finish().into_bytes()
}

/// RFC 7578.
fn multipart(fields: &[ParameterDto], boundary: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for ParameterDto { name, value, file_name, content_type } in fields {
        let file = file_name.as_deref().filter(|name| !name.is_empty());
        let file = file.map(|name| format!("; filename=\"{}\"", quoted(name)));
        let kind = content_type.as_deref().filter(|kind| !kind.is_empty());
        let kind = kind.map(|kind| format!("Content-Type: {}\r\n", quoted(kind)));
        let head = format!(
            "\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n{}\r\n{value}\r\n",
            quoted(name),
            file.unwrap_or_default(),
            kind.unwrap_or_default(),
        );
        out.extend([b"--", boundary, head.as_bytes()].concat());
    }
    out.extend([b"--", boundary, b"--\r\n"].concat());
    out
}

/// As browsers write a name (the HTML standard, "multipart/form-data encoding algorithm").
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
