//! The names of CloudMonitor's system events and of EventBridge's events, whose last part says where
//! the event stands: `Disk:Stalled:Executing`, `Agent_Status_Stopped`.

/// Last parts that mean that the event is over.
const OVER: [&str; 6] = ["Executed", "Avoided", "Canceled", "Cancelled", "Recovered", "Resolved"];
/// Last parts that mean that it is not.
const ONGOING: [&str; 4] = ["Scheduled", "Inquiring", "Executing", "Failed"];
/// States at the end of names without colons that mean that all is well, and their opposites.
const WELL: [&str; 2] = ["Running", "Normal"];
const UNWELL: [&str; 2] = ["Stopped", "Abnormal"];

/// The stage of an event.
pub(super) struct Stage<'a> {
    /// The name without the part that changes.
    pub(super) stem: &'a str,
    /// Whether the event is over.
    pub(super) is_over: bool,
}

/// Takes a name apart. `status` is the event's own, which counts for names without colons.
pub(super) fn of<'a>(name: &'a str, status: Option<&str>) -> Stage<'a> {
    if let Some((stem, last)) = name.rsplit_once(':') {
        if is_one_of(last, &OVER) {
            return Stage { stem, is_over: true };
        }
        let stem = if is_one_of(last, &ONGOING) { stem } else { name };
        return Stage { stem, is_over: false };
    }
    let is_well = status.is_some_and(|status| is_one_of(status, &WELL));
    let Some((stem, last)) = name.rsplit_once('_') else { return Stage { stem: name, is_over: is_well } };
    let says_over = is_one_of(last, &OVER) || is_one_of(last, &WELL);
    let is_state = says_over || is_one_of(last, &ONGOING) || is_one_of(last, &UNWELL);
    let stem = if is_state { stem } else { name };
    Stage { stem, is_over: says_over || is_well }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_last_part_of_a_name_says_where_the_event_stands() {
        for (name, status, stem, is_over) in [
            ("Disk:Stalled:Executing", None, "Disk:Stalled", false),
            ("Disk:Stalled:Executed", None, "Disk:Stalled", true),
            ("Disk:Stalled:Failed", Some("Normal"), "Disk:Stalled", false),
            ("Instance:StateChange", None, "Instance:StateChange", false),
            ("Agent_Status_Stopped", None, "Agent_Status", false),
            ("Agent_Status_Running", None, "Agent_Status", true),
            ("Agent_Status_Stopped", Some("running"), "Agent_Status", true),
            ("Disk_Full_System", None, "Disk_Full_System", false),
            ("Reboot", None, "Reboot", false),
            ("Reboot", Some("normal"), "Reboot", true),
        ] {
            let stage = of(name, status);
            assert_eq!((stage.stem, stage.is_over), (stem, is_over), "{name} {status:?}");
        }
    }
}
