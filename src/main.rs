//! The program: a zygote when it was started as one, the front otherwise.
//!
//! Invariant: that is decided before any thread exists, since the zygote forks.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use _rdev::cli;
use _rdev::config::{Invocation, Surroundings, from_command_line};
use _rdev::process::{ZYGOTE_FLAG, restore_descriptor_limit};
use _rdev::{python, run};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let [_, flag, python, descriptors @ ..] = arguments.as_slice()
        && flag == ZYGOTE_FLAG
    {
        let soft = descriptors.first().and_then(|soft| soft.to_str()?.parse().ok());
        if let Some(soft) = soft {
            restore_descriptor_limit(soft);
        }
        return exit_code(python::run_zygote(python));
    }
    let surroundings = match Surroundings::of_this_process() {
        Ok(surroundings) => surroundings,
        Err(error) => return fail(&error.to_string(), error.exit_code()),
    };
    match from_command_line(arguments, &surroundings) {
        Ok(Invocation::Serve(config)) => match run::serve(*config) {
            Ok(code) => ExitCode::from(code),
            Err(error) => fail(&format!("error: {error:#}"), 1),
        },
        Ok(Invocation::History(history)) => ExitCode::from(cli::history(&history)),
        Ok(Invocation::Show(show)) => ExitCode::from(cli::show(&show)),
        Ok(Invocation::Export(export)) => ExitCode::from(cli::export(&export)),
        Ok(Invocation::Import(import)) => ExitCode::from(cli::import(&import)),
        Ok(Invocation::Copy(copy)) => ExitCode::from(cli::copy(&copy)),
        Ok(Invocation::Help(text)) => {
            // Whoever closed the pipe has seen enough.
            let _closed = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error.to_string(), error.exit_code()),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _closed = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}
