//! What kind of project it is.

use crate::words::ProjectType::{
    self, Afforestation, Agriculture, Biochar, BlueCarbon, Cookstoves, DirectAirCapture, EnergyEfficiency,
    IndustrialProcess, LandfillGas, MethaneCapture, NatureBasedSolutions, Reforestation, RenewableEnergy,
    Transportation, WasteManagement,
};

/// What a registry says about a project's kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Described<'a> {
    /// The registry's scopes or types.
    pub types: &'a [&'a str],
    /// Verra's AFOLU activities (ARR, REDD, ...); empty elsewhere.
    pub activities: &'a [&'a str],
    /// Methodologies or protocols.
    pub methodologies: &'a [String],
    /// The project's name.
    pub name: &'a str,
}

/// Methodology codes (the CDM's, Verra's) that decide the kind alone. The first kind with a match wins, so that a
/// project with several methodologies gets the more particular one: landfill gas burnt for power is landfill gas.
const METHODOLOGIES: &[(ProjectType, &[&str])] = &[
    (LandfillGas, &["ACM0001", "AMS-III.G"]),
    (Cookstoves, &["VM0050", "VMR0006", "AMS-II.G", "AMS-I.E"]),
    (BlueCarbon, &["VM0033", "AR-AM0014", "AR-AMS0003"]),
    (Biochar, &["VM0044"]),
    (Transportation, &["VM0038", "VM0019", "AMS-III.C", "AMS-III.S", "ACM0016", "AM0031"]),
    (MethaneCapture, &["ACM0008", "ACM0010", "AMS-III.D", "AMS-III.H", "AMS-III.R"]),
    (WasteManagement, &["ACM0022", "AM0080", "AMS-III.E", "AMS-III.F"]),
    (Agriculture, &["VM0017", "VM0022", "VM0026", "VM0032", "VM0041", "VM0042", "VM0051", "AMS-III.AU"]),
    (
        Reforestation,
        &["VM0047", "AR-ACM0001", "AR-ACM0002", "AR-ACM0003", "AR-AM0003", "AR-AM0005", "AR-AMS0001", "AR-AMS0007"],
    ),
    (RenewableEnergy, &["ACM0002", "ACM0006", "ACM0018", "AMS-I.A", "AMS-I.C", "AMS-I.D", "AMS-I.F"]),
    (EnergyEfficiency, &["VM0018", "AMS-II.C", "AMS-III.AR", "AMS-III.AV", "AMS-III.Z"]),
    (IndustrialProcess, &["VM0016", "ACM0019", "AM0001"]),
    (
        NatureBasedSolutions,
        &[
            "VM0003", "VM0005", "VM0006", "VM0007", "VM0009", "VM0010", "VM0011", "VM0012", "VM0015", "VM0037",
            "VM0045", "VM0048",
        ],
    ),
];

/// Words in a registry's type. In order: the first that occurs decides.
const TYPES: &[(ProjectType, &[&str])] = &[
    (LandfillGas, &["landfill"]),
    (MethaneCapture, &["mine methane", "livestock", "fugitive emissions"]),
    (
        IndustrialProcess,
        &["ozone depleting", "nitric acid", "adipic acid", "industrial process", "cement", "halocarbon"],
    ),
    (Transportation, &["transport", "fleet"]),
    (DirectAirCapture, &["direct air"]),
    (Biochar, &["biochar"]),
    (BlueCarbon, &["wetland", "mangrove", "blue carbon"]),
    (Agriculture, &["soil enrichment", "rice", "nitrogen management", "agriculture land use", "grazing"]),
    (Afforestation, &["afforestation"]),
    (Reforestation, &["reforestation", "a/r", "arr"]),
    (NatureBasedSolutions, &["forest", "grassland", "redd", "ifm"]),
    (RenewableEnergy, &["wind", "pv", "solar", "hydro", "geothermal", "biogas", "biomass", "renewable"]),
    (WasteManagement, &["waste", "compost"]),
    (EnergyEfficiency, &["energy efficiency", "energy demand", "energy distribution"]),
    (IndustrialProcess, &["manufacturing", "construction", "chemical", "metal", "mining", "carbon capture"]),
];

/// Words in a project's name, for types that say little. In order: the first that occurs decides.
const NAMES: &[(ProjectType, &[&str])] = &[
    (LandfillGas, &["landfill"]),
    (Biochar, &["biochar"]),
    (BlueCarbon, &["mangrove", "blue carbon"]),
    (Cookstoves, &["cook", "stove", "charcoal"]),
    (EnergyEfficiency, &["water"]),
    (Agriculture, &["rice", "farm", "agri", "soil", "crop"]),
    (Reforestation, &["forest"]),
    (WasteManagement, &["waste", "recycling", "compost"]),
    (RenewableEnergy, &["solar", "wind", "hydro", "biogas"]),
];

/// The kind of a project.
pub fn project_type(described: Described<'_>) -> ProjectType {
    // Gold Standard's methodology for household devices covers stoves, filters and lamps alike: the name decides.
    let household = described.methodologies.iter().any(|m| m.contains("TPDDTEC") || m.contains("Cookstove"));
    by_methodology(described.methodologies)
        .or_else(|| by_activity(described.activities))
        .or_else(|| {
            let types = described.types.join(";").to_lowercase();
            let vague = household || types.is_empty() || types == "other" || types == "energy efficiency - domestic";
            let named = || by_words(NAMES, &described.name.to_lowercase());
            if vague {
                named().or(if household { Some(Cookstoves) } else { by_words(TYPES, &types) })
            } else {
                // "Waste handling" and "biogas" are wide: a landfill says so in its name.
                by_words(TYPES, &types).map(|kind| match (kind, named()) {
                    (WasteManagement | RenewableEnergy, Some(LandfillGas)) => LandfillGas,
                    _ => kind,
                })
            }
        })
        // Nothing said anything. The contract has no "other"; this is the widest kind that is no claim about nature.
        .unwrap_or(IndustrialProcess)
}

fn by_methodology(methodologies: &[String]) -> Option<ProjectType> {
    let codes: Vec<String> = methodologies
        .iter()
        .filter_map(|text| text.split_whitespace().next())
        .map(|code| code.trim_end_matches('.').to_uppercase())
        .collect();
    METHODOLOGIES
        .iter()
        .find(|(_, known)| codes.iter().any(|code| known.contains(&code.as_str())))
        .map(|(kind, _)| *kind)
}

/// Verra's activities: afforestation, reforestation and revegetation; agricultural land; wetlands; forests kept.
fn by_activity(activities: &[&str]) -> Option<ProjectType> {
    [
        ("WRC", BlueCarbon),
        ("ALM", Agriculture),
        ("ARR", Reforestation),
        ("REDD", NatureBasedSolutions),
        ("IFM", NatureBasedSolutions),
    ]
    .into_iter()
    .find(|(activity, _)| activities.contains(activity))
    .map(|(_, kind)| kind)
}

fn by_words(table: &[(ProjectType, &[&str])], text: &str) -> Option<ProjectType> {
    table.iter().find(|(_, words)| words.iter().any(|word| has_word(text, word))).map(|(kind, _)| *kind)
}

/// Whether the word occurs in the text at the beginning of a word; short words must be whole.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let bounded = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        bounded(before)
            && (word.len() > 4 || matches!(word, "cook" | "wind" | "agri" | "farm" | "rice") || bounded(after))
    })
}
