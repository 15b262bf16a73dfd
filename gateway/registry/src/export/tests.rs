//! Each export by a made-up row that is good, and what is refused when one cell of it is changed.

#![allow(clippy::unwrap_used)]

use super::{Format, Reader};
use crate::facts::{Entry, Row};
use crate::import::Export;
use crate::reason::FileError;
use crate::words::{BlockStatus, ProjectStatus, ProjectType};

/// Columns with other values.
type Changes<'a> = &'a [(&'a str, &'a str)];
/// Columns with their values.
type Cells = &'static [(&'static str, &'static str)];

const VERRA_PROJECT: Cells = &[
    ("ID", "42"),
    ("Name", "  Made-up   forest\n "),
    ("Proponent", "Nobody Ltd."),
    ("Project Type", "Agriculture Forestry and Other Land Use"),
    ("AFOLU Activities", "ARR; IFM"),
    ("Methodology", "VM0047; VM0010"),
    ("Status", "Under validation"),
    ("Country/Area", "Viet Nam"),
    ("Estimated Annual Emission Reductions", "1,338,705"),
    ("Region", "Asia"),
    ("Project Registration Date", ""),
    ("Crediting Period Start Date", "2026-01-01"),
    ("Crediting Period End Date", "2035-12-31"),
];

const VERRA_TRANSACTION: Cells = &[
    ("Issuance Date", "2026-03-17"),
    ("Sustainable Development Goals", "13: Climate Action; 01: No Poverty"),
    ("Vintage Start", "2019-07-01"),
    ("Vintage End", "2020-06-30"),
    ("ID", "42"),
    ("Name", "Made-up dam"),
    ("Country/Area", "Kenya"),
    ("Project Type", "Energy industries (renewable/non-renewable sources)"),
    ("Methodology", "ACM0002"),
    ("Total Vintage Quantity", "2,000"),
    ("Quantity Issued", "1,000"),
    ("Serial Number", "7-5001-6000-VCS-VCU-15-VER-KE-1-42-01072019-30062020-1"),
    ("Additional Certifications", "CORSIA \u{2013} Pilot Phase;  Social Carbon"),
    ("Retirement/Cancellation Date", "2026-04-01"),
    ("Retirement Beneficiary", "Somebody"),
    ("Retirement Reason", "Environmental Benefit"),
    ("Retirement Details", ""),
];

const GOLD_STANDARD_PROJECT: Cells = &[
    ("GSID", "77"),
    ("Project Name", "Made-up stoves"),
    ("Project Developer Name", "Nobody Ltd."),
    ("Status", "Listed"),
    ("Sustainable Development Goals", "15,13,6"),
    ("Project Type", "Energy Efficiency - Domestic"),
    ("Country", "Tanzania United Republic of"),
    ("Description", "Stoves.\nMany."),
    ("Estimated Annual Credits", "60000"),
    ("Methodology", ""),
];

const GOLD_STANDARD_RETIREMENT: Cells = &[
    ("Vintage", "2024"),
    ("Credit Status", "Retired"),
    ("Quantity", "100"),
    ("GSID", "77"),
    ("Project Name", "Made-up wind"),
    ("Project Developer", "Nobody Ltd."),
    ("Country", "Turkey"),
    ("Project Type", "Wind"),
    ("Methodology", "Not provided"),
    ("Issuance Date", "2026-03-23T13:56:33.148920"),
    ("Retirement Date", "2026-04-10"),
    ("Monitoring Period Start", "2023-06-01"),
    ("Monitoring Period End", "2024-05-31"),
    ("Serial Number", "GS1-1-TR-GS77-12-2024-300-1-100"),
    ("Label", "ICVCM CCP, Emission Reduction"),
    ("Article Six Authorization", "Not Applicable"),
];

const ACR_ISSUANCE: Cells = &[
    ("Date Issued (GMT)", "3/24/2026 9:08:01 PM"),
    ("Vintage", "2026"),
    ("ReportingPeriodBegin", "2/1/2025"),
    ("ReportingPeriodEnd", "1/31/2026"),
    ("Total Credits Issued", "74344"),
    ("Credits Issued to Project", "60000"),
    ("Credits Issued to Buffer Pool", "14344"),
    ("Credits Transferred to Buffer Pool", "0"),
    ("Project Developer", "Nobody LLC"),
    ("Project ID", "ACR55"),
    ("Project Name", "Made-up woods"),
    ("Project Type", "Forest Carbon"),
    ("Project Methodology/Protocol", "Improved Forest Management (IFM)"),
    ("Project Site Country", "US"),
    ("Sustainable Development Goal(s)", "09: Industry, Innovation and Infrastructure;13: Climate Action"),
];

