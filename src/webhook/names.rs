//! Names of fields that several formats share.

/// The names of the integration key in a body, a query and PagerDuty's own events.
pub const KEY_NAMES: [&str; 3] = ["integration_key", "routing_key", "service_key"];
/// Where the rest of a notification may be.
pub(super) const CONTENT: &str = "content";
/// Longer than any field's name, shorter than most sentences.
const NAME_MAX_CHARS: usize = 64;

/// Whether this may be the name of a field, also of one that the template made up.
pub(super) fn is_field_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS && name.chars().all(is_plain)
}
