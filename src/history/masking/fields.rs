//! Which names stand for secrets.

/// Parts of a name, however it is written: `csrf_token`, `X-CSRF-Token`, `csrfToken`.
const TELLING: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "signature",
    "csrf",
    "xsrf",
    "sessionid",
];

/// Whole names that are too short to be looked for within others.
const WHOLE: [&str; 13] = [
    "auth",
    "authorization",
    "cvc",
    "cvv",
    "jwt",
    "otp",
    "pass",
    "pin",
    "pwd",
    "session",
    "sessionkey",
    "sid",
    "sig",
];

/// Whether a field of a form, a query string or a JSON object holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    TELLING.iter().any(|part| name.contains(part)) || WHOLE.contains(&name.as_str())
}

/// Whether the value of a header is a secret as a whole.
pub(super) fn is_secret_header(name: &str) -> bool {
    // `X-Auth-Key` and the like, but not what asks for credentials.
    let is_key = |name: &str| name.starts_with("x-") && name.ends_with("-key");
    is_secret(name) || is_key(&name.to_ascii_lowercase())
}