const ACR_RETIREMENT: Cells = &[
    ("Credit Serial Numbers", "ACR-FR-55-2025-29-101 to 200"),
    ("Date Issued (GMT)", "6/30/2025 7:43:26 PM"),
    ("Vintage", "2025"),
    ("Vintage Assignment Period Start Date", "2/7/2024"),
    ("Vintage Assignment Period End Date", "3/19/2025"),
    ("Quantity of Credits", "100"),
    ("Status Effective (GMT)", "4/13/2026 7:17:56 PM"),
    ("Retirement Reason", "Environmental Benefit"),
    ("Project ID", "ACR55"),
    ("Project Name", "Made-up gases"),
    ("Project Type", "Ozone Depleting Substances"),
    ("Project Methodology/Protocol", "Destruction"),
    ("Project Site Country", "FR"),
    ("ARB Eligible", "No"),
    ("Ecology Eligible", "No"),
    ("CORSIA Eligible", "Yes"),
    ("CCP Approved", "Yes"),
    ("Verified Removal", ""),
    ("Sustainable Development Goal(s)", ""),
];

const ACR_PROJECT: Cells = &[
    ("Project ID", "ACR55"),
    ("Project Developer", "Nobody LLC"),
    ("Project Name", "Made-up gases"),
    ("Project Type", "Ozone Depleting Substances"),
    ("Project Methodology/Protocol", "Destruction"),
    ("Current Crediting Period Start Date", "1/10/2022"),
    ("Current Crediting Period End Date", "1/9/2032"),
    ("Voluntary Status", ""),
    ("Compliance Program Status (ARB or Ecology)", "ARB Completed"),
    ("Project Site Country", "US"),
    ("Sustainable Development Goal(s)", "13: Climate Action"),
];

const CAR_ISSUANCE: Cells = &[
    ("Date Issued", "03/19/2026"),
    ("Project ID", "CAR64"),
    ("Project Name", "Made-up ejido"),
    ("Project Developer", "Nadie S.A."),
    ("Project Type", "Forestry - MX"),
    ("Protocol and Version", "Forestry - MX - Version 3.0"),
    ("Vintage", "2025"),
    ("Total Offset Credits Issued", "9166"),
    ("Offset Credits Currently in Reserve Buffer Pool", "108.0"),
    ("Offset Credits Intended for Compliance Buffer Pool", ""),
    ("Offset Credits Converted to VCUs", ""),
    ("Canceled for Compliance", "58.0"),
    ("Canceled", ""),
    ("Project Site Country", "MX"),
];

const CAR_CANCELLATION: Cells = &[
    ("Vintage", "2025"),
    ("Offset Credit Serial Numbers", "CAR-ROC-US-64-129-22-WV-2025-89-1 to 500"),
    ("Quantity of Offset Credits", "500"),
    ("Status Effective", "08/20/2025"),
    ("Project ID", "CAR64"),
    ("Project Name", "Made-up mine"),
    ("Project Type", "Mine Methane Capture - ARB Compliance"),
    ("Protocol and Version", "Mine Methane Capture"),
    ("Project Site Country", "US"),
    ("Additional Certification(s)", ""),
    ("Cancellation Reason", "ARB"),
];

const CAR_PROJECT: Cells = &[
    ("Project ID", "CAR64"),
    ("Project Name", "Made-up soil"),
    ("Project Developer", "Nobody Inc"),
    ("Project Type", "Soil Enrichment"),
    ("Status", "Registered"),
    ("Project Site Country", "US; MX"),
    ("SDG Impact", "2. Zero Hunger;13. Climate Action"),
    ("Project Registered Date", "10/31/2018"),
];

/// A file of one row, with some of its cells changed.
fn file(cells: Cells, changes: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.iter().map(|(name, _)| *name)).unwrap();
    let value = |name: &str, value: &'static str| -> String {
        changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, new)| *new).to_owned()
    };
    writer.write_record(cells.iter().map(|(name, old)| value(name, old))).unwrap();
    writer.into_inner().unwrap()
}

fn read(cells: Cells, changes: &[(&str, &str)]) -> Result<Row, String> {
    let bytes = file(cells, changes);
    let mut reader = Reader::open("made-up.csv", bytes.as_slice()).unwrap();
    let row = reader.next_row().unwrap().unwrap().map_err(|(_, reason)| reason.to_string());
    assert!(reader.next_row().unwrap().is_none());
    row
}

