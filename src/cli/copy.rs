//! `rdev copy`: a request in a form that can be pasted.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use anyhow::Context;

use crate::config::{Copy, CopyForm};
use crate::history::copy_as::{Application, Form, copy_as};
use crate::history::database::{Reader, RecordId, RunId, RunKind};
use crate::history::request_arrived;
use crate::text::printable_lines;

use super::{FOUND, NOTHING, find, leaving, say};

/// What a test begins with that may fail for it, whenever it is run.
const MASKED: &[u8] =
    b"# Secrets are masked: put others in, or copy it with --include-sensitive.\n";

pub(super) fn run(request: &Copy) -> anyhow::Result<u8> {
    let Some((reader, record)) = find(&request.place, &request.id)? else {
        return Ok(NOTHING);
    };
    let (run, id) = (record.run, record.id());
    let (sent, sent_body) =
        (Arc::clone(&record.exchange.request), record.exchange.request_body.kept.clone());
    if request.form != CopyForm::Url {
        request_arrived(&record.exchange).with_context(|| cannot_be_copied(id))?;
    }
    let exchange = leaving(record.exchange, request.secrets);
    let is_masked = exchange.request != sent || exchange.request_body.kept != sent_body;
    let application = match request.form {
        CopyForm::Pytest => Some(application(request, &reader, run)?),
        _ => None,
    };
    let copied = copy_as(form(request.form), &exchange, application.as_ref())
        .with_context(|| cannot_be_copied(id))?;
    let mut out = io::stdout().lock();
    if is_masked && request.form == CopyForm::Pytest {
        out.write_all(MASKED)?;
    }
    if out.is_terminal() && request.form == CopyForm::Raw {
        out.write_all(printable_lines(&String::from_utf8_lossy(&copied)).as_bytes())?;
    } else {
        out.write_all(&copied)?;
    }
    out.flush()?;
    if is_masked {
        say("secrets are masked; --include-sensitive leaves them");
    }
    Ok(FOUND)
}

fn cannot_be_copied(id: RecordId) -> String {
    format!("{id} cannot be copied")
}

fn form(form: CopyForm) -> Form {
    match form {
        CopyForm::Curl => Form::Curl,
        CopyForm::Httpie => Form::Httpie,
        CopyForm::PythonRequests => Form::PythonRequests,
        CopyForm::Pytest => Form::Pytest,
        CopyForm::Raw => Form::Raw,
        CopyForm::Url => Form::Url,
    }
}

/// The application that answered, as a test imports it.
fn application(
    request: &Copy,
    reader: &Reader,
    run: RunId,
) -> anyhow::Result<Application> {
    if request.target.is_none()
        && let Some(served) = reader.application(run)?
    {
        return Ok(served);
    }
    anyhow::ensure!(
        request.target.is_some() || reader.kind(run)? == RunKind::Server,
        "run {run} was imported; --target names the application"
    );
    let target = request.application(&reader.title(run)?).map_err(|why| {
        anyhow::anyhow!("the application is not found ({why}); --target names it")
    })?;
    Ok(target.into())
}
