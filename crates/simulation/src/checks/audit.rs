//! The audit log accounts for what happened.

use super::{Check, counted};
use crate::evidence::{Evidence, RequestAccount, TurnLine};

/// Each decision has its record, and so has every turn that the coded workflow took.
pub(super) fn decisions_are_recorded(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut count = 0;
    for request in &evidence.requests {
        for (verdict, action) in [
            ("accepted", "decision.accepted"),
            ("rejected", "decision.rejected"),
            ("unavailable", "decision.unavailable"),
        ] {
            let of_moltbot = |verdict_: &str, source: &str| {
                verdict_ == verdict && (verdict != "accepted" || source == "moltbot")
            };
            let turns = request.turns.iter().filter(|turn| of_moltbot(&turn.verdict, &turn.source)).count();
            let records = recorded(request, action);
            count += turns;
            if records < turns {
                faults.push(format!("{}: {turns} turns {verdict}, {records} records", request.request.id));
            }
        }
        // A turn that a new message overtook, or that a person took over, has another record: its decision is nobody's.
        for (status, action) in [("superseded", "turn.superseded"), ("dropped", "turn.dropped")] {
            let turns = request.turns.iter().filter(|turn| turn.status == status).count();
            let records = recorded(request, action);
            if records < turns {
                faults.push(format!("{}: {turns} turns {status}, {records} records", request.request.id));
            }
        }
        let overtaken = |turn: &&TurnLine| matches!(turn.status.as_str(), "superseded" | "dropped");
        let coded =
            request.turns.iter().filter(|turn| turn.source == "coded_workflow" && !overtaken(turn)).count();
        let records = recorded(request, "decision.coded_workflow");
        count += coded;
        if records < coded {
            faults.push(format!(
                "{}: {coded} turns of the coded workflow, {records} records",
                request.request.id
            ));
        }
        if request.turns.is_empty() {
            faults.push(format!("{}: no turn at all", request.request.id));
        }
    }
    Check::of("every decision is in the audit log", &faults, counted(count, "decision"))
}

/// The chain of each request holds.
pub(super) fn chain_holds(evidence: &Evidence) -> Check {
    let broken =
        evidence.requests.iter().filter(|request| !request.audit_verified || request.audit.is_empty());
    let faults: Vec<String> = broken.map(|request| format!("{}: not verified", request.request.id)).collect();
    let records: usize = evidence.requests.iter().map(|request| request.audit.len()).sum();
    Check::of("the audit chain holds", &faults, counted(records, "record"))
}

fn recorded(request: &RequestAccount, action: &str) -> usize {
    request.audit.iter().filter(|record| record.action == action).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks::fixture::evidence, evidence::AuditLine};

    #[test]
    fn missing_records_and_broken_chains_are_found() {
        assert!(decisions_are_recorded(&evidence()).ok, "{:?}", decisions_are_recorded(&evidence()));
        assert!(chain_holds(&evidence()).ok);

        let mut bad = evidence();
        bad.requests[0].audit.retain(|record| record.action != "decision.accepted");
        assert!(!decisions_are_recorded(&bad).ok);

        let mut bad = evidence();
        bad.requests[0].turns[0].source = "coded_workflow".into();
        assert!(!decisions_are_recorded(&bad).ok);

        bad.requests[0].turns[0].status = "superseded".into();
        assert!(decisions_are_recorded(&bad).detail.contains("superseded, 0 records"));
        bad.requests[0].audit.push(AuditLine {
            action: "turn.superseded".into(),
            outcome: None,
            reasons: Vec::new(),
        });
        assert!(decisions_are_recorded(&bad).ok, "{:?}", decisions_are_recorded(&bad));

        let mut bad = evidence();
        bad.requests[0].audit_verified = false;
        assert!(!chain_holds(&bad).ok);

        let mut bad = evidence();
        bad.requests[0].audit.clear();
        assert!(!chain_holds(&bad).ok);
    }
}
