//! The dashboard driven in prose, and pictures of its screen under `tests/screens/`.

mod app;
mod bodies;
mod costs;
mod detail;
mod event_streams;
mod filter;
mod json;
mod keys;
mod layout;
mod list;
mod mouse;
mod notices;
mod past;
mod pictures;
mod reloads;
mod remarks;
mod replays;
mod samples;
mod search;
mod secrets;
mod taking_out;

use std::sync::Arc;
use std::time::Duration;

use _rdev::bus::Losses;
use _rdev::config::{Depth, KeySetting, PictureProtocol, Place, Theme, ViewSetting};
use _rdev::exchange::{
    Command, Cut, Event, Exchange, ExchangeEvent, ExchangeId, Frame, GenerationEvent,
    GenerationId, Hint, Libraries, Link, Making, Notice, Outcome, OutputLine,
    OutputStream, Preload, Raised, ReloadReason, Remark, Request, Response, Rung,
    Severity, Source, Timing, Traceback,
};
use _rdev::history::filter::Views;
use _rdev::history::{Live, Store};
use _rdev::http::{Headers, Limits, RequestParser, ResponseHead};
use _rdev::terminal::{Decoder, Typed};
use _rdev::tui::{
    Clipping, Effect, Facts, Keymap, Lookup, Message, Progress, Saved, State, Styles,
    cursor, draw, layout, update,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use app::{
    App, coloured, facts_with_keys, lit, picture, remarks, runs, styled, text_of_row,
};
use samples::{
    FORK, answered, chained, chosen, libraries, logged_in, login, mixed,
    printing_in_colours, ready, request, rich, traceback, understood,
};
