//! Text of strangers: names, lines of chat, and what may be printed to a terminal or a log.
//!
//! A name that looks like another one, that nobody can see, or that turns the text around it the other way deceives the
//! readers of a room. An escape sequence in a file or an answer commands the terminal that prints it.

use std::fmt::{self, Write};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::confusable_detection::skeleton;

use crate::protocol::messages::{CHAT_BYTES_MAX, CHAT_CHARS_MAX, NAME_BYTES_MAX, NAME_CHARS_MAX};

/// Maximum number of marks (accents) on one letter; more would cover the lines above and below. No script needs more.
const MARKS_MAX: usize = 3;
/// Maximum number that tells a name from its look-alikes. A room has fewer members.
const NUMBER_MAX: u32 = 999;

/// A name of a player or spectator as others may be shown it: in Unicode's form NFC, without invisible characters and
/// double spaces. Nothing if the text has a control character, nothing visible, more than [`NAME_CHARS_MAX`] characters
/// or more than [`NAME_BYTES_MAX`] bytes.
pub fn clean_name(text: &str) -> Option<String> {
    let text = text.trim();
    let name = clean(text);
    let is_name = !text.chars().any(char::is_control)
        && name.chars().any(is_visible)
        && name.chars().count() <= NAME_CHARS_MAX
        && name.len() <= NAME_BYTES_MAX;
    is_name.then_some(name)
}

/// A name of somebody who cannot choose a shorter one, by the rules of [`clean_name`]: control characters are removed, and a
/// long name is cut. Nothing if nothing visible is left.
pub fn cut_name(text: &str) -> Option<String> {
    clean_name(cut(&clean(text), NAME_CHARS_MAX, NAME_BYTES_MAX))
}

/// A line of chat as others may be shown it, by the rules of [`clean_name`]. Control characters are removed, and the
/// line is cut after [`CHAT_CHARS_MAX`] characters or [`CHAT_BYTES_MAX`] bytes. Nothing if nothing visible is left.
pub fn clean_line(text: &str) -> Option<String> {
    let line = cut(&clean(text), CHAT_CHARS_MAX, CHAT_BYTES_MAX).to_owned();
    line.chars().any(is_visible).then_some(line)
}

/// A cleaned name that looks like none of `others`: itself, or with a number from 2 on behind it.
pub fn tell_apart<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> String {
    let taken: Vec<String> = others.map(look).collect();
    let is_free = |name: &String| !taken.contains(&look(name));
    let numbered = |number: u32| {
        let number = format!(" {number}");
        let end = number.chars().count();
        format!("{}{number}", cut(name, NAME_CHARS_MAX - end, NAME_BYTES_MAX - end))
    };
    std::iter::once(name.to_owned())
        .chain((2..=NUMBER_MAX).map(numbered))
        .find(is_free)
        .unwrap_or_else(|| name.to_owned())
}

/// What a name looks like: equal for names that readers confuse. Not to be shown.
pub fn look(name: &str) -> String {
    skeleton(name).collect::<String>().to_lowercase()
}

/// Whether a text can be printed as it is: it has no characters that steer a terminal or turn the text around them.
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(steers)
}

/// Text for a terminal: characters that could steer it are shown as `\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match steers(letter) {
            true => write!(f, "{}", letter.escape_unicode()),
            false => f.write_char(letter),
        })
    }
}

