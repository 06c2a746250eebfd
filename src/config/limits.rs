//! How much is taken from clients, and how long they are waited for: one option each.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// The options under "Limits". Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Longest request line
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = size)]
    pub max_request_line: u64,
    /// Longest line of a header or trailer field
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = size)]
    pub max_field_line: u64,
    /// Largest request head
    #[arg(long, value_name = "SIZE", default_value = "64K", value_parser = size)]
    pub max_head: u64,
    /// Most header and trailer fields of a request
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536)
    )]
    pub max_fields: usize,
    /// All trailer fields of a request
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = size)]
    pub max_trailers: u64,
    /// Longest line with the size of a chunk
    #[arg(long, value_name = "SIZE", default_value = "4K", value_parser = size)]
    pub max_chunk_line: u64,
    /// All chunk extensions of a request
    #[arg(long, value_name = "SIZE", default_value = "16K", value_parser = size)]
    pub max_chunk_extensions: u64,
    /// Largest request body; 0: any
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size)]
    pub max_request_body: u64,
    /// Chunked request bodies beyond this are kept in a temporary file until they are
    /// complete
    #[arg(long, value_name = "SIZE", default_value = "512K", value_parser = size)]
    pub body_memory: u64,
    /// How much of a request body that the application left unread is read, so that the
    /// connection can go on
    #[arg(long, value_name = "SIZE", default_value = "256K", value_parser = size)]
    pub max_unread_body: u64,
    /// How long what was left unread may take to come, also when the connection is to be
    /// closed
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub unread_timeout: Duration,
    /// How much of a response may wait for its client before the application has to
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = size)]
    pub output_buffer: u64,
    /// Most connections at a time; others wait to be accepted
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_240,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000)
    )]
    pub max_connections: usize,
    /// Most connections that wait to be accepted
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1024,
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    pub backlog: i32,
    /// How long a request head may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub head_timeout: Duration,
    /// How long a connection may be idle between requests
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// How long a request body may pause
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// How long a client may take nothing of its response
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub write_timeout: Duration,
}

impl Default for Limits {
    /// As when none of the options is given.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Nothing {
            #[command(flatten)]
            limits: Limits,
        }
        <Nothing as clap::Parser>::parse_from(["rdev"]).limits
    }
}

/// The longest time that is taken: beyond a year nobody waits.
const LONGEST: f64 = 366.0 * 24.0 * 3600.0;

/// `4096`, `16K`, `64KiB`, `1M`, `2G`: powers of 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("sizes are like 4096, 16K, 1M or 2G".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "sizes are like 4096, 16K, 1M or 2G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is too large".to_owned())
}

/// `10`, `0.5`: more than nothing.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= LONGEST => {
            Ok(Duration::from_secs_f64(number))
        }
        _ => Err("it takes a number of seconds above 0, such as 10 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        let table = [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("16K", Some(16 << 10)),
            ("64KiB", Some(64 << 10)),
            ("1m", Some(1 << 20)),
            ("2GB", Some(2 << 30)),
            ("", None),
            ("K", None),
            ("-1", None),
            ("1.5M", None),
            ("1T", None),
            ("99999999999G", None),
        ];
        for (text, bytes) in table {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn seconds_are_more_than_nothing() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "inf", "NaN", "1e300", "", "1s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
