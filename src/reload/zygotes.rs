//! The zygotes: one that knows nothing, one that has libraries in memory, and one that
//! tries whether they can be imported beforehand. At rest there is one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Registry, Token};
use signal_hook::consts::SIGKILL;

use super::absence::{Absence, Again};
use super::warmth::{Next, Verdict, Warmth};
use super::worker::Worker;
use super::zygote::Zygote;
use crate::clock::monotonic;
use crate::exchange::{GenerationId, Libraries, Making, Preload, Rung, Traceback};
use crate::lane::{Birth, FromZygote, ImportPlan, ImportTrace, ToZygote};
use crate::process::{Backoff, Exit, describe_exit, send};

/// How long importing the libraries beforehand may take.
const PRELOAD: Duration = Duration::from_secs(60);
/// How many modules that are not kept warm are named.
const MOST_NAMED: usize = 3;

/// How often an interpreter that was killed before any had come up is started again.
const MOST_KILLED: u32 = 3;
/// How often libraries are tried again when whoever imports them beforehand is killed, until
/// another generation asks for it: it may be the system that does it, for want of memory.
const MOST_RETRIES: u32 = 10;

/// What zygotes have said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Lines they printed, and what else the developer should know.
    pub(super) notices: Vec<String>,
    /// What was imported beforehand, and after which generation's example.
    pub(super) preloaded: Option<(GenerationId, Arc<Preload>)>,
    /// Workers that could not be forked, with the operating system's words.
    pub(super) unborn: Vec<(GenerationId, String)>,
}

/// What the end of a child means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It was no zygote, or one that was done with.
    None,
    /// Importing beforehand came to nothing, for a reason that is to be told.
    Preload(Option<String>),
    /// One that generations are made from; the next starts another.
    Source,
    /// No interpreter has ever come up; this is what it printed.
    Interpreter(Vec<String>),
}

/// All zygotes of a run.
pub(super) struct Zygotes {
    python: PathBuf,
    token: Token,
    warmth: Warmth,
    base: Option<Zygote>,
    warm: Option<Zygote>,
    candidate: Option<Zygote>,
    /// What the candidate tries, and of which generation that was learnt.
    record: Vec<u8>,
    learnt_from: GenerationId,
    /// When it has taken too long.
    patience: Option<Instant>,
    /// Those that are to become a worker before they were up: if they never are, what they
    /// print says why.
    becoming: Vec<Zygote>,
    /// When the libraries are to be imported beforehand once more, and how often those that
    /// had them, or were importing them, were lost.
    again: Option<Instant>,
    losses: Backoff,
    /// Whether the candidate tries what was in memory or tried already.
    is_again: bool,
    /// How many candidates were killed since one had the libraries in memory.
    retries: u32,
    /// The same for an interpreter to make generations from, where there is no other.
    base_again: Option<Instant>,
    base_losses: Backoff,
    /// Those that are done with, but may still have a worker to fork.
    leaving: Vec<Zygote>,
    /// Whether any has ever come up, and how many were killed before.
    was_up: bool,
    killed: u32,
    /// How many excluded modules the user knows of.
    told: Option<usize>,
}

impl Zygotes {
    /// Sockets and output will report under `token`.
    pub(super) fn new(python: PathBuf, token: Token, warmth: Warmth) -> Self {
        Self {
            python,
            token,
            warmth,
            base: None,
            warm: None,
            candidate: None,
            record: Vec::new(),
            learnt_from: GenerationId(0),
            patience: None,
            becoming: Vec::new(),
            again: None,
            losses: Backoff::default(),
            is_again: false,
            retries: 0,
            base_again: None,
            base_losses: Backoff::default(),
            leaving: Vec::new(),
            was_up: false,
            killed: 0,
            told: None,
        }
    }

