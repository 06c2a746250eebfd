//! Hints: what they quote of a header is masked as the header is.

use crate::exchange::Hint;

use super::{MASK, head};

/// The hint without its secrets, and without the word that it quotes something.
pub(super) fn mask(hint: &Hint) -> Hint {
    let Some(quoted) = &hint.quoted else { return hint.clone() };
    let problem = &hint.problem;
    let parts = problem.get(..quoted.begin).zip(problem.get(quoted.begin..quoted.end));
    // It comes from a file, and may be anything.
    let problem = match parts.zip(problem.get(quoted.end..)) {
        Some(((before, value), behind)) => {
            let value = match &quoted.field {
                Some(name) => {
                    head::mask_value(&name.to_ascii_lowercase(), value.as_bytes())
                }
                // It cannot be told what it is.
                None => MASK.into(),
            };
            format!("{before}{}{behind}", String::from_utf8_lossy(&value))
        }
        None => MASK.to_owned(),
    };
    Hint { problem, mend: hint.mend.clone(), quoted: None }
}
