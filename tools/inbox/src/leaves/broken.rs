//! JSON that a template's values have broken: its names and values as far as a person would tell them.

use super::Leaf;

const NAME_MAX_CHARS: usize = 64;

/// Each `"name": value` of a text that begins like an object; the names alone, without those of the objects around.
pub(super) fn values(body: &str) -> Option<Vec<Leaf>> {
    if !body.trim_start().starts_with('{') {
        return None;
    }
    let mut leaves = Vec::new();
    let mut at = 0;
    while let Some((name, start)) = next_name(body, at) {
        let rest = body.get(start..).unwrap_or_default();
        let value = rest.trim_start();
        let from = start + rest.len() - value.len();
        let inside = value.strip_prefix('"').unwrap_or(value).trim_start();
        at = if inside.starts_with(['{', '[']) {
            // What is inside has names of its own, also where quotes stand around it.
            from + 1
        } else {
            let quote = usize::from(value.starts_with('"'));
            let end = from + quote + if quote == 1 { text_end(inside_of(value)) } else { word_end(value) };
            let start = from + quote;
            let text = body.get(start..end).unwrap_or_default();
            match super::template(text) {
                Some(inside) => leaves.extend(inside.into_iter().map(|leaf| leaf.moved(start, &name))),
                None => leaves.push(super::plain(body, name, start..end)),
            }
            end
        };
    }
    (!leaves.is_empty()).then_some(leaves)
}

fn inside_of(value: &str) -> &str {
    value.get(1..).unwrap_or_default()
}

/// The next `"name":` from a place on, and where its value begins.
fn next_name(body: &str, mut at: usize) -> Option<(String, usize)> {
    loop {
        let open = at + body.get(at..)?.find('"')? + 1;
        let close = open + body.get(open..)?.find('"')?;
        let name = body.get(open..close)?;
        let behind = body.get(close + 1..)?;
        let is_name =
            !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS && !name.contains(['\\', ',', '{']);
        if is_name && behind.trim_start().starts_with(':') {
            return Some((name.to_owned(), close + 1 + behind.find(':')? + 1));
        }
        // The closing one may open a name.
        at = close;
    }
}

/// Where a quoted text ends: at a quote that a comma and a name, or the object's end, follows.
fn text_end(text: &str) -> usize {
    let ends = |at: usize| {
        let behind = text.get(at + 1..).unwrap_or_default().trim_start();
        let next = behind.strip_prefix(',').map(str::trim_start);
        behind.is_empty() || behind.starts_with(['}', ']']) || next.is_some_and(|next| next.starts_with('"'))
    };
    text.match_indices('"').map(|(at, _)| at).find(|at| ends(*at)).unwrap_or(text.len())
}

fn word_end(text: &str) -> usize {
    text.find([',', '}', ']', '\n']).unwrap_or(text.len())
}
