//! Who may use the application, and who gets to see its errors.

use std::net::Ipv6Addr;

use clap::Args;

/// The options under "Access".
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Access")]
pub struct Access {
    /// A host that requests may ask for, beside --host, localhost, *.localhost, *.test
    /// and IP addresses; *.NAME is all below it, .NAME that and itself, * any; may be
    /// given several times
    #[arg(long, value_name = "NAME", value_parser = pattern)]
    pub allow_host: Vec<String>,
    /// Answer errors with source and traceback to other machines, too
    #[arg(long)]
    pub expose_errors: bool,
}

/// A name or an address, perhaps with a port, which is of no account; `*.NAME`, `.NAME` or
/// `*`. What could never be met is refused.
fn pattern(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
        labels.all(|label| !label.is_empty() && label.bytes().all(is_plain))
    };
    let below = text.strip_prefix("*.").or_else(|| text.strip_prefix('.'));
    let host = host_of(text);
    let is_good = match below {
        Some(name) => is_name(name) && !name.ends_with('.'),
        None => text == "*" || is_name(host) || host.parse::<Ipv6Addr>().is_ok(),
    };
    is_good.then(|| text.to_owned()).ok_or_else(|| {
        "it takes a name such as dev.example, *.dev.example, .dev.example or *; no \
         scheme, no path"
            .to_owned()
    })
}

/// What stands before a port; an IPv6 address without its brackets.
fn host_of(text: &str) -> &str {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((address, rest)) =
        text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    {
        return address;
    }
    match text.split_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_what_could_not_be_met_is_refused() {
        for good in
            ["*", "a", "dev.example", "dev.example.", "*.dev.example", ".dev.example"]
        {
            assert_eq!(pattern(good).as_deref(), Ok(good));
        }
        for good in
            ["a:80", "1.2.3.4", "::1", "[::1]", "[::1]:80", "a_b", "xn--bcher-kva.de"]
        {
            assert_eq!(pattern(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            ".",
            "*.",
            "**",
            "*a",
            "a.*",
            "http://a.b",
            "a/b",
            "a b",
            "a..b",
            "b\u{fc}",
        ] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
