//! Demonstration prices, made up by this program from the kind of project and the age of the vintage. They say nothing about
//! what credits are worth.

/// Cents per tonne for a project of this kind and vintage. Newer vintages cost a little more.
pub fn cents(project_type: &str, year: i32) -> i64 {
    let base = match project_type {
        "direct_air_capture" => 35_000,
        "biochar" => 14_000,
        "blue_carbon" => 2_600,
        "afforestation" | "reforestation" => 1_450,
        "nature_based_solutions" => 980,
        "agriculture" => 840,
        "cookstoves" => 620,
        "methane_capture" | "landfill_gas" | "waste_management" => 560,
        "industrial_process" => 480,
        "transportation" => 410,
        "energy_efficiency" => 330,
        _ => 260,
    };
    let age = i64::from((2026 - year).clamp(0, 15));
    (base * (100 - 3 * age) / 100).max(20)
}

#[cfg(test)]
mod tests {
    use super::cents;

    #[test]
    fn older_vintages_are_cheaper_and_nothing_is_free() {
        assert!(cents("reforestation", 2024) > cents("reforestation", 2016));
        assert!(cents("anything", 1990) >= 20);
        assert_eq!(cents("reforestation", 2030), cents("reforestation", 2026));
    }
}
