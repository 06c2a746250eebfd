//! Who may use the application, and who gets to see its errors.

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

/// A name, perhaps with a port, which is of no account; `*.NAME`, `.NAME` or `*`. What
/// could never be met, and an ending that everything has, are refused.
fn pattern(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => (name, ""),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = !host.is_empty()
        && host.split('.').all(|label| !label.is_empty() || host.ends_with('.'))
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let is_address = inner.unwrap_or(host).parse::<std::net::Ipv6Addr>().is_ok();
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    if text == "*" || (is_name || is_address) && is_port {
        Ok(text.to_owned())
    } else {
        Err("it takes a name such as dev.example, *.dev.example, .dev.example or *; no \
             scheme, no path"
            .to_owned())
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
