//! The registries' words and what becomes of them.

use super::{Described, is_compliance_label, project_type, standing};
use crate::words::{Assurance, ProjectStatus, ProjectType, Registry};

fn kind(types: &str, activities: &str, methodologies: &str, name: &str) -> ProjectType {
    let split = |text: &'static str| -> Vec<&str> { text.split("; ").filter(|part| !part.is_empty()).collect() };
    let leak = |text: &str| split(Box::leak(text.to_owned().into_boxed_str()));
    let methodologies: Vec<String> = leak(methodologies).into_iter().map(str::to_owned).collect();
    project_type(Described { types: &leak(types), activities: &leak(activities), methodologies: &methodologies, name })
}

#[test]
fn methodology_then_activity_then_type_then_name() {
    use ProjectType as T;
    let energy = "Energy industries (renewable/non-renewable sources)";
    let afolu = "Agriculture Forestry and Other Land Use";
    let domestic = "Energy Efficiency - Domestic";
    let cases = [
        (energy, "", "ACM0002", "A dam", T::RenewableEnergy),
        (energy, "", "ACM0001", "A plant", T::LandfillGas),
        (
            "Energy industries (renewable/non-renewable sources); Waste handling and disposal",
            "",
            "AMS-I.C.; AMS-III.H.",
            "",
            T::MethaneCapture,
        ),
        (
            "Energy industries (renewable/non-renewable sources); Fugitive emissions from fuels (solid, oil and gas)",
            "",
            "VM9999",
            "",
            T::MethaneCapture,
        ),
        ("Waste handling and disposal", "", "VMR0016", "A LANDFILL GAS PROJECT", T::LandfillGas),
        ("Waste handling and disposal", "", "VMR0016", "Something", T::WasteManagement),
        ("Energy demand", "", "VMR0006; VM0050", "", T::Cookstoves),
        ("Transport", "", "AMS-I.F.; VMR0014; VM0038", "", T::Transportation),
        (afolu, "REDD; WRC", "VM0007; VM0033", "", T::BlueCarbon),
        (afolu, "ARR", "VM9999", "", T::Reforestation),
        (afolu, "IFM", "VM9999", "", T::NatureBasedSolutions),
        (afolu, "", "VM0042", "", T::Agriculture),
        (afolu, "", "", "", T::NatureBasedSolutions),
        ("A/R", "", "", "Trees", T::Reforestation),
        ("PV", "", "", "Sun", T::RenewableEnergy),
        ("Biogas - Heat", "", "", "Cooking with biogas", T::RenewableEnergy),
        (domestic, "", "GS TPDDTEC v3.1", "Efficient Cooking", T::Cookstoves),
        (domestic, "", "GS TPDDTEC v3.1", "Clean energy", T::Cookstoves),
        (domestic, "", "", "Safe Water Project", T::EnergyEfficiency),
        (domestic, "", "", "Uplifting communities", T::EnergyEfficiency),
        ("Biogas - Electricity", "", "", "Some Landfill Gas Project", T::LandfillGas),
        ("Other", "", "", "Improved Rice Cultivation", T::Agriculture),
        ("Other", "", "", "Price station", T::IndustrialProcess),
        (
            "Forest Carbon",
            "",
            "Improved Forest Management (IFM) on Non-Federal U.S. Forestlands",
            "",
            T::NatureBasedSolutions,
        ),
        ("Ozone Depleting Substances", "", "Destruction of Ozone Depleting Substances", "", T::IndustrialProcess),
        ("Coal Mine Methane", "", "", "", T::MethaneCapture),
        ("Livestock Waste Management", "", "", "", T::MethaneCapture),
        ("Forestry - MX", "", "", "", T::NatureBasedSolutions),
        ("Reforestation - ARB Compliance", "", "", "", T::Reforestation),
        ("Nitric Acid N2O- Tertiary Catalyst", "", "", "", T::IndustrialProcess),
        ("Organic Waste Composting", "", "", "", T::WasteManagement),
        ("Soil Enrichment", "", "", "", T::Agriculture),
        ("Low Carbon Cement", "", "", "", T::IndustrialProcess),
    ];
    for (types, activities, methodologies, name, expected) in cases {
        assert_eq!(kind(types, activities, methodologies, name), expected, "{types} | {methodologies} | {name}");
    }
}

#[test]
fn statuses_are_known_or_refused() {
    let status = |registry, word| standing(registry, word).map(|standing| (standing.status, standing.validation));
    let cases = [
        (Registry::Verra, "Under validation", Some((ProjectStatus::Validation, Assurance::InProgress))),
        (Registry::Verra, "Withdrawn", Some((ProjectStatus::Cancelled, Assurance::Expired))),
        (Registry::GoldStandard, "Listed", Some((ProjectStatus::Validation, Assurance::InProgress))),
        (Registry::Acr, "Listed - Active Ecology Project", Some((ProjectStatus::Active, Assurance::Verified))),
        (Registry::Car, " completed ", Some((ProjectStatus::Completed, Assurance::Verified))),
        (Registry::Car, "Reticulated", None),
        (Registry::Verra, "", None),
        (Registry::Venue, "Listed", None),
    ];
    for (registry, word, expected) in cases {
        assert_eq!(status(registry, word), expected, "{registry} {word}");
    }
}

#[test]
fn compliance_labels_are_told_from_co_benefits() {
    for label in ["CORSIA - First Phase, 2024-2026 Scope", "Article 6 Authorized - NDC Use", "ARB Eligible"] {
        assert!(is_compliance_label(label), "{label}");
    }
    for label in ["CCB-Biodiversity Gold", "ICVCM CCP", "Social Carbon", "Emission Removal"] {
        assert!(!is_compliance_label(label), "{label}");
    }
}
