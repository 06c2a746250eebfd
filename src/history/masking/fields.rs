//! Which names stand for secrets.

use super::form::decoded;

/// Parts of a name, however it is written: `csrf_token`, `X-CSRF-Token`, `csrfToken`.
const TELLING: [&str; 37] = [
    "accesskey",
    "apikey",
    "appkey",
    "assertion",
    "authkey",
    "codeverifier",
    "connectionstring",
    "credential",
    "csrf",
    "encryptionkey",
    "kennwort",
    "licensekey",
    "masterkey",
    "mfacode",
    "oidcdata",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "privatekey",
    "recoverycode",
    "samlresponse",
    "secret",
    "securitycode",
    "sessid",
    "sessionid",
    "sessionkey",
    "sharedkey",
    "signature",
    "signingkey",
    "storagekey",
    "subscriptionkey",
    "token",
    "verificationcode",
    "xsrf",
    "wsse",
];

/// Words that are too short to be looked for within others.
const WORDS: [&str; 15] = [
    "bearer", "csc", "cvc", "cvv", "dpop", "hmac", "jwt", "newpass", "oldpass", "otp",
    "psk", "pw", "pwd", "totp", "userpass",
];

/// Words that tell a secret at the end of a name: `X-Auth` and `db_pass`, but not
/// `X-Auth-User` or `pass_count`.
const LAST: [&str; 10] = [
    "auth",
    "authentication",
    "authorization",
    "cookie",
    "cookies",
    "pass",
    "pin",
    "session",
    "sid",
    "sig",
];

/// Headers that a rule takes for secret, and are none.
const OPEN: [&str; 9] = [
    "cache-key",
    "idempotency-key",
    "permissions-policy",
    "sec-websocket-key",
    "surrogate-key",
    "x-cache-key",
    "x-idempotency-key",
    "x-surrogate-key",
    "xkey",
];

/// Parts of words that only look like the telling ones: secretaries, tokenizers.
const ALIKE: [&str; 6] =
    ["secretari", "secretary", "tokenisa", "tokenise", "tokenising", "tokeniz"];

/// Whether a field of a form, a query string or a JSON object holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let mut joined: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let words = words(name);
    for part in ALIKE {
        // Not of two words: `secretArias`.
        let times = words.iter().filter(|word| word.contains(part)).count();
        joined = joined.replacen(part, "", times);
    }
    if TELLING.iter().any(|part| joined.contains(part)) {
        return true;
    }
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| LAST.contains(&word.as_str()))
}

/// The same of a name as it stands in an address or a form: `pass%77ord`, also where it
/// was encoded more than once.
pub(super) fn is_secret_encoded(name: &[u8]) -> bool {
    /// Each time of these takes a third of what is encoded.
    const MOST: usize = 4;
    let mut name = name.to_vec();
    for _ in 0..MOST {
        if memchr::memchr(b'%', &name).is_none() {
            break;
        }
        name = decoded(&name);
    }
    is_secret(&String::from_utf8_lossy(&name))
}

/// Whether the value of a header is a secret as a whole.
pub(super) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // What asks for credentials has none: `Access-Control-Allow-Credentials: true`.
    if name.starts_with("access-control-") || OPEN.contains(&name.as_str()) {
        return false;
    }
    // `Ocp-Apim-Subscription-Key`, `X-Functions-Key`, `Fastly-Key`.
    is_secret(&name) || name.ends_with("-key")
}

/// Whether a value counts what its name would otherwise tell to be secret, as `max_tokens`
/// does: a decimal number under a name that ends so.
pub(super) fn is_count(name: &str, value: &[u8]) -> bool {
    let is_decimal =
        value.iter().all(|byte| byte.is_ascii_digit() || b"-.".contains(byte));
    let number = std::str::from_utf8(value).ok().filter(|_| is_decimal);
    let is_number = number.is_some_and(|number| number.parse::<f64>().is_ok());
    is_number && name.to_ascii_lowercase().ends_with("tokens")
}

/// The words of a name in lower case, parted by signs, digits and humps:
/// `user[pass][0]`, `cardCVC`, `Cookie2`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for letter in name.chars() {
        let begins = letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins || !letter.is_ascii_alphabetic() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphabetic()) {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
