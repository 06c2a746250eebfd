//! The dashboard without a terminal: keys and events in, a screen out.

use super::*;

/// A dashboard without a terminal.
pub(super) struct App {
    pub(super) state: State,
    pub(super) size: (u16, u16),
    pub(super) styles: Styles,
    pub(super) now: Timestamp,
    pub(super) newest: u64,
    pub(super) effects: Vec<String>,
}

impl App {
    pub(super) fn new(width: u16, height: u16) -> Self {
        let now = Timestamp::constant(1_790_000_000, 0);
        let (target, address) =
            ("shop:app".to_owned(), "http://127.0.0.1:8888".to_owned());
        let mut facts = Facts::new(target, address, TimeZone::UTC);
        facts.root = "/home/ada/shop".into();
        facts.history = Some("/home/ada/history.db".into());
        let mut app = Self {
            state: State::new(facts, now),
            size: (width, height),
            styles: Styles::new(Some(Theme::Terminal)),
            now,
            newest: 0,
            effects: Vec::new(),
        };
        app.frame();
        app
    }

    /// With its first generation ready.
    pub(super) fn ready(width: u16, height: u16) -> Self {
        Self::new(width, height)
            .generation(1, GenerationEvent::Started(ReloadReason::Start))
            .generation(1, chosen(Rung::Cold, "what it imports is not known yet"))
            .generation(1, ready(Duration::from_millis(31)))
    }

    /// A save of these files, and a fork that is on its way.
    pub(super) fn saves<const N: usize>(self, id: u32, files: [&str; N]) -> Self {
        let files = files.map(|file| format!("/home/ada/shop/{file}").into()).to_vec();
        self.generation(id, GenerationEvent::Started(ReloadReason::Changed(files)))
            .generation(id, chosen(FORK, "its libraries were in memory"))
    }

    /// The fork is there.
    pub(super) fn forked(self, id: u32) -> Self {
        let took = Duration::from_micros(8200);
        self.generation(id, GenerationEvent::Ready { took, rung: FORK })
            .generation(id, GenerationEvent::Imported(libraries()))
    }

    /// Time goes by.
    pub(super) fn passes(mut self, millis: i64) -> Self {
        self.now += SignedDuration::from_millis(millis);
        update(&mut self.state, Message::Tick(self.now));
        self
    }