    /// Starts an interpreter for the first generation, which comes up while the code is
    /// looked at for the first time.
    pub(super) fn begin(&mut self, registry: &Registry) {
        // Where that fails, it fails again when the generation is made, and is told.
        self.base = Zygote::start(&self.python, registry, self.token).ok();
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Zygote> {
        let named = [&mut self.base, &mut self.warm, &mut self.candidate];
        named.into_iter().flatten().chain(&mut self.becoming).chain(&mut self.leaving)
    }

    /// Makes the worker of the next generation, since none that was begun beforehand can be
    /// used. `cold` says why nothing imported beforehand is to be used this once.
    pub(super) fn make(
        &mut self,
        plan: ImportPlan,
        (cold, absence): (Option<&str>, &Absence),
        registry: &Registry,
        tokens: [Token; 3],
    ) -> io::Result<Worker> {
        let mut making = self.warmth.making(cold, Some(absence));
        if making.rung != Rung::Cold && self.warm.is_none() {
            if self.warmth.uses_up() {
                self.warmth.used_up();
            } else {
                self.warmth.lost();
                self.warmth.forget();
            }
            making = self.warmth.making(None, Some(absence));
        }
        if making.rung == Rung::Cold {
            self.start_base(registry)?;
        }
        self.order(plan, making, registry, tokens)
    }

    /// Makes a worker that nobody has asked for yet, with the libraries in memory, or says
    /// why not.
    pub(super) fn make_ahead(
        &mut self,
        plan: ImportPlan,
        registry: &Registry,
        tokens: [Token; 3],
    ) -> Result<Worker, Absence> {
        if let Some(absence) = self.warmth.not_ahead() {
            return Err(absence);
        }
        let making = self.warmth.making(None, None);
        let base = match making.rung {
            Rung::Cold => self.start_base(registry),
            _ => Ok(()),
        };
        base.and_then(|()| self.order(plan, making, registry, tokens))
            .map_err(|error| Absence::Refused(error.to_string(), Again::Later))
    }

    fn start_base(&mut self, registry: &Registry) -> io::Result<()> {
        if self.base.is_none() {
            self.base = Some(Zygote::start(&self.python, registry, self.token)?);
        }
        Ok(())
    }

    fn order(
        &mut self,
        plan: ImportPlan,
        making: Making,
        registry: &Registry,
        tokens: [Token; 3],
    ) -> io::Result<Worker> {
        let birth = self.warmth.birth(making.rung);
        let source =
            if making.rung == Rung::Cold { &mut self.base } else { &mut self.warm };
        let Some(zygote) = source else {
            return Err(io::Error::other("there is no zygote"));
        };
        let plan = ImportPlan { set: self.warmth.set(), ..plan };
        let worker = Worker::order((zygote, birth), making, plan, registry, tokens)?;
        if birth == Birth::Become {
            self.becoming.extend(source.take().filter(|zygote| !zygote.ready));
        }
        Ok(worker)
    }

    /// Whether generations are made from that process.
    pub(super) fn has(&self, pid: i32) -> bool {
        let mut sources = [&self.base, &self.warm].into_iter().flatten();
        sources.any(|zygote| zygote.pid == pid)
    }

    /// Where workers were forked from is broken: the next one comes from another.
    pub(super) fn distrust(&mut self) {
        self.end_warm();
        self.lose_warm();
        self.leaving.extend(self.base.take());
        self.leaving.retain(|zygote| !zygote.broken);
        self.becoming.retain(|zygote| !zygote.broken);
    }

    /// A generation was imported: judges it and learns from it.
    pub(super) fn imported(
        &mut self,
        (id, rung): (GenerationId, Rung),
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
            self.learnt_from = id;
            self.is_again = false;
            self.try_preload(registry);
        } else if self.needs_another() {
            self.try_preload(registry);
        }
        (verdict, trouble)
    }

    /// The libraries of a generation that was imported.
    pub(super) fn libraries(
        &mut self,
        rung: Rung,
        trace: &ImportTrace,
    ) -> Arc<Libraries> {
        self.warmth.libraries(rung, trace)
    }

    /// Whether the one with the libraries in memory has become a worker.
    fn needs_another(&self) -> bool {
        let is_wanted = self.warmth.why_off().is_none() && !self.record.is_empty();
        is_wanted
            && self.warmth.uses_up()
            && self.warm.is_none()
            && self.candidate.is_none()
    }

    /// The import of a generation failed. Says whether it is to be tried from nothing.
    pub(super) fn failed(&mut self, rung: Rung, traceback: &Traceback) -> bool {
        self.warmth.failed(rung, traceback)
    }

    /// Files have changed: the next generation cannot be compared with the last.
    pub(super) fn changed(&mut self) {
        self.warmth.changed();
    }

    /// The next generation, begun beforehand, has set something in a library that nobody has
    /// noticed before, or met one that must be imported anew: so will the one that is asked for.
    pub(super) fn noticed(
        &mut self,
        why: &str,
        set: Vec<(String, String)>,
        refused: Option<String>,
    ) {
        if !set.is_empty() || refused.is_some() {
            self.unlike(why, set, refused);
        }
    }

    /// A warm generation was found to be unlike a fresh one.
    pub(super) fn unlike(
        &mut self,
        why: &str,
        set: Vec<(String, String)>,
        refused: Option<String>,
    ) {
        self.warmth.unlike(why, set, refused);
        self.again = None;
        self.end_warm();
    }

    fn end_warm(&mut self) {
        self.end_candidate();
        self.leaving.extend(self.warm.take());
    }

    fn end_candidate(&mut self) {
        self.patience = None;
        if let Some(candidate) = self.candidate.take() {
            candidate.end();
        }
    }

