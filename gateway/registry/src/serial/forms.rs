//! One reader per form. Each splits the text into fields, checks every field, and notes where the numbers stand.

use super::{Dated, Form, Numbers, Serial, SerialError, SerialRange, Span};
use crate::date::parse_ddmmyyyy;

/// Reads a normalised text.
pub(super) fn parse(text: String) -> Result<Serial, SerialError> {
    if text.starts_with("GS1-") {
        gold_standard(text)
    } else if text.starts_with("ACR-") {
        program(text, Form::Acr)
    } else if text.starts_with("ART-") || text.starts_with("FCPF-") {
        program(text, Form::Art)
    } else if text.starts_with("CAR-") {
        car(text)
    } else if text.starts_with("PURO_") {
        puro(text)
    } else if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains("-VCU-") {
        verra(text)
    } else if is_like_cdm(&text) {
        cdm(text)
    } else {
        Ok(Serial {
            form: Form::Opaque,
            text,
            numbers: None,
            batch: None,
            project: None,
            country: None,
            dated: Dated::Not,
            certified: None,
        })
    }
}

/// A text with the places of its fields.
struct Fields {
    form: Form,
    text: String,
    spans: Vec<Span>,
}

impl Fields {
    fn split(text: String, form: Form, separator: char, expected: usize) -> Result<Self, SerialError> {
        let mut spans = Vec::with_capacity(expected);
        let mut from = 0;
        for piece in text.split(separator) {
            spans.push(Span(from, from + piece.len()));
            from += piece.len() + 1;
        }
        if spans.len() != expected {
            return Err(SerialError::Fields { form, expected, found: spans.len() });
        }
        Ok(Self { form, text, spans })
    }

    fn get(&self, at: usize) -> &str {
        self.spans[at].of(&self.text)
    }

    /// The field, provided that it is one of these words.
    fn word(&self, at: usize, field: &'static str, words: &[&str]) -> Result<(), SerialError> {
        if words.contains(&self.get(at)) { Ok(()) } else { Err(self.wrong(at, field)) }
    }

    /// The field, provided that it is two capitals.
    fn country(&self, at: usize) -> Result<Span, SerialError> {
        let code = self.get(at);
        if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(self.spans[at])
        } else {
            Err(self.wrong(at, "country"))
        }
    }

    /// The field, provided that it is letters, digits, `+` and `.` only, and not empty.
    fn code(&self, at: usize, field: &'static str) -> Result<Span, SerialError> {
        let code = self.get(at);
        if !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'.') {
            Ok(self.spans[at])
        } else {
            Err(self.wrong(at, field))
        }
    }

    /// The field, provided that it is digits only, and not empty.
    fn digits(&self, at: usize, field: &'static str) -> Result<Span, SerialError> {
        if is_digits(self.get(at)) { Ok(self.spans[at]) } else { Err(self.wrong(at, field)) }
    }

    fn year(&self, at: usize) -> Result<Dated, SerialError> {
        let year = self.get(at);
        match year.parse() {
            Ok(number @ 1990..=2200) if year.len() == 4 => Ok(Dated::Year(number)),
            _ => Err(self.wrong(at, "vintage")),
        }
    }

    fn period(&self, start: usize, end: usize) -> Result<Dated, SerialError> {
        let day = |at: usize| {
            parse_ddmmyyyy(self.get(at)).map_err(|source| SerialError::Date { value: self.get(at).to_owned(), source })
        };
        let (from, to) = (day(start)?, day(end)?);
        if from <= to { Ok(Dated::Period(from, to)) } else { Err(self.wrong(end, "end of the vintage")) }
    }

    fn wrong(&self, at: usize, field: &'static str) -> SerialError {
        SerialError::Field { field, value: self.get(at).to_owned() }
    }

    /// `first` and `last` as numbers.
    fn numbers(&self, first: Span, last: Span) -> Result<Numbers, SerialError> {
        let number = |span: Span| number(span.of(&self.text));
        let (from, to) = (number(first)?, number(last)?);
        let range = SerialRange::new(from, to).ok_or(SerialError::Backwards { first: from, last: to })?;
        Ok(Numbers { range, first, last })
    }

    /// The numbers of a field such as `1 to 100`.
    fn numbers_within(&self, at: usize, joint: &str) -> Result<Numbers, SerialError> {
        let Span(from, to) = self.spans[at];
        let place = self.get(at).find(joint).ok_or_else(|| self.wrong(at, "range"))?;
        self.numbers(Span(from, from + place), Span(from + place + joint.len(), to))
    }
}

fn verra(text: String) -> Result<Serial, SerialError> {
    // The older form lacks the VCS before VCU.
    let old = !text.contains("-VCS-VCU-");
    let (form, expected, at) = if old { (Form::VerraOld, 12, 3) } else { (Form::Verra, 13, 4) };
    let fields = Fields::split(text, form, '-', expected)?;
    let batch = fields.digits(0, "batch")?;
    let numbers = fields.numbers(fields.spans[1], fields.spans[2])?;
    if !old {
        fields.word(3, "program", &["VCS"])?;
    }
    fields.word(at, "unit", &["VCU"])?;
    fields.digits(at + 1, "validation body")?;
    fields.word(at + 2, "registry", if old { &["MER", "APX", "VER"] } else { &["VER"] })?;
    let country = fields.country(at + 3)?;
    fields.digits(at + 4, "scope")?;
    let project = fields.digits(at + 5, "project")?;
    let dated = fields.period(at + 6, at + 7)?;
    fields.word(at + 8, "certification flag", &["0", "1"])?;
    let certified = Some(fields.get(at + 8) == "1");
    Ok(serial(fields, numbers, batch, project, country, dated, certified))
}

