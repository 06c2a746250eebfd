//! How a process ended, in words.

use rustix::process::WaitStatus;

/// `was killed by SIGSEGV`, `exited with status 3`.
pub fn describe_exit(status: WaitStatus) -> String {
    if let Some(signal) = status.terminating_signal() {
        let name = signal_hook::low_level::signal_name(signal)
            .map_or_else(|| format!("signal {signal}"), str::to_owned);
        return format!("was killed by {name}");
    }
    match status.exit_status() {
        Some(code) => format!("exited with status {code}"),
        None => "ended".to_owned(),
    }
}
