//! Media descriptions: ours as a media server writes them, and what one of Meta's must hold.

use sha2::{Digest, Sha256};

/// A hash over parts, each with its length, so that no two lists of parts are one text.
pub(super) fn draw(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// An offer with full ICE, DTLS and Opus, from an address that is for documentation alone.
pub(super) fn offer(session: &str) -> String {
    let secret = hex::encode(draw(&[b"ice", session.as_bytes()]));
    let (ufrag, rest) = secret.split_at_checked(8).unwrap_or_default();
    let password = rest.split_at_checked(24).unwrap_or_default().0;
    let certificate = draw(&[b"dtls", session.as_bytes()]);
    let fingerprint: Vec<String> = certificate.iter().map(|byte| format!("{byte:02X}")).collect();
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 192.0.2.20",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=msid-semantic: WMS voice",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 126",
        "c=IN IP4 192.0.2.20",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=candidate:1 1 udp 2130706431 192.0.2.20 40000 typ host generation 0",
        "a=end-of-candidates",
        &format!("a=ice-ufrag:{ufrag}"),
        &format!("a=ice-pwd:{password}"),
        &format!("a=fingerprint:sha-256 {}", fingerprint.join(":")),
        "a=setup:actpass",
        "a=mid:0",
        "a=sendrecv",
        "a=msid:voice audio",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=ptime:20",
        "a=rtpmap:126 telephone-event/8000",
        "a=fmtp:126 0-16",
        "a=ssrc:2002 cname:voice",
        "",
    ]
    .join("\r\n")
}

/// What an answer lacks without which no media can flow.
pub(super) fn missing(answer: &str) -> Option<&'static str> {
    if answer.lines().next() != Some("v=0") {
        return Some("v=0");
    }
    let needed = ["m=audio ", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"];
    let has = |start: &str| answer.lines().any(|line| line.starts_with(start));
    let opus = answer.lines().any(|line| line.starts_with("a=rtpmap:") && line.contains(" opus/48000"));
    needed.into_iter().find(|start| !has(start)).or((!opus).then_some("opus/48000"))
}

/// The answer as a media stack can take it: `actpass` is for offers alone, and Meta answers with it now and then.
pub(super) fn applied(answer: &str) -> String {
    answer.replace("a=setup:actpass", "a=setup:active")
}
