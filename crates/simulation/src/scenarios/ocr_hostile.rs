//! Pictures that are none.

use meta_simulator::{FaultPlan, MediaFault, Target};

use super::Scenario;
use crate::{
    checks::{asked_to_type, nobody_else_was_delayed, pictures_were_answered_at_once, token_stayed_home},
    people::{Cast, pictures::Picture},
};

/// A decompression bomb, a file of 100 MB, an address elsewhere, another file than announced, and a host that drips: each
/// is refused within bounds, and a client who writes meanwhile is answered as ever.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "ocr-hostile",
    about: "a decompression bomb, 100 MB, a foreign host, a wrong digest, a host that drips: refused, and nobody else waits",
    requests: 6,
    ocr: true,
    pictures: |nth| match nth {
        0 => Some(Picture::Bomb),
        1..=4 => Some(Picture::Receipt),
        _ => None,
    },
    faults: oddities,
    more_checks: &[pictures_were_answered_at_once, asked_to_type, token_stayed_home, nobody_else_was_delayed],
    ..Scenario::ORDINARY
};

fn oddities(cast: &Cast) -> FaultPlan {
    let faults =
        [MediaFault::Bytes(100_000_000), MediaFault::ForeignHost, MediaFault::WrongDigest, MediaFault::Drip];
    let odd = cast.clients.iter().skip(1).zip(faults);
    odd.fold(FaultPlan::default(), |plan, (client, fault)| {
        plan.medium(Target::all().phone(&client.phone), fault)
    })
}
