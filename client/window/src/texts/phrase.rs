//! Languages, and texts that are translated into several of them.

use super::T;

/// A language of the window. A game may add more: see [`View::languages`](crate::view::View::languages).
#[derive(Clone, Copy, Debug)]
pub struct Language {
    id: &'static str,
    name: &'static str,
    shell: fn(T) -> Option<&'static str>,
    script: Option<([u8; 4], char)>,
}

impl Language {
    /// A language with a stable id (a lower-case word, used in the settings file), its name in itself, and the window's
    /// texts in it. A missing text is shown in English.
    pub const fn new(id: &'static str, name: &'static str, shell: fn(T) -> Option<&'static str>) -> Self {
        Self { id, name, shell, script: None }
    }

    /// Sets the script of a language whose letters may be missing on a computer: its ISO 15924 code, for example
    /// `*b"Hani"`, and a letter that every font for it has. The language is offered only if a font has that letter.
    /// Latin, Greek and Cyrillic come with the window.
    #[must_use]
    pub const fn written_in(self, script: [u8; 4], letter: char) -> Self {
        Self { script: Some((script, letter)), ..self }
    }

    /// The stable id, used in the settings file.
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// The language's name in itself.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The script and one of its letters; nothing if the window has the letters.
    pub const fn script(self) -> Option<([u8; 4], char)> {
        self.script
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Language {}

/// A game's text: in English, and in other languages by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    english: &'static str,
    others: &'static [(&'static str, &'static str)],
}

impl Words {
    /// A text that is the same in every language.
    pub const fn new(english: &'static str) -> Self {
        Self { english, others: &[] }
    }

    /// A text in English and in other languages, given as pairs of language id and text.
    pub const fn translated(english: &'static str, others: &'static [(&'static str, &'static str)]) -> Self {
        Self { english, others }
    }

    /// The text in a language; in English where it is not translated.
    pub fn text(self, language: Language) -> &'static str {
        let translated = self.others.iter().find(|(id, _)| *id == language.id);
        translated.map_or(self.english, |(_, text)| text)
    }
}

impl From<&'static str> for Words {
    fn from(english: &'static str) -> Self {
        Self::new(english)
    }
}

/// A translatable text, of the window or of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A text of the window.
    Shell(T),
    /// A text of the game.
    Game(Words),
}

impl Phrase {
    /// The text in a language; in English where it is not translated.
    pub fn text(self, language: Language) -> &'static str {
        match self {
            Self::Shell(text) => (language.shell)(text).unwrap_or_else(|| text.english()),
            Self::Game(words) => words.text(language),
        }
    }
}

impl From<T> for Phrase {
    fn from(text: T) -> Self {
        Self::Shell(text)
    }
}

impl From<Words> for Phrase {
    fn from(words: Words) -> Self {
        Self::Game(words)
    }
}

/// Replaces each `{}` of a text by the next of `values`.
pub fn fill(text: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        filled.push_str(values.next().copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: Language = Language::new("german", "Deutsch", |text| match text {
        T::Quit => Some("Beenden"),
        _ => None,
    });

    #[test]
    fn gaps_are_filled_in_order() {
        assert_eq!(fill("{} of {}", &["1", "2"]), "1 of 2");
        assert_eq!(fill("{} and {}", &["{}"]), "{} and ");
        assert_eq!(fill("none", &["1"]), "none");
    }

    #[test]
    fn a_language_of_a_game_says_what_it_can_and_the_rest_in_english() {
        let jump = Words::translated("Jump", &[("german", "Springen")]);
        assert_eq!([Phrase::from(jump).text(GERMAN), jump.text(Language::CHINESE)], ["Springen", "Jump"]);
        assert_eq!([T::Quit, T::Settings].map(|text| Phrase::from(text).text(GERMAN)), ["Beenden", "Settings"]);
    }
}
