//! The values that settings can have, and what is reported of a wrong one.

use std::net::SocketAddr;

/// Where the function runs, as the environment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// AWS Lambda.
    Lambda,
    /// Function Compute's custom runtime, on all addresses and this port.
    FunctionCompute(u16),
    /// Plain HTTP on this address.
    Plain(SocketAddr),
}

/// With which status an accepted webhook is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuccessStatus {
    /// PagerDuty's own: 202, for v1 200.
    PagerDuty,
    /// 200, for senders that take nothing else for success.
    Ok,
}

/// How much is logged: each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only what needs attention.
    Error,
    /// Also what went wrong without harm.
    Warn,
    /// Also one line for each request and each event.
    Info,
    /// Also the health checks.
    Debug,
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}: {expected}", .value.as_ref().map(|value| format!(" is {value:?}")).unwrap_or_default())]
pub struct ConfigError {
    /// The environment variable.
    pub name: &'static str,
    /// What it holds; `None` for a secret.
    pub value: Option<String>,
    /// What it must be.
    pub expected: String,
}

impl Host {
    /// Whether it is plain HTTP on a machine of the user's own.
    #[must_use]
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Whether only this machine can call it.
    pub(super) fn is_loopback(self) -> bool {
        matches!(self, Self::Plain(address) if address.ip().is_loopback())
    }
}

impl Level {
    /// All levels.
    pub(super) const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// The level's name, in the setting and in log lines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}
