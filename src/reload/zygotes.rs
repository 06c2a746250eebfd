//! The zygotes: one that knows nothing, one that has libraries in memory, and one that
//! tries whether they can be imported beforehand. At rest there is one.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use mio::{Registry, Token};

use super::warmth::{Next, Verdict, Warmth};
use super::zygote::Zygote;
use crate::exchange::{GenerationId, Rung, Traceback};
use crate::lane::{FromZygote, ImportTrace, ToZygote};
use crate::process::send;

/// What zygotes have said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Lines they printed, and what else the developer should know.
    pub(super) notices: Vec<String>,
    /// Workers that could not be forked, with the operating system's words.
    pub(super) unborn: Vec<(GenerationId, String)>,
}

/// All zygotes of a run.
pub(super) struct Zygotes {
    python: PathBuf,
    token: Token,
    warmth: Warmth,
    base: Option<Zygote>,
    warm: Option<Zygote>,
    candidate: Option<Zygote>,
    /// What the candidate tries.
    record: Vec<u8>,
}

impl Zygotes {
    /// Sockets and output will report under `token`.
    pub(super) fn new(python: PathBuf, token: Token, warmth: Warmth) -> Self {
        let record = Vec::new();
        Self { python, token, warmth, base: None, warm: None, candidate: None, record }
    }

    /// Where the next worker is forked from, and what that makes of it.
    pub(super) fn source(
        &mut self,
        registry: &Registry,
    ) -> io::Result<(&UnixStream, Rung)> {
        let rung = self.warmth.rung();
        if rung != Rung::Cold
            && let Some(warm) = &self.warm
        {
            return Ok((warm.orders(), rung));
        }
        let base = match self.base.take() {
            Some(base) => base,
            None => Zygote::start(&self.python, registry, self.token)?,
        };
        Ok((self.base.insert(base).orders(), Rung::Cold))
    }

    /// A generation was imported: judges it and learns from it.
    pub(super) fn imported(
        &mut self,
        rung: Rung,
        trace: &ImportTrace,
        registry: &Registry,
    ) -> (Verdict, Option<String>) {
        let was_on = self.warmth.why_off().is_none();
        let verdict = self.warmth.judge(rung, trace);
        let trouble = self.warmth.why_off().filter(|_| was_on).map(str::to_owned);
        if trouble.is_some() {
            self.end_warm();
        } else if verdict == Verdict::Keep && self.warmth.learn(trace) {
            self.record.clone_from(&trace.record);
            self.try_preload(registry);
        }
        (verdict, trouble)
    }

    /// The import of a generation failed. Says whether it is to be tried from nothing.
    pub(super) fn failed(&mut self, rung: Rung, traceback: &Traceback) -> bool {
        self.warmth.failed(rung, traceback)
    }

    /// Files have changed: the next generation cannot be compared with the last.
    pub(super) fn changed(&mut self) {
        self.warmth.changed();
    }

    /// A warm generation was found to be unlike a fresh one.
    pub(super) fn unlike(&mut self, why: &str) {
        self.warmth.unlike(why);
        self.end_warm();
    }

    fn end_warm(&mut self) {
        for zygote in [self.warm.take(), self.candidate.take()].into_iter().flatten() {
            zygote.end();
        }
    }

    /// Starts a zygote that imports the libraries; it becomes the warm one if all goes
    /// well. Failing that, generations are made from nothing, which is right if slow.
    fn try_preload(&mut self, registry: &Registry) {
        if let Some(before) = self.candidate.take() {
            before.end();
        }
        let Ok(zygote) = Zygote::start(&self.python, registry, self.token) else {
            return;
        };
        let excluded = self.warmth.excluded().keys().cloned().collect();
        let order = ToZygote::Preload { trace: self.record.clone(), excluded };
        if send(zygote.orders(), &order, &[]).is_ok() {
            self.candidate = Some(zygote);
        }
    }

    /// Hears what they have said.
    pub(super) fn hear(&mut self, registry: &Registry) -> Heard {
        let mut heard = Heard::default();
        let mut tried = None;
        let all = [&mut self.base, &mut self.warm, &mut self.candidate];
        for zygote in all.into_iter().flatten() {
            for line in zygote.printed() {
                heard
                    .notices
                    .push(format!("interpreter: {}", String::from_utf8_lossy(&line)));
            }
            for report in zygote.reports() {
                match report {
                    FromZygote::Ready => {}
                    FromZygote::Preloaded { modules, refused } => {
                        tried = Some((modules, refused));
                    }
                    FromZygote::ForkFailed(id, error) => heard.unborn.push((id, error)),
                }
            }
        }
        if let Some((modules, refused)) = tried {
            self.take_in(modules, refused, registry);
        }
        heard
    }

    fn take_in(
        &mut self,
        modules: usize,
        refused: Vec<(String, String)>,
        registry: &Registry,
    ) {
        match self.warmth.preloaded(modules, refused) {
            Next::Use => {
                if let Some(before) = self.warm.take() {
                    before.end();
                }
                self.warm = self.candidate.take();
            }
            Next::TryAgain => self.try_preload(registry),
            Next::GiveUp => {
                if let Some(useless) = self.candidate.take() {
                    useless.end();
                }
            }
        }
    }

    /// Lets the one that knows nothing go while it is not needed. Not before every worker
    /// has been born: until then they are of its process group.
    pub(super) fn rest(&mut self, all_born: bool) {
        if all_born
            && self.warm.is_some()
            && self.warmth.rung() != Rung::Cold
            && let Some(base) = self.base.take()
        {
            base.end();
        }
    }

    /// A child of the front has ended. `true` if it was a zygote that was still needed;
    /// the next generation starts another.
    pub(super) fn ended(&mut self, pid: i32) -> bool {
        let is =
            |zygote: &Option<Zygote>| zygote.as_ref().is_some_and(|it| it.pid == pid);
        if is(&self.candidate) {
            self.candidate = None;
        } else if is(&self.warm) {
            self.warm = None;
            self.warmth.lost();
            return true;
        } else if is(&self.base) {
            self.base = None;
            return true;
        }
        false
    }

    /// Ends them all.
    pub(super) fn end(&mut self) {
        self.end_warm();
        if let Some(base) = self.base.take() {
            base.end();
        }
    }
}
