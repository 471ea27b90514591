//! The localizer's answer for people.

use usher_core::localize::{Condition, Found, Localization, Role, Usual};
use usher_core::text::escape_hidden;

use super::super::table;
use super::localize::Reading;

/// Names of dimensions that are listed before the rest is only counted.
const NAMES_MAX: usize = 10;

/// The answer in one sentence.
pub(super) fn sentence(found: &Localization) -> String {
    let Some(best) = found.slices.first() else {
        return format!(
            "Nothing stands out: {} of {} attempts failed, where {:.1} were expected.",
            found.failed, found.attempts, found.expected_failed
        );
    };
    let ties = found
        .slices
        .iter()
        .filter(|slice| matches!(slice.role, Role::TieOf(_)));
    let ties = match ties.count() {
        0 => String::new(),
        1 => " One more slice can't be told apart from it yet.".to_owned(),
        count => format!(" {count} more slices can't be told apart from it yet."),
    };
    let further = found
        .slices
        .iter()
        .filter(|slice| matches!(slice.role, Role::After(_)));
    let further = match further.count() {
        0 => String::new(),
        1 => " There is a second cause.".to_owned(),
        count => format!(" There are {count} further causes."),
    };
    format!(
        "{} {} of {} attempts failed, where {:.1} were expected.{}{ties}{further}",
        subject(&best.slice),
        best.failed,
        best.attempts,
        best.expected_failed,
        spread(best, found.is_spread_evenly),
    )
}

fn subject(slice: &[Condition]) -> String {
    if slice.is_empty() {
        "Everybody is affected:".to_owned()
    } else {
        format!("Attempts with {} are affected:", conditions(slice, " and "))
    }
}

fn spread(best: &Found, is_spread_evenly: bool) -> &'static str {
    match (is_spread_evenly, best.slice.is_empty()) {
        (true, true) => " Who fails and who doesn't differs along no recorded dimension.",
        (true, false) => {
            " Among these, who fails and who doesn't differs along no other recorded dimension."
        }
        (false, _) => "",
    }
}

fn conditions(slice: &[Condition], separator: &str) -> String {
    let shown: Vec<String> = slice
        .iter()
        .map(|condition| {
            format!(
                "{}={}",
                escape_hidden(&condition.dim),
                escape_hidden(&condition.value)
            )
        })
        .collect();
    shown.join(separator)
}

/// The answer, the slices, and what to know of them.
pub(super) fn picture(found: &Localization, reading: &Reading, left_out: &[&str]) -> String {
    let mut text = sentence(found) + "\n";
    if !found.slices.is_empty() {
        let mut slices = table(["", "slice", "failed", "attempts", "expected", "score", ""]);
        for (index, slice) in found.slices.iter().enumerate() {
            slices.add_row(row(index, slice));
        }
        for line in slices.to_string().lines() {
            text += "\n";
            text += line.trim_end();
        }
        text += "\n";
    }
    let notes = notes(found, reading, left_out);
    if !notes.is_empty() {
        text += "\n";
        text += &notes.join("\n");
        text += "\n";
    }
    text
}

fn row(index: usize, found: &Found) -> [String; 7] {
    let slice = if found.slice.is_empty() {
        "everybody".to_owned()
    } else {
        conditions(&found.slice, ", ")
    };
    let role = match found.role {
        Role::Best => String::new(),
        Role::TieOf(of) => format!("can't be told apart from {}", of + 1),
        Role::After(of) => format!("without the attempts of {}", of + 1),
    };
    [
        (index + 1).to_string(),
        slice,
        found.failed.to_string(),
        found.attempts.to_string(),
        format!("{:.1}", found.expected_failed),
        format!("{:.1}", found.score),
        role,
    ]
}

fn notes(found: &Localization, reading: &Reading, left_out: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for (index, slice) in found.slices.iter().enumerate() {
        if !slice.equals.is_empty() {
            let equals: Vec<String> = slice
                .equals
                .iter()
                .map(|equal| conditions(equal, ", "))
                .collect();
            notes.push(format!(
                "{} has the same attempts as {}.",
                index + 1,
                equals.join("; ")
            ));
        }
    }
    for implication in &found.implications {
        notes.push(format!("{}.", escape_hidden(&implication.to_string())));
    }
    notes.push(match found.usual {
        Usual::Baseline => format!("Expected: by the {} attempts of the baseline.", found.usual_attempts),
        Usual::Elsewhere => format!(
            "Expected: by the {} attempts outside the window, as the baseline has none.",
            found.usual_attempts
        ),
        Usual::Assumed => {
            "Expected: one failure in a hundred is assumed, as there are no attempts outside the window.".to_owned()
        }
    });
    if !found.alone.is_empty() {
        let names: Vec<&str> = found.alone.iter().map(String::as_str).collect();
        notes.push(format!(
            "Too many dimensions to combine; searched alone: {}.",
            listed(&names)
        ));
    }
    if !left_out.is_empty() {
        notes.push(format!(
            "Too many dimensions; not searched: {}.",
            listed(left_out)
        ));
    }
    if reading.without_outcome > 0 {
        notes.push(format!(
            "Rows that do not say how the attempt ended, not counted: {}.",
            reading.without_outcome
        ));
    }
    if reading.skipped_lines > 0 {
        notes.push(format!(
            "Lines that can't be used: {}.",
            reading.skipped_lines
        ));
    }
    notes
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| escape_hidden(name))
        .collect();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