fn gold_standard(text: String) -> Result<Serial, SerialError> {
    let fields = Fields::split(text, Form::GoldStandard, '-', 9)?;
    fields.digits(1, "unit")?;
    let country = fields.country(2)?;
    let Some(digits) = fields.get(3).strip_prefix("GS").filter(|rest| is_digits(rest)) else {
        return Err(fields.wrong(3, "project"));
    };
    let project = Span(fields.spans[3].1 - digits.len(), fields.spans[3].1);
    fields.digits(4, "project type")?;
    let dated = fields.year(5)?;
    let batch = fields.digits(6, "issuance")?;
    let numbers = fields.numbers(fields.spans[7], fields.spans[8])?;
    Ok(serial(fields, numbers, batch, project, country, dated, None))
}

/// ACR, ART and FCPF: program, country, project, vintage, batch, range.
fn program(text: String, form: Form) -> Result<Serial, SerialError> {
    let fields = Fields::split(text, form, '-', 6)?;
    let country = fields.country(1)?;
    let project = fields.digits(2, "project")?;
    let dated = fields.year(3)?;
    let batch = fields.digits(4, "batch")?;
    let numbers = fields.numbers_within(5, " to ")?;
    Ok(serial(fields, numbers, batch, project, country, dated, None))
}

fn car(text: String) -> Result<Serial, SerialError> {
    let fields = Fields::split(text, Form::Car, '-', 10)?;
    fields.code(1, "unit")?;
    let country = fields.country(2)?;
    let project = fields.digits(3, "project")?;
    fields.digits(4, "project type")?;
    fields.digits(5, "developer")?;
    fields.code(6, "state")?;
    let dated = fields.year(7)?;
    let batch = fields.digits(8, "batch")?;
    let numbers = fields.numbers_within(9, " to ")?;
    Ok(serial(fields, numbers, batch, project, country, dated, None))
}

fn puro(text: String) -> Result<Serial, SerialError> {
    let fields = Fields::split(text, Form::Puro, '_', 8)?;
    fields.code(1, "unit")?;
    fields.code(2, "project type")?;
    let country = fields.country(3)?;
    let project = fields.digits(4, "facility")?;
    let dated = fields.year(5)?;
    let batch = fields.code(6, "issuance")?;
    let numbers = fields.numbers_within(7, "-")?;
    Ok(serial(fields, numbers, batch, project, country, dated, None))
}

/// Two serials with ` - ` between them, each country, unit type, number, three periods and flags, project.
fn cdm(text: String) -> Result<Serial, SerialError> {
    let place = text.find(" - ").unwrap_or(text.len());
    let ends = [Span(0, place), Span(place + 3, text.len())];
    let [first, last] =
        [ends[0].of(&text), ends[1].of(&text)].map(|end| Fields::split(end.to_owned(), Form::Cdm, '-', 7));
    let (first, last) = (first?, last?);
    let country = first.country(0)?;
    for (at, field) in [(1, "unit"), (3, "period"), (4, "period"), (5, "activity"), (6, "project")] {
        first.digits(at, field)?;
    }
    if [0, 1, 3, 4, 5, 6].into_iter().any(|at| first.get(at) != last.get(at)) {
        return Err(SerialError::Ends);
    }
    let batch = first.spans[6];
    let Span(from, to) = last.spans[2];
    let whole = Fields { form: Form::Cdm, text, spans: Vec::new() };
    let numbers = whole.numbers(first.spans[2], Span(ends[1].0 + from, ends[1].0 + to))?;
    Ok(Serial {
        form: Form::Cdm,
        text: whole.text,
        numbers: Some(numbers),
        batch: Some(batch),
        project: None,
        country: Some(country),
        dated: Dated::Not,
        certified: None,
    })
}

/// Two capitals, a hyphen, a digit, and two halves.
fn is_like_cdm(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.contains(" - ")
        && bytes.len() > 4
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2] == b'-'
        && bytes[3].is_ascii_digit()
}

fn serial(
    fields: Fields,
    numbers: Numbers,
    batch: Span,
    project: Span,
    country: Span,
    dated: Dated,
    certified: Option<bool>,
) -> Serial {
    Serial {
        form: fields.form,
        text: fields.text,
        numbers: Some(numbers),
        batch: Some(batch),
        project: Some(project),
        country: Some(country),
        dated,
        certified,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A serial's number. Leading zeros are refused: the number would not come out as it went in.
fn number(text: &str) -> Result<u64, SerialError> {
    let wrong = || SerialError::Field { field: "serial number", value: text.to_owned() };
    if !is_digits(text) || (text.len() > 1 && text.starts_with('0')) {
        return Err(wrong());
    }
    text.parse().ok().filter(|&number| number <= SerialRange::NUMBER_MAX).ok_or_else(wrong)
}
