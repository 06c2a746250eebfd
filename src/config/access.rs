//! Who may use the application, and who gets to see its errors.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// The options under "Access".
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Access")]
pub struct Access {
    /// A host that requests may ask for, beside --host, localhost, *.localhost, *.test
    /// and IP addresses; *.NAME is all below it, .NAME that and itself, * any; may be
    /// given several times
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub allow_host: Vec<String>,
    /// Answer errors with source and traceback to other machines, too
    #[arg(long)]
    pub expose_errors: bool,
}