    /// The libraries are in memory no more, but it is known which they were: no generation
    /// has to show it again, which none may live to do while saves follow each other fast.
    fn lose_warm(&mut self) {
        self.warmth.lost();
        self.warm_soon();
    }

    fn warm_soon(&mut self) {
        let now = monotonic();
        self.again = Some(now + self.losses.died(now));
    }

    fn base_soon(&mut self) {
        let now = monotonic();
        self.base_again = Some(now + self.base_losses.died(now));
    }

    /// Begins what was lost again where that is due.
    pub(super) fn begin_again(&mut self, now: Instant, registry: &Registry) {
        if self.again.take_if(|at| now >= *at).is_some() {
            self.warm_again(registry);
        }
        if self.base_again.take_if(|at| now >= *at).is_some()
            && self.warm.is_none()
            && self.start_base(registry).is_err()
        {
            // There may be no process or descriptor to be had just now.
            self.base_soon();
        }
    }

    /// Imports the libraries beforehand that are known, unless that was begun meanwhile.
    fn warm_again(&mut self, registry: &Registry) {
        let is_wanted = self.warmth.why_off().is_none() && !self.record.is_empty();
        let is_known = self.warm.is_some() && self.retries == 0;
        if is_wanted && !is_known && self.candidate.is_none() {
            self.is_again = true;
            self.try_preload(registry);
        }
    }

    /// Starts a zygote that imports the libraries; it becomes the warm one if all goes
    /// well. Failing that, generations are made from nothing, which is right if slow.
    fn try_preload(&mut self, registry: &Registry) {
        self.end_candidate();
        let Ok(zygote) = Zygote::start(&self.python, registry, self.token) else {
            // There may be no process or descriptor to be had just now.
            return self.warm_soon();
        };
        let excluded = self.warmth.excluded().keys().cloned().collect();
        let birth = if self.warmth.uses_up() { Birth::Become } else { Birth::Fork };
        let trace = self.record.clone();
        let set = self.warmth.set();
        let order = ToZygote::Preload { trace, excluded, set, birth };
        // If it is gone already, that will be heard.
        let _gone = send(zygote.orders(), &order, &[]);
        self.candidate = Some(zygote);
        self.patience = Some(monotonic() + PRELOAD);
    }

