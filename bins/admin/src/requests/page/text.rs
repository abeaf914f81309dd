//! Texts of others on a page: escaped by maud, and with nothing in them that cannot be seen.

use maud::{Markup, html};

use crate::listing::is_deceptive;

/// A piece of a text.
enum Piece {
    /// As it stands.
    Plain(String),
    /// A character that would not be seen, and how often it stands there in a row.
    Hidden(char, usize),
}

/// A text of one or more lines. Characters that show nothing are named instead.
pub(super) fn words(text: &str) -> Markup {
    html! {
        @for piece in pieces(text, true) {
            @match piece {
                Piece::Plain(text) => { (text) },
                Piece::Hidden(c, times) => { span.hidden { (name(c, times)) } },
            }
        }
    }
}

/// A text on one line, apart from the direction of what stands around it.
pub(super) fn line(text: &str) -> Markup {
    html! {
        bdi {
            @for piece in pieces(text, false) {
                @match piece {
                    Piece::Plain(text) => { (text) },
                    Piece::Hidden(c, times) => { span.hidden { (name(c, times)) } },
                }
            }
        }
    }
}

/// A text on one line without markup.
pub(super) fn plain(text: &str) -> String {
    let pieces = pieces(text, false).into_iter().map(|piece| match piece {
        Piece::Plain(text) => text,
        Piece::Hidden(c, times) => name(c, times),
    });
    pieces.collect()
}

fn name(c: char, times: usize) -> String {
    let code = u32::from(c);
    if times == 1 { format!("U+{code:04X}") } else { format!("U+{code:04X} ×{times}") }
}

fn pieces(text: &str, several_lines: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for c in text.chars() {
        let c = if !several_lines && matches!(c, '\n' | '\t') { ' ' } else { c };
        let hidden = (c.is_control() && !matches!(c, '\n' | '\t')) || is_deceptive(c);
        match pieces.last_mut() {
            Some(Piece::Hidden(last, times)) if hidden && *last == c => *times += 1,
            Some(Piece::Plain(text)) if !hidden => text.push(c),
            _ if hidden => pieces.push(Piece::Hidden(c, 1)),
            _ => pieces.push(Piece::Plain(c.to_string())),
        }
    }
    pieces
}