    pub(super) fn tell(mut self, event: Event) -> Self {
        let message = Message::Events { events: vec![event], losses: Losses::default() };
        let effects = update(&mut self.state, message);
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Send(_))));
        self.effects.extend(effects.iter().map(describe));
        self.frame();
        self
    }

    /// Something is to be sent, if it is time.
    pub(super) fn due(mut self) -> Self {
        let effects = update(&mut self.state, Message::Due(self.now));
        self.effects.extend(effects.iter().map(describe));
        self
    }

    pub(super) fn step(self, id: u64, what: ExchangeEvent) -> Self {
        let at = self.now;
        self.tell(Event::Exchange { id: ExchangeId(id), at, what })
    }

    pub(super) fn generation(self, id: u32, what: GenerationEvent) -> Self {
        let at = self.now;
        self.tell(Event::Generation { id: GenerationId(id), at, what })
    }

    pub(super) fn prints(self, stream: OutputStream, text: &[u8]) -> Self {
        let (at, text) = (self.now, text.to_vec());
        let generation = GenerationId(1);
        let line = OutputLine { stream, generation, exchange: None, text };
        self.tell(Event::Output { at, line })
    }

    /// Work that was left over is done, or some of it.
    pub(super) fn works(mut self) -> Self {
        assert!(update(&mut self.state, Message::Work).is_empty());
        self
    }

    /// The head of a request arrives; its number is the next one.
    pub(super) fn begins(mut self, raw: &str, source: Source) -> Self {
        self.newest += 1;
        let request = understood(raw);
        let client = "127.0.0.1:50000".to_owned();
        let id = self.newest;
        self.step(id, ExchangeEvent::Began { source, client, request })
    }

    pub(super) fn called(self) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Called(GenerationId(1)))
    }

    pub(super) fn responds(self, status: u16, kind: &str) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Responded(answered(status, kind)))
    }

    pub(super) fn sends(self, body: &[u8]) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::ResponseBody(Arc::from(body)))
    }

    pub(super) fn uploads(self, body: &[u8]) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::RequestBody(Arc::from(body)))
    }

    pub(super) fn ends(self, outcome: Outcome) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Ended(outcome))
    }

    /// A whole exchange: `GET /path 200 text/html body`.
    pub(super) fn feed(self, line: &str) -> Self {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (method, path) = (word(), word());
        let status = word().parse().unwrap_or(200);
        let (kind, body) = (word(), word());
        let kind = if kind.is_empty() { "text/plain" } else { kind };
        self.begins(&request(method, path), Source::Client)
            .called()
            .passes(12)
            .responds(status, kind)
            .sends(body.as_bytes())
            .passes(1)
            .ends(Outcome::Complete)
    }

    /// A whole exchange, not drawn.
    pub(super) fn brief(mut self, number: u64) -> Self {
        let (id, at) = (ExchangeId(number), self.now);
        let raw = request("GET", "/brief").into_bytes();
        let (source, client) = (Source::Client, String::new());
        let request = Arc::new(Request { raw, head: None });
        let steps = [
            ExchangeEvent::Began { source, client, request },
            ExchangeEvent::Called(GenerationId(1)),
            ExchangeEvent::Ended(Outcome::Complete),
        ];
        let events = steps.map(|what| Event::Exchange { id, at, what }).to_vec();
        let losses = Losses::default();
        assert!(update(&mut self.state, Message::Events { events, losses }).is_empty());
        self.newest = number;
        self
    }

    /// Keys as a terminal sends them, each drawn.
    pub(super) fn press(mut self, keys: &str) -> Self {
        for key in keys.split(' ') {
            self.hit(key);
            self.frame();
        }
        self
    }

    /// Keys as a terminal sends them.
    pub(super) fn hit(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let mut decoder = Decoder::default();
            let mut typed = decoder.feed(bytes_of(key).as_bytes());
            typed.extend(decoder.settle());
            for typed in typed {
                let message = match typed {
                    Typed::Key(key) => Message::Key(key),
                    Typed::Paste(text) => Message::Paste(text),
                    Typed::Mouse(event) => Message::Mouse(event),
                };
                let effects = update(&mut self.state, message);
                self.effects.extend(effects.iter().map(describe));
            }
        }
    }

    pub(super) fn resized(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        update(&mut self.state, Message::Resized);
        self.frame();
        self
    }

    pub(super) fn frame(&mut self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let regions = layout(&self.state, area);
        self.state.settle(&regions);
        // What a thread would do meanwhile.
        while let Some(reading) = self.state.take_reading() {
            assert!(update(&mut self.state, reading.finish()).is_empty());
            self.state.settle(&regions);
        }
        let mut buffer = Buffer::empty(area);
        draw(&self.state, &regions, &self.styles, &mut buffer);
        buffer
    }

    /// What is typed, with a bar where the terminal's cursor is.
    pub(super) fn typed(&mut self) -> String {
        let buffer = self.frame();
        let regions = layout(&self.state, buffer.area);
        let place = cursor(&self.state, &regions).expect("a line that is typed");
        let row = text_of_row(&buffer, place.y);
        assert_eq!(place.y, buffer.area.height - 1, "{row}");
        let padded = format!("{row:<300}");
        // What combines with a character before it is before it, too.
        let mut parts = padded.char_indices().map(|(at, _)| padded.split_at(at)).rev();
        let found =
            parts.find(|(before, _)| _rdev::text::width(before) == usize::from(place.x));
        let (before, behind) = found.expect("a character begins there");
        format!("{}|{}", before.trim_start(), behind.trim_end())
    }

    pub(super) fn screen(&mut self) -> String {
        let buffer = self.frame();
        let rows = (0..buffer.area.height).map(|y| text_of_row(&buffer, y));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The column, counted from 1, at which a text begins that is seen.
    #[track_caller]
    pub(super) fn column_of(&mut self, text: &str) -> u16 {
        let screen = self.screen();
        let before = screen.lines().find_map(|line| Some(line.split_once(text)?.0));
        u16::try_from(_rdev::text::width(before.expect(text)) + 1).unwrap()
    }

    /// The row, counted from 1, in which a text is seen.
    #[track_caller]
    pub(super) fn row_of(&mut self, text: &str) -> u16 {
        let screen = self.screen();
        let found = screen.lines().position(|line| line.contains(text));
        u16::try_from(found.expect(text) + 1).unwrap()
    }

    #[track_caller]
    pub(super) fn sees(mut self, text: &str) -> Self {
        let screen = self.screen();
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
        self
    }

    #[track_caller]
    pub(super) fn misses(mut self, text: &str) -> Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} in\n{screen}");
        self
    }

    /// What was asked of the shell since the last time.
    #[track_caller]
    pub(super) fn effects<const N: usize>(mut self, expected: [&str; N]) -> Self {
        assert_eq!(std::mem::take(&mut self.effects), expected);
        self
    }

    /// A picture of a view, without the last line: that has the keys, which are looked at
    /// on their own, or the picture of every view would change with each new one.
    #[track_caller]
    pub(super) fn looks_like(mut self, name: &str) -> Self {
        let screen = self.screen();
        let view = screen.rsplit_once('\n').map_or("", |(view, _)| view);
        picture(name, view);
        self
    }

    /// A picture of a view with what is typed or said in its last line.
    #[track_caller]
    pub(super) fn looks_all_like(mut self, name: &str) -> Self {
        let screen = self.screen();
        picture(name, &screen);
        self
    }
}

#[track_caller]
pub(super) fn picture(name: &str, screen: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../screens");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen));
}