    /// When [`Self::give_up_if_due`] or [`Self::begin_again`] wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.patience.into_iter().chain(self.again).chain(self.base_again).min()
    }

    /// Ends an attempt to import beforehand that takes too long; says so.
    pub(super) fn give_up_if_due(&mut self, now: Instant) -> Option<String> {
        self.patience.filter(|&until| now >= until)?;
        self.end_candidate();
        let why = format!("importing them took more than {} s", PRELOAD.as_secs());
        Some(self.not_warm(&why))
    }

    /// Whether an interpreter is still coming up, so that nothing can be said about the
    /// workers it is to fork.
    pub(super) fn is_starting(&self) -> bool {
        let mut starting = self.base.iter().chain(&self.becoming);
        starting.any(|zygote| !zygote.ready)
    }

    /// Whether there is more output to read, of which no event tells.
    pub(super) fn has_more(&mut self) -> bool {
        self.all().any(|zygote| zygote.has_more())
    }

    /// Hears what they have said.
    pub(super) fn hear(&mut self, registry: &Registry) -> Heard {
        let mut heard = Heard::default();
        let mut tried = None;
        let (mut is_up, mut is_broken) = (false, false);
        for zygote in self.all() {
            let reports = zygote.reports();
            is_up |= zygote.ready;
            is_broken |= zygote.broken;
            let lines = zygote.printed();
            heard.notices.extend(lines.iter().map(|line| interpreter_line(line)));
            for report in reports {
                match report {
                    FromZygote::Ready => {}
                    FromZygote::Preloaded { preload, refused } => {
                        tried = Some((preload, refused));
                    }
                    FromZygote::ForkFailed(id, error) => heard.unborn.push((id, error)),
                }
            }
        }
        self.was_up |= is_up;
        self.becoming.retain(|zygote| !zygote.ready);
        if is_broken {
            let text = "the zygote was replaced: what it said could not be understood";
            heard.notices.push(text.to_owned());
            self.distrust();
        }
        if let Some((preload, refused)) = tried {
            self.take_in(preload, refused, registry, &mut heard);
        }
        heard
    }

    fn take_in(
        &mut self,
        preload: Preload,
        refused: Vec<(String, String)>,
        registry: &Registry,
        heard: &mut Heard,
    ) {
        self.patience = None;
        match self.warmth.preloaded(preload, refused) {
            Next::Use => {
                self.is_again = false;
                self.retries = 0;
                self.leaving.extend(self.warm.take());
                self.warm = self.candidate.take();
                let preload = Arc::clone(self.warmth.preload());
                let excluded = self.warmth.excluded().len();
                if self.told.replace(excluded) != Some(excluded) {
                    let modules = preload.modules.len();
                    let text = format!(
                        "{modules} library modules stay in memory, so that reloads are \
                         fast{}",
                        self.but()
                    );
                    heard.notices.push(text);
                }
                heard.preloaded = Some((self.learnt_from, preload));
            }
            Next::TryAgain => self.try_preload(registry),
            Next::GiveUp => {
                self.end_candidate();
                let why = format!("each attempt met another obstacle{}", self.but());
                heard.notices.push(self.not_warm(&why));
            }
        }
    }

    /// Importing beforehand came to nothing, for that reason: what to tell the user.
    fn not_warm(&mut self, why: &str) -> String {
        let text = format!("libraries are imported anew for each generation: {why}");
        self.warmth.gave_up(&text);
        if std::mem::take(&mut self.is_again) {
            // The next generation that can be imported shows them.
            self.warmth.forget();
        }
        text
    }

    /// Whoever imported the libraries beforehand has ended. If it was killed, that is tried
    /// again, which is told once.
    fn candidate_ended(&mut self, exit: Exit) -> Option<String> {
        let how = describe_exit(exit.status);
        let how = format!("the process that imported them beforehand {how}");
        if !was_killed(exit) {
            return Some(self.not_warm(&how));
        }
        self.retries += 1;
        if self.retries > MOST_RETRIES {
            self.is_again = true;
            let text = self.not_warm(&format!("{how} each time"));
            return (self.retries == MOST_RETRIES + 1).then_some(text);
        }
        self.warm_soon();
        let which =
            if self.warm.is_some() { "the newest libraries" } else { "libraries" };
        let text = format!(
            "{which} are not in memory yet: {how}; it is tried again, after a pause that \
             grows"
        );
        self.warmth.gave_up(&text);
        (self.retries == 1).then_some(text)
    }

    /// What is not kept warm, and why, in one line.
    fn but(&self) -> String {
        let excluded = self.warmth.excluded();
        if excluded.is_empty() {
            return String::new();
        }
        let named = excluded.iter().take(MOST_NAMED).map(|(name, why)| {
            format!("{name} ({})", why.lines().next().unwrap_or_default())
        });
        let mut words: Vec<String> = named.collect();
        if let Some(more @ 1..) = excluded.len().checked_sub(MOST_NAMED) {
            words.push(format!("{more} more"));
        }
        format!("; not: {}", words.join(", "))
    }

    /// Lets those go that are not needed. Not before every worker has been born: until
    /// then they are of a zygote's process group.
    pub(super) fn rest(&mut self, all_born: bool) {
        if !all_born {
            return;
        }
        for zygote in self.leaving.drain(..) {
            zygote.end();
        }
        if self.warm.is_some()
            && self.warmth.rung() != Rung::Cold
            && let Some(base) = self.base.take()
        {
            base.end();
        }
    }

    /// A child of the front has ended.
    pub(super) fn ended(&mut self, exit: Exit) -> Loss {
        self.leaving.retain(|zygote| zygote.pid != exit.pid);
        let is = |zygote: &mut Zygote| zygote.pid == exit.pid;
        if self.candidate.take_if(is).is_some() {
            self.patience = None;
            return Loss::Preload(self.candidate_ended(exit));
        }
        if self.warm.take_if(is).is_some() {
            self.lose_warm();
            return Loss::Source;
        }
        let becoming = self.becoming.extract_if(.., is).next();
        let Some(mut base) = self.base.take_if(is).or(becoming) else {
            return Loss::None;
        };
        // It may have come up just before.
        let _last = base.reports();
        self.was_up |= base.ready;
        let was_killed = was_killed(exit);
        self.killed += u32::from(was_killed);
        if self.was_up || was_killed && self.killed <= MOST_KILLED {
            self.base_soon();
            Loss::Source
        } else {
            Loss::Interpreter(base.last_words())
        }
    }

    /// Ends them all.
    pub(super) fn end(&mut self) {
        self.end_warm();
        self.leaving.extend(self.base.take());
        for zygote in self.becoming.drain(..).chain(self.leaving.drain(..)) {
            zygote.end();
        }
    }
}

/// Whether somebody has killed it, which says nothing about it.
fn was_killed(exit: Exit) -> bool {
    exit.status.terminating_signal() == Some(SIGKILL)
}

fn interpreter_line(line: &[u8]) -> String {
    format!("interpreter: {}", String::from_utf8_lossy(line))
}