/// NFC, without control and invisible characters, with single spaces and at most [`MARKS_MAX`] marks in a row.
fn clean(text: &str) -> String {
    let spaces = |letter: char| if letter.is_whitespace() && !letter.is_control() { ' ' } else { letter };
    let shown = text.chars().map(spaces).filter(|letter| !letter.is_control() && !is_invisible(*letter));
    let mut cleaned = String::new();
    let (mut is_after_space, mut marks) = (true, 0);
    for letter in shown.nfc() {
        marks = if is_mark(letter) { marks + 1 } else { 0 };
        if marks <= MARKS_MAX && !(is_after_space && letter == ' ') {
            cleaned.push(letter);
        }
        is_after_space = letter == ' ';
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

fn cut(text: &str, chars_max: usize, bytes_max: usize) -> &str {
    let chars_end = text.char_indices().nth(chars_max).map_or(text.len(), |(place, _)| place);
    text[..text.floor_char_boundary(chars_end.min(bytes_max))].trim_end()
}

fn is_mark(letter: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    !letter.is_ascii() && matches!(letter.general_category(), NonspacingMark | EnclosingMark)
}

/// Whether a character can do something to a terminal or to the text around it: control and format characters, line
/// breaks.
fn steers(letter: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    let is_one = || matches!(letter.general_category(), Control | Format | LineSeparator | ParagraphSeparator);
    if letter.is_ascii() { letter.is_ascii_control() } else { is_one() }
}

fn is_visible(letter: char) -> bool {
    !(letter.is_whitespace() || letter.is_control() || is_invisible(letter) || is_mark(letter))
}

/// Whether a character shows nothing: format characters, to which all controls of direction and all of zero width
/// belong, and the letters, marks and signs without a shape.
fn is_invisible(letter: char) -> bool {
    if letter.is_ascii() {
        return false;
    }
    let is_shapeless = matches!(
        letter,
        '\u{34f}'                               // combining grapheme joiner
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{17b4}' | '\u{17b5}'           // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}'           // Mongolian variation selectors
            | '\u{2800}'                        // empty Braille pattern
            | '\u{fe00}'..='\u{fe0f}'           // variation selectors
            | '\u{e0000}'..='\u{e0fff}'         // tags and more variation selectors
    );
    is_shapeless || letter.general_category() == GeneralCategory::Format
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Controls of direction: marks, embeddings, overrides and isolates.
    const DIRECTIONS: [char; 12] = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
        '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    const ZERO_WIDTH: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}'];

    #[test]
    fn a_name_is_normalised_and_has_no_hidden_characters() {
        assert_eq!(clean_name("Zoe\u{308}"), Some("Zo\u{eb}".to_owned()));
        assert_eq!(clean_name(" A\u{a0} \u{2003}da "), Some("A da".to_owned()));
        for hidden in DIRECTIONS.into_iter().chain(ZERO_WIDTH).chain(['\u{fe0f}', '\u{3164}', '\u{e0041}']) {
            assert_eq!(clean_name(&format!("A{hidden}da")), Some("Ada".to_owned()), "{hidden:?}");
            assert_eq!(clean_name(&hidden.to_string()), None, "{hidden:?}");
        }
        assert_eq!(
            clean_name("a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b"),
            Some("\u{e1}\u{302}\u{303}\u{304}b".to_owned())
        );
    }

    #[test]
    fn a_name_that_is_not_chosen_is_cut_and_cleaned() {
        let long = "Wolfeschlegelsteinhausenbergerdorff";
        assert_eq!(cut_name(long).as_deref(), Some(&long[..NAME_CHARS_MAX]));
        assert_eq!(cut_name(" A\nd\u{202e}a ").as_deref(), Some("Ada"));
        assert_eq!(cut_name("\u{200b}\n"), None);
        let name = cut_name(&"\u{1f469}".repeat(99)).expect("something to see");
        assert!(name.len() <= NAME_BYTES_MAX && clean_name(&name) == Some(name.clone()));
    }

    #[test]
    fn a_name_has_something_to_see_and_fits() {
        for nothing in ["", "  ", "\u{2800}\u{2800}", "\u{301}", "\u{200b}\u{3164}"] {
            assert_eq!(clean_name(nothing), None, "{nothing:?}");
        }
        for control in ["a\nb", "a\u{1b}[2J", "a\u{9b}b", "a\u{7f}"] {
            assert_eq!(clean_name(control), None, "{control:?}");
        }
        for name in ["名字", "Мария", "אדה", "😀", "x", "Åsa 2", "-"] {
            assert_eq!(clean_name(name).as_deref(), Some(name));
        }
        assert!(clean_name(&"n".repeat(NAME_CHARS_MAX)).is_some());
        assert_eq!(clean_name(&"n".repeat(NAME_CHARS_MAX + 1)), None);
        assert_eq!(clean_name(&"名".repeat(NAME_BYTES_MAX / 3 + 1)), None);
    }

    #[test]
    fn names_that_look_alike_get_a_number() {
        let told = |name: &str, others: &[&str]| tell_apart(name, others.iter().copied());
        assert_eq!(told("Ada", &["Bob"]), "Ada");
        assert_eq!(told("Ada", &["Ada"]), "Ada 2");
        assert_eq!(told("Ada", &["Ada", "Ada 2"]), "Ada 3");
        assert_eq!(told("ada", &["Ada"]), "ada 2");
        // Cyrillic letters, digits, and a capital I instead of an l.
        assert_eq!(told("\u{410}d\u{430}", &["Ada"]), "\u{410}d\u{430} 2");
        assert_eq!(told("B0b", &["Bob"]), "B0b 2");
        assert_eq!(told("A1ice", &["AIice"]), "A1ice 2");
        let long = "n".repeat(NAME_CHARS_MAX);
        let second = told(&long, &[&long]);
        assert_eq!((second.len(), second.ends_with("n 2")), (NAME_CHARS_MAX, true));
        assert!(clean_name(&told(&"名".repeat(10), &[&"名".repeat(10)])).is_some());
    }

    #[test]
    fn a_line_is_cleaned_and_cut_between_characters() {
        assert_eq!(clean_line(" \u{7}good\u{1b} game\n\u{202e}"), Some("good game".to_owned()));
        assert_eq!(clean_line(" \t\r\n\u{0}\u{200b} "), None);
        assert_eq!(clean_line(""), None);
        let cut = |letter: char| clean_line(&letter.to_string().repeat(999)).expect("letters");
        assert_eq!(cut('a'), "a".repeat(CHAT_CHARS_MAX));
        assert_eq!(cut('\u{20ac}'), "\u{20ac}".repeat(CHAT_CHARS_MAX));
        // Four bytes each: exactly 150 of them fit.
        assert_eq!(cut('\u{1f680}'), "\u{1f680}".repeat(CHAT_BYTES_MAX / 4));
        assert_eq!(clean_line(&("a".repeat(CHAT_CHARS_MAX - 1) + " b")).map(|line| line.len()), Some(199));
        assert_eq!(clean_line(&("a".to_owned() + &"\u{1f680}".repeat(200))).map(|line| line.len()), Some(597));
    }

    #[test]
    fn printed_text_commands_no_terminal() {
        let printed = |text| Printable(text).to_string();
        assert_eq!(printed("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(printed("\u{9b}31m\u{202e}x\u{2028}"), "\\u{9b}31m\\u{202e}x\\u{2028}");
        assert_eq!(printed("Zoë 名字 😀"), "Zoë 名字 😀");
        assert!(is_printable("Zoë 名字 😀") && !is_printable("a\u{9b}b") && !is_printable("a\u{202e}b"));
    }

    proptest! {
        #[test]
        fn a_clean_name_stays_as_it_is(text in "\\PC{0,30}") {
            if let Some(name) = clean_name(&text) {
                prop_assert_eq!(clean_name(&name), Some(name.clone()));
                prop_assert_eq!(Printable(&name).to_string(), name);
            }
        }

        #[test]
        fn names_in_a_room_differ_and_stay_names(names in prop::collection::vec("[aAlI1ı0O ]{1,24}", 1..20)) {
            let mut room: Vec<String> = Vec::new();
            for name in names.iter().filter_map(|name| clean_name(name)) {
                let name = tell_apart(&name, room.iter().map(String::as_str));
                prop_assert!(room.iter().all(|other| look(other) != look(&name)));
                prop_assert_eq!(clean_name(&name), Some(name.clone()));
                room.push(name);
            }
        }
    }
}