fn block(row: &Row) -> &crate::facts::BlockFact {
    match &row.entry {
        Entry::Block(block) => block,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_export_is_known_by_its_header() {
    let cases = [
        (VERRA_PROJECT, Format::VerraProjects),
        (VERRA_TRANSACTION, Format::VerraTransactions),
        (GOLD_STANDARD_PROJECT, Format::GoldStandardProjects),
        (GOLD_STANDARD_RETIREMENT, Format::GoldStandardRetirements),
        (ACR_PROJECT, Format::AcrProjects),
        (ACR_ISSUANCE, Format::AcrIssuances),
        (ACR_RETIREMENT, Format::AcrRetirements),
        (CAR_PROJECT, Format::CarProjects),
        (CAR_ISSUANCE, Format::CarIssuances),
        (CAR_CANCELLATION, Format::CarCancellations),
    ];
    for (cells, format) in cases {
        assert_eq!(Reader::open("x", file(cells, &[]).as_slice()).unwrap().format(), format);
        assert!(read(cells, &[]).is_ok(), "{format:?}: {:?}", read(cells, &[]));
    }
    // Any format is known by its own columns in any order, with a byte order mark, odd blanks and columns of no use.
    for format in Format::ALL {
        let mut names: Vec<String> = format.columns().iter().rev().map(|name| name.replace(' ', "  ")).collect();
        names.push("Unnamed: 31".to_owned());
        let text = format!("\u{feff}\"{}\"\n", names.join("\",\""));
        assert_eq!(Reader::open("x", text.as_bytes()).unwrap().format(), *format);
    }
}

#[test]
fn what_is_no_export_is_refused_as_a_whole() {
    let open = |text: &str| Reader::open("x.csv", text.as_bytes()).unwrap_err().to_string();
    assert!(matches!(Reader::open("x.csv", &b""[..]), Err(FileError::Empty { .. })));
    assert!(open("\n").contains("no header"), "{}", open("\n"));
    assert!(open("a,b,a\n").contains("two columns named \"a\""));
    let nearly = format!("{}\n", Format::CarProjects.columns()[1..].join(","));
    assert_eq!(
        open(&nearly),
        "x.csv: the header is that of no known export; the nearest is Climate Action Reserve projects, which also has Project ID"
    );
}

#[test]
fn lists_of_projects() {
    let project = read(VERRA_PROJECT, &[]).unwrap().project;
    assert_eq!(project.key.to_string(), "VCS-42");
    assert_eq!(project.name, "Made-up forest");
    assert_eq!(project.project_type, ProjectType::Reforestation);
    assert_eq!(project.status, Some(ProjectStatus::Validation));
    assert_eq!((project.country.code(), project.annual_reductions), ("VN", Some(1_338_705)));
    assert_eq!(project.methodology, "VM0047; VM0010");

    let project = read(GOLD_STANDARD_PROJECT, &[]).unwrap().project;
    assert_eq!((project.key.to_string().as_str(), project.country.code()), ("GS-77", "TZ"));
    assert_eq!(project.project_type, ProjectType::Cookstoves);
    assert_eq!((project.description.as_str(), project.sdgs.as_slice()), ("Stoves.\nMany.", &[6, 13, 15][..]));

    // A compliance project has no voluntary status; a voluntary one's status goes first.
    assert_eq!(read(ACR_PROJECT, &[]).unwrap().project.status, Some(ProjectStatus::Completed));
    let listed = read(ACR_PROJECT, &[("Voluntary Status", "Listed")]).unwrap().project;
    assert_eq!(listed.status, Some(ProjectStatus::Validation));

    let project = read(CAR_PROJECT, &[]).unwrap().project;
    assert_eq!((project.country.code(), project.sdgs.as_slice()), ("XZ", &[2, 13][..]));
}

#[test]
fn blocks_and_issuances() {
    let row = read(VERRA_TRANSACTION, &[]).unwrap();
    let verra = block(&row);
    assert_eq!((verra.year, verra.quantity, verra.status), (2020, 1000, BlockStatus::Retired));
    assert_eq!(verra.labels, ["CORSIA - Pilot Phase", "Social Carbon"]);
    assert_eq!(row.project.sdgs, [1, 13]);
    let unexplained = [("Retirement Beneficiary", ""), ("Retirement Reason", "")];
    assert_eq!(block(&read(VERRA_TRANSACTION, &unexplained).unwrap()).status, BlockStatus::Cancelled);
    let unused = [&unexplained[..], &[("Retirement/Cancellation Date", "")]].concat();
    assert_eq!(block(&read(VERRA_TRANSACTION, &unused).unwrap()).status, BlockStatus::Active);

    // The vintage is the part of the monitoring period in its year.
    let row = read(GOLD_STANDARD_RETIREMENT, &[]).unwrap();
    let period = block(&row).period.unwrap();
    assert_eq!((period.start().to_string(), period.end().to_string()), ("2024-01-01".into(), "2024-05-31".into()));
    assert_eq!(row.project.methodology, "");
    let cdm = [("Serial Number", "TR-5-1001-2-2-0-7014 - TR-5-1100-2-2-0-7014"), ("Credit Status", "Canceled")];
    assert_eq!(block(&read(GOLD_STANDARD_RETIREMENT, &cdm).unwrap()).status, BlockStatus::Cancelled);

    let row = read(ACR_RETIREMENT, &[]).unwrap();
    assert_eq!(block(&row).labels, ["CORSIA Eligible", "ICVCM CCP"]);
    assert_eq!(block(&row).ended_on.unwrap().to_string(), "2026-04-13");

    let Entry::Issuance(acr) = read(ACR_ISSUANCE, &[]).unwrap().entry else { panic!("an issuance") };
    assert_eq!((acr.quantity, acr.buffer, acr.year), (74_344, 14_344, 2026));
    let Entry::Issuance(car) = read(CAR_ISSUANCE, &[]).unwrap().entry else { panic!("an issuance") };
    assert_eq!((car.quantity, car.buffer, car.cancelled), (9_166, 108, 58));
}

#[test]
fn a_damaged_cell_refuses_its_row_with_the_reason() {
    let cases: &[(Cells, Changes, &str)] = &[
        (VERRA_PROJECT, &[("ID", "forty-two")], "ID: \"forty-two\" is not known"),
        (VERRA_PROJECT, &[("Name", " ")], "Name: is empty"),
        (VERRA_PROJECT, &[("Status", "Sleeping")], "Status: \"Sleeping\" is not known"),
        (VERRA_PROJECT, &[("Country/Area", "Atlantis")], "Country/Area: \"Atlantis\" is not known"),
        (VERRA_PROJECT, &[("Crediting Period End Date", "2025-12-31")], "is before the start of the period"),
        (VERRA_PROJECT, &[("Crediting Period End Date", "31/12/2035")], "is no day of the calendar"),
        (VERRA_PROJECT, &[("Estimated Annual Emission Reductions", "1,33,705")], "does not separate thousands"),
        (
            VERRA_TRANSACTION,
            &[("Quantity Issued", "999")],
            "the quantity is 999, the serial numbers 5001 to 6000 are 1000",
        ),
        (VERRA_TRANSACTION, &[("Quantity Issued", "0")], "Quantity Issued: must be above zero"),
        (VERRA_TRANSACTION, &[("Quantity Issued", "1.000,0")], "is not a whole number"),
        (
            VERRA_TRANSACTION,
            &[("Total Vintage Quantity", "999")],
            "total of the vintage, quantity issued: 999 against 1000",
        ),
        (VERRA_TRANSACTION, &[("ID", "43")], "the row is of project VCS-43, the serial of project VCS-42"),
        (VERRA_TRANSACTION, &[("Vintage End", "2021-06-30")], "the row is of vintage 2021, the serial of 2020"),
        (
            VERRA_TRANSACTION,
            &[("Vintage Start", "2019-07-02")],
            "2019-07-02 to 2020-06-30, the serial of 2019-07-01 to",
        ),
        (
            VERRA_TRANSACTION,
            &[("Additional Certifications", "")],
            "says some additional certifications, the row has no",
        ),
        (VERRA_TRANSACTION, &[("Retirement/Cancellation Date", "")], "Retirement/Cancellation Date: is empty"),
        (VERRA_TRANSACTION, &[("Sustainable Development Goals", "18: Nothing")], "\"18: Nothing\" is not known"),
        (VERRA_TRANSACTION, &[("Serial Number", "7-5001-6000-VCS-VCU-15")], "has 6 fields"),
        (GOLD_STANDARD_RETIREMENT, &[("Vintage", "2022")], "the row is of vintage 2022, the serial of 2023-06-01 to"),
        (GOLD_STANDARD_RETIREMENT, &[("Credit Status", "Issued")], "Credit Status: \"Issued\" is not known"),
        (GOLD_STANDARD_RETIREMENT, &[("Retirement Date", "")], "Retirement Date: is empty"),
        (GOLD_STANDARD_RETIREMENT, &[("GSID", "78")], "the row is of project GS-78, the serial of project GS-77"),
        (ACR_ISSUANCE, &[("Credits Issued to Project", "1")], "74344 against 14345"),
        (ACR_ISSUANCE, &[("Credits Transferred to Buffer Pool", "60001")], "buffer pool: 74344 against 74345"),
        (ACR_ISSUANCE, &[("Project ID", "CAR55")], "Project ID: \"CAR55\" is not known"),
        (ACR_RETIREMENT, &[("CORSIA Eligible", "Perhaps")], "CORSIA Eligible: \"Perhaps\" is not known"),
        (ACR_RETIREMENT, &[("Status Effective (GMT)", "2026-13-01")], "is no day of the calendar"),
        (ACR_RETIREMENT, &[("Credit Serial Numbers", "CAR-1-FR-55-3-9-KS-2025-29-101 to 200")], "of project CAR-55"),
        (CAR_ISSUANCE, &[("Canceled for Compliance", "9167.0")], "total issued, cancelled: 9166 against 9167"),
        (CAR_CANCELLATION, &[("Vintage", "25")], "Vintage: \"25\" is not known"),
        (CAR_CANCELLATION, &[("Cancellation Reason", "")], "Cancellation Reason: is empty"),
    ];
    for (cells, changes, expected) in cases {
        let reason = read(cells, changes).unwrap_err();
        assert!(reason.contains(expected), "{changes:?}: {reason}");
    }
}

#[test]
fn damage_to_the_file_is_reported_by_line_and_the_rest_is_read() {
    let mut bytes = file(CAR_PROJECT, &[]);
    bytes.extend_from_slice(b"CAR1,short\n\n");
    let row = |id: &str, name: &[u8]| {
        let mut row = format!("{id},").into_bytes();
        row.extend_from_slice(name);
        row.extend_from_slice(b",Nobody Inc,Soil Enrichment,Registered,US,,\n");
        row
    };
    bytes.extend(row("CAR65", b"caf\xe9"));
    bytes.extend(row("CAR66", b"\"two\nlines\""));
    bytes.extend(row("CAR67", &b"x".repeat(501)));
    bytes.extend_from_slice(b"CAR68,\"never closed,Nobody,Soil Enrichment\n");
    let export = Export::read("made-up.csv", bytes.as_slice()).unwrap();
    let refusals: Vec<String> = export.refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        refusals,
        [
            "made-up.csv:3: has 2 cells where the header has 8",
            "made-up.csv:5: Project Name: is not UTF-8 text",
            "made-up.csv:8: Project Name: is longer than 500 characters",
            "made-up.csv:9: has 2 cells where the header has 8",
        ]
    );
    assert_eq!((export.accepted, export.refused), (2, 4));
    assert!(export.projects.values().any(|project| project.name == "two lines"));
}

#[test]
fn a_number_of_a_batch_occurs_once_in_a_file() {
    let cases = [
        ((5001, 6000), Some("5001 to 6000")),
        ((5991, 6010), Some("5991 to 6000")),
        ((4991, 5010), Some("5001 to 5010")),
        ((4000, 7000), Some("5001 to 6000")),
        ((5500, 5500), Some("5500 to 5500")),
        ((4001, 5000), None),
        ((6001, 6001), None),
    ];
    for ((first, last), shared) in cases {
        let mut bytes = file(VERRA_TRANSACTION, &[]);
        let serial = format!("7-{first}-{last}-VCS-VCU-15-VER-KE-1-42-01072019-30062020-1");
        let quantity = (last - first + 1).to_string();
        let again = [
            ("Serial Number", serial.as_str()),
            ("Quantity Issued", quantity.as_str()),
            ("Total Vintage Quantity", "9,999"),
        ];
        let more = file(VERRA_TRANSACTION, &again);
        bytes.extend_from_slice(&more[more.iter().position(|&b| b == b'\n').unwrap() + 1..]);
        let export = Export::read("made-up.csv", bytes.as_slice()).unwrap();
        let refusals: Vec<String> = export.refusals.iter().map(ToString::to_string).collect();
        let expected =
            shared.map(|range| format!("made-up.csv:3: serial numbers {range} are also in the block of line 2"));
        assert_eq!(refusals, Vec::from_iter(expected), "{first} to {last}");
    }
}

#[test]
fn the_shipped_table_is_good() {
    let export = Export::read(crate::shipped::NAME, crate::shipped::TABLE.as_bytes()).unwrap();
    assert_eq!(export.format, Format::Facts);
    assert_eq!(export.refusals, []);
    assert!((60..=150).contains(&export.accepted), "{}", export.accepted);
    let registries: std::collections::BTreeSet<_> =
        export.projects.keys().map(crate::facts::ProjectKey::registry).collect();
    assert_eq!(registries.len(), 4);
    for (_, block) in &export.blocks {
        assert_eq!(block.range().quantity(), block.quantity);
    }
}
