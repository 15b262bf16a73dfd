//! Countries: from the names that the registries write to ISO 3166-1 codes and world regions.
//!
//! Registries spell a country in their own ways ("Viet Nam", "Tanzania United Republic of", "Congo the Democratic Republic
//! of the"). Names are compared by their words in any order, without case, accents and little words, so each name needs
//! to be in the table once. A name that is not in the table is refused, not guessed.

mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// A part of the world, as Verra divides it (Antarctica apart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// Africa.
    Africa,
    /// Antarctica.
    Antarctica,
    /// Asia without the Middle East.
    Asia,
    /// Europe, Russia included.
    Europe,
    /// South and Central America, the Caribbean and Mexico.
    LatinAmerica,
    /// From Turkey and Egypt's neighbours to Iran and the Gulf.
    MiddleEast,
    /// Canada, the United States, Greenland.
    NorthAmerica,
    /// Australia, New Zealand and the islands of the Pacific.
    Oceania,
    /// More than one country.
    International,
}

impl Region {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Africa => "Africa",
            Self::Antarctica => "Antarctica",
            Self::Asia => "Asia",
            Self::Europe => "Europe",
            Self::LatinAmerica => "Latin America",
            Self::MiddleEast => "Middle East",
            Self::NorthAmerica => "North America",
            Self::Oceania => "Oceania",
            Self::International => "International",
        }
    }
}

/// A country, or [`Country::INTERNATIONAL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country {
    code: [u8; 2],
    region: Region,
}

impl Country {
    /// A project in several countries: `XZ`, one of ISO's user-assigned codes, used for international waters and
    /// territory by UN/LOCODE.
    pub const INTERNATIONAL: Self = Self { code: *b"XZ", region: Region::International };

    /// Finds a country by any of its names, or by its two-letter code in capitals.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.len() == 2 && name.bytes().all(|b| b.is_ascii_uppercase()) {
            if name.as_bytes() == Self::INTERNATIONAL.code {
                return Some(Self::INTERNATIONAL);
            }
            let place = table::COUNTRIES.binary_search_by(|(code, ..)| (*code).cmp(name)).ok()?;
            return Some(Self::at(place));
        }
        NAMES.get(&key(name)).copied()
    }

    /// The ISO 3166-1 alpha-2 code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("codes are ASCII")
    }

    /// Where in the world it lies.
    pub const fn region(self) -> Region {
        self.region
    }

    fn at(place: usize) -> Self {
        let (code, region, _) = table::COUNTRIES[place];
        let code = code.as_bytes();
        Self { code: [code[0], code[1]], region }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

static NAMES: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let mut names = HashMap::from([(key("International"), Country::INTERNATIONAL)]);
    for (place, (_, _, spellings)) in table::COUNTRIES.iter().enumerate() {
        for spelling in *spellings {
            let before = names.insert(key(spelling), Country::at(place));
            debug_assert!(before.is_none_or(|before| before == Country::at(place)), "{spelling} names two countries");
        }
    }
    names
});

/// The words of a name, folded and sorted. (U+0307 is what lower case leaves of a dotted capital I.)
fn key(name: &str) -> String {
    let folded: String = name.to_lowercase().chars().filter(|&c| c != '\u{307}').map(fold).collect();
    let mut words: Vec<&str> =
        folded.split_whitespace().filter(|word| !matches!(*word, "the" | "of" | "and" | "")).collect();
    words.sort_unstable();
    words.join(" ")
}

/// Letters without their accents; everything that is no letter separates words, but for the apostrophe, which does not.
fn fold(c: char) -> char {
    match c {
        'a'..='z' => c,
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        '\'' | '\u{2019}' => '\'',
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::{Country, NAMES, Region, table};

    #[test]
    fn finds_the_spellings_of_the_registries() {
        let cases = [
            ("Kenya", Some("KE")),
            ("KE", Some("KE")),
            (" Viet Nam ", Some("VN")),
            ("Tanzania United Republic of", Some("TZ")),
            ("Congo the Democratic Republic of the", Some("CD")),
            ("Congo", Some("CG")),
            ("Turkey", Some("TR")),
            ("T\u{fc}rkiye", Some("TR")),
            ("C\u{f4}te d'Ivoire", Some("CI")),
            ("Cote d\u{2019}Ivoire", Some("CI")),
            ("LAO PEOPLE'S DEMOCRATIC REPUBLIC", Some("LA")),
            ("Korea Republic of", Some("KR")),
            ("United States", Some("US")),
            ("United States of America", Some("US")),
            ("Timor-Leste", Some("TL")),
            ("International", Some("XZ")),
            ("Guinea", Some("GN")),
            ("Papua New Guinea", Some("PG")),
            ("Atlantis", None),
            ("ZZ", None),
            ("ke", None),
            ("", None),
        ];
        for (name, code) in cases {
            assert_eq!(Country::find(name).map(|country| country.to_string()).as_deref(), code, "{name:?}");
        }
        assert_eq!(Country::find("Mexico").unwrap().region(), Region::LatinAmerica);
    }

    #[test]
    fn the_table_is_ordered_and_no_name_means_two_countries() {
        assert!(table::COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(table::COUNTRIES.len(), 249);
        let spellings: usize = table::COUNTRIES.iter().map(|(_, _, names)| names.len()).sum();
        // Some spellings fold to the same words; none may be lost to another country.
        for (code, _, names) in table::COUNTRIES {
            for name in *names {
                assert_eq!(Country::find(name).unwrap().code(), *code, "{name}");
            }
        }
        assert!(NAMES.len() <= spellings + 1);
    }
}