fn bytes_of(key: &str) -> String {
    match key {
        "enter" => "\r".to_owned(),
        "esc" => "\x1b".to_owned(),
        "tab" => "\t".to_owned(),
        "shift-tab" => "\x1b[Z".to_owned(),
        "space" => " ".to_owned(),
        "up" => "\x1b[A".to_owned(),
        "right" => "\x1b[C".to_owned(),
        "left" => "\x1b[D".to_owned(),
        "ctrl-right" => "\x1b[1;5C".to_owned(),
        "delete" => "\x1b[3~".to_owned(),
        "backspace" => "\x7f".to_owned(),
        "home" => "\x1b[H".to_owned(),
        _ if key.starts_with("alt-") => key.replacen("alt-", "\x1b", 1),
        "f5" => "\x1b[15~".to_owned(),
        "end" => "\x1b[F".to_owned(),
        _ => match key.strip_prefix("ctrl-").and_then(|letter| letter.bytes().next()) {
            Some(letter) => char::from(letter & 0x1f).to_string(),
            None => key.to_owned(),
        },
    }
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Send(Command::Replay { request, source }) => {
            format!("replay {source:?}: {}", String::from_utf8_lossy(request))
        }
        Effect::Send(Command::Remark { id, remark }) => {
            let marked = if remark.marked { "marked" } else { "" };
            let pinned = if remark.pinned { "pinned " } else { "" };
            let comment = remark.comment.as_deref().unwrap_or_default();
            format!("remark {id}: {pinned}{marked}; {comment}")
        }
        Effect::Send(Command::Recall(exchange)) => format!("recall {}", exchange.id),
        Effect::Save(Saved { file, what, bytes, remark }) => {
            let bytes = String::from_utf8_lossy(bytes);
            format!("save the {what} in {}: {bytes} [{remark}]", file.display())
        }
        Effect::View { text, suffix } => format!("view {suffix}: {text}"),
        Effect::Pipe { command, bytes } => {
            format!("pipe to {command}: {}", String::from_utf8_lossy(bytes))
        }
        Effect::Copy(Clipping { what, suffix, bytes, .. }) => {
            format!("copy the {what}, {suffix}: {}", String::from_utf8_lossy(bytes))
        }
        other => format!("{other:?}"),
    }
}

/// A row of cells as text; the cell after a wide character is a part of it.
pub(super) fn text_of_row(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for x in 0..buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        if covered == 0 {
            text.push_str(symbol);
            covered = _rdev::text::width(symbol).max(1);
        }
        covered -= 1;
    }
    text.trim_end().to_owned()
}

/// The styles of the cells that have any, run by run; the ground where it has a colour.
pub(super) fn styled(buffer: &Buffer) -> String {
    let mut runs: Vec<(u16, String, String)> = Vec::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let ground = match cell.bg {
                Color::Reset => String::new(),
                colour => format!(" on {colour}"),
            };
            let look = format!("{}{ground} {:?}", cell.fg, cell.modifier);
            match runs.last_mut() {
                Some((row, last, text)) if *row == y && *last == look => {
                    text.push_str(cell.symbol());
                }
                _ => runs.push((y, look, cell.symbol().to_owned())),
            }
        }
    }
    let told = runs.iter().filter(|(_, look, _)| look != "Reset NONE");
    let lines = told.map(|(y, look, text)| format!("{y:2} {look}: {}", text.trim_end()));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text of the cells of that colour behind them.
pub(super) fn lit(app: &mut App, colour: Color) -> Vec<String> {
    runs(&app.frame(), |cell| cell.bg == colour)
}

pub(super) fn facts_with_keys(chosen: &[(&str, &str)]) -> Facts {
    let setting = |(action, key): &(&str, &str)| KeySetting {
        action: (*action).to_owned(),
        keys: vec![(*key).to_owned()],
        place: Place { file: "config.toml".into(), line: 1 },
    };
    let settings: Vec<KeySetting> = chosen.iter().map(setting).collect();
    let (target, address) = ("shop:app".to_owned(), "http://x".to_owned());
    let mut facts = Facts::new(target, address, TimeZone::UTC);
    facts.keymap = Keymap::new(&settings).unwrap();
    facts
}

/// What is asked for comes back as it does from the bus.
pub(super) fn remarks(mut app: App, id: u64) -> App {
    let asked = std::mem::take(&mut app.effects).concat();
    let (marked, comment) = asked.split_once("; ").unwrap_or_default();
    let comment = Some(comment.to_owned()).filter(|text| !text.is_empty());
    let pinned = marked.contains("pinned");
    let remark = Remark { marked: marked.ends_with("marked"), pinned, comment };
    app.step(id, ExchangeEvent::Remarked(remark))
}

/// The text of the cells of that colour.
pub(super) fn coloured(app: &mut App, colour: Color) -> Vec<String> {
    runs(&app.frame(), |cell| cell.fg == colour)
}

/// The text of cells in a row of which that is true.
pub(super) fn runs(buffer: &Buffer, is_one: impl Fn(&Cell) -> bool) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut ended = true;
    for cell in buffer.content() {
        if !is_one(cell) {
            ended = true;
        } else if std::mem::take(&mut ended) {
            runs.push(cell.symbol().to_owned());
        } else if let Some(run) = runs.last_mut() {
            run.push_str(cell.symbol());
        }
    }
    runs
}
