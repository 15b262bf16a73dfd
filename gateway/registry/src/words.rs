//! The fixed words of the public contract that this crate hands out: registries, project types, standards, statuses.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that clients see and the store keeps.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Finds a value by its word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Who keeps the book in which a credit was issued. The word begins the symbol of every instrument.
    Registry {
        /// Verra's Verified Carbon Standard.
        Verra = "VCS",
        /// Gold Standard Impact Registry.
        GoldStandard = "GS",
        /// American Carbon Registry.
        Acr = "ACR",
        /// Climate Action Reserve.
        Car = "CAR",
        /// Architecture for REDD+ Transactions, and FCPF, whose serials have the same form.
        Art = "ART",
        /// Puro.earth.
        Puro = "PURO",
        /// This venue: projects that staff entered without a registry.
        Venue = "CX",
    }
}

words! {
    /// What a project does. The public contract's list, which has no "other": what fits nothing is listed where its
    /// registry's scope points ([`crate::classify`]).
    ProjectType {
        /// Wind, sun, water, geothermal heat, biogas for power.
        RenewableEnergy = "renewable_energy",
        /// Forest planted where one was before.
        Reforestation = "reforestation",
        /// Forest planted where none was.
        Afforestation = "afforestation",
        /// Methane of mines, manure and leaks.
        MethaneCapture = "methane_capture",
        /// Less energy for the same use, safe water instead of boiling included.
        EnergyEfficiency = "energy_efficiency",
        /// Industrial gases, refrigerants, cement.
        IndustrialProcess = "industrial_process",
        /// Vehicles and charging.
        Transportation = "transportation",
        /// Soil, rice, fertiliser.
        Agriculture = "agriculture",
        /// Waste water, compost, recycling.
        WasteManagement = "waste_management",
        /// Mangroves, seagrass, tidal marsh.
        BlueCarbon = "blue_carbon",
        /// Carbon dioxide taken from the air.
        DirectAirCapture = "direct_air_capture",
        /// Charred biomass.
        Biochar = "biochar",
        /// Forest kept or managed better, grassland kept.
        NatureBasedSolutions = "nature_based_solutions",
        /// Stoves that burn less or other fuel.
        Cookstoves = "cookstoves",
        /// Gas of landfills.
        LandfillGas = "landfill_gas",
    }
}

words! {
    /// Where a project stands.
    ProjectStatus {
        /// Being prepared.
        Development = "development",
        /// Listed; an auditor examines its design.
        Validation = "validation",
        /// Registered.
        Registered = "registered",
        /// Issuing credits.
        Active = "active",
        /// On hold or inactive.
        Suspended = "suspended",
        /// Its crediting has ended.
        Completed = "completed",
        /// Withdrawn, rejected or terminated.
        Cancelled = "cancelled",
        /// The registry examines a request.
        UnderReview = "under_review",
    }
}

words! {
    /// The standard that credits are issued under.
    Standard {
        /// Verified Carbon Standard.
        Vcs = "vcs",
        /// Clean Development Mechanism.
        Cdm = "cdm",
        /// Gold Standard.
        GoldStandard = "gold_standard",
        /// Climate Action Reserve.
        Car = "car",
        /// American Carbon Registry.
        Acr = "acr",
        /// Plan Vivo.
        PlanVivo = "plan_vivo",
        /// Climate, Community and Biodiversity.
        Ccbs = "ccbs",
        /// REDD+ programmes of jurisdictions.
        ReddPlus = "redd_plus",
        /// Joint Implementation.
        Ji = "ji",
        /// CORSIA.
        Corsia = "corsia",
    }
}

words! {
    /// Where a body's examination stands (validation of the design, verification of the reductions).
    Assurance {
        /// Not begun, as far as the registry says.
        NotStarted = "not_started",
        /// Under way.
        InProgress = "in_progress",
        /// Waiting for the registry.
        PendingReview = "pending_review",
        /// Done, with a positive statement.
        Verified = "verified",
        /// Done, with a negative statement.
        Rejected = "rejected",
        /// Lapsed.
        Expired = "expired",
    }
}

words! {
    /// The life of a serial block. Retired, cancelled and expired are final.
    BlockStatus {
        /// Entered here, not yet credited to its owner by the exchange.
        Pending = "pending",
        /// Issued and unused.
        Active = "active",
        /// Blocked by staff.
        OnHold = "on_hold",
        /// Used by its beneficiary, for ever.
        Retired = "retired",
        /// Taken out without use: moved to another programme, withdrawn.
        Cancelled = "cancelled",
        /// Past its eligibility.
        Expired = "expired",
        /// Held against reversals.
        Buffer = "buffer",
    }
}

impl Registry {
    /// The standard of a registry's credits, as far as the registry alone decides it.
    pub const fn standard(self) -> Option<Standard> {
        match self {
            Self::Verra => Some(Standard::Vcs),
            Self::GoldStandard => Some(Standard::GoldStandard),
            Self::Acr => Some(Standard::Acr),
            Self::Car => Some(Standard::Car),
            Self::Art => Some(Standard::ReddPlus),
            Self::Puro | Self::Venue => None,
        }
    }

    /// Its name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verra => "Verra",
            Self::GoldStandard => "Gold Standard",
            Self::Acr => "American Carbon Registry",
            Self::Car => "Climate Action Reserve",
            Self::Art => "ART and FCPF",
            Self::Puro => "Puro.earth",
            Self::Venue => "CarbonXchange",
        }
    }
}

impl BlockStatus {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Retired | Self::Cancelled | Self::Expired)
    }
}
