//! Rules of single stories.

use super::Check;
use crate::{evidence::Evidence, people::digits};

/// For runs in which nobody has anything: after the last word to a vendor, the client is told.
pub fn client_heard_the_end(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    for client in &evidence.cast.clients {
        let Some(request) = evidence.requests.iter().find(|request| request.belongs_to(&client.phone)) else {
            continue;
        };
        let asked: Vec<&str> = request
            .messages
            .iter()
            .filter(|message| message.direction == "out")
            .filter_map(|message| message.vendor_id.as_deref())
            .collect();
        let vendors = evidence.cast.vendors.iter().filter(|vendor| asked.contains(&vendor.id.as_str()));
        let vendors: Vec<&str> = vendors.map(|vendor| digits(&vendor.phone)).collect();
        let last_to_vendor = evidence
            .sent()
            .filter(|sent| vendors.contains(&sent.attempt.digits.as_str()))
            .map(|sent| sent.at_ms)
            .max();
        let last_to_client = evidence
            .sent()
            .filter(|sent| sent.attempt.digits == digits(&client.phone))
            .map(|sent| sent.at_ms)
            .max();
        if last_to_client <= last_to_vendor {
            faults.push(format!("{} heard nothing after the last vendor was asked", client.name));
        }
    }
    let words = evidence.cast.clients.first().and_then(|client| {
        evidence
            .sent()
            .filter(|sent| sent.attempt.digits == digits(&client.phone))
            .last()
            .map(|sent| sent.attempt.text.clone())
    });
    Check::of("the client hears the truth", &faults, words.unwrap_or_default())
}

/// For runs in which one batch cannot suffice.
pub fn at_least_two_batches(evidence: &Evidence) -> Check {
    let single = evidence.requests.iter().filter(|request| request.batches.len() < 2);
    let faults: Vec<String> =
        single.map(|request| format!("{} has {}", request.request.id, request.batches.len())).collect();
    let most = evidence.requests.iter().map(|request| request.batches.len()).max().unwrap_or(0);
    Check::of("another batch follows", &faults, format!("{most} batches"))
}

/// For runs in which the worker dies: it did, more than once.
pub fn worker_died(evidence: &Evidence) -> Check {
    let faults = if evidence.kills < 2 { vec![format!("killed {}×", evidence.kills)] } else { Vec::new() };
    Check::of("the worker was killed while at work", &faults, format!("{}×", evidence.kills))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::{accepted, evidence};

    #[test]
    fn silence_at_the_end_is_found() {
        assert!(client_heard_the_end(&evidence()).ok, "{:?}", client_heard_the_end(&evidence()));
        let mut bad = evidence();
        bad.meta.push(accepted(1_790_000_900_000, "254722000000", "Do you have it now?", Some("int_9")));
        assert!(!client_heard_the_end(&bad).ok);
    }

    #[test]
    fn a_run_without_deaths_is_found() {
        let mut run = evidence();
        assert!(!worker_died(&run).ok);
        run.kills = 2;
        assert!(worker_died(&run).ok);
    }

    #[test]
    fn a_single_batch_is_found() {
        assert!(!at_least_two_batches(&evidence()).ok);
        let mut good = evidence();
        let another = good.requests[0].batches[0].clone();
        good.requests[0].batches.push(another);
        assert!(at_least_two_batches(&good).ok);
    }
}
