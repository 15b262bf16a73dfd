//! Roles and what they may do: the one table of the house, served at `/api/admin/permissions`.

use std::fmt;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal, $vdoc:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = $vdoc] $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name that clients and the store know.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it means, for a person.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $vdoc,)+ }
            }

            /// Reads the name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What a user is on this venue.
    Role {
        Individual = "individual", "A natural person who trades.";
        Corporate = "corporate", "A company that trades for itself.";
        Institutional = "institutional", "An institution that trades.";
        Broker = "broker", "Trades for others.";
        MarketMaker = "market_maker", "Quotes both sides.";
        Admin = "admin", "Runs the venue.";
        ComplianceOfficer = "compliance_officer", "Reviews people, credits and records.";
        Auditor = "auditor", "Reads everything, changes nothing.";
        System = "system", "A machine of the venue's own.";
        Verifier = "verifier", "Verifies projects and credits.";
    }
}

names! {
    /// One thing that a role may do.
    Permission {
        Trade = "trade", "Place and amend orders, once verified.";
        Withdraw = "wallet.withdraw", "Take money out of the own account, once verified.";
        RetireOwn = "credits.retire_own", "Retire credits of the own account.";
        ListUsers = "users.list", "See all users.";
        ManageUsers = "users.manage", "Set a user's status, unlock, change and close accounts.";
        ReadSystem = "system.read", "See the venue's own figures.";
        ReviewKyc = "kyc.review", "Approve, reject and send back identity checks.";
        RecordDeposits = "wallet.deposit", "Record money that has come in.";
        ApproveTransactions = "wallet.approve", "Approve withdrawals and large deposits of others.";
        ReadTransactions = "transactions.read", "See everybody's transactions.";
        WriteCredits = "credits.write", "Create and change projects and credits.";
        RetireAny = "credits.retire_any", "Retire credits of any account.";
        Tokenize = "credits.tokenize", "Bring credits onto a chain.";
        ReadRecords = "compliance.read", "Read all compliance records, reports and statuses.";
        WriteRecords = "compliance.write", "Create and change records; create and submit reports.";
        ApproveReports = "compliance.approve", "Approve reports of others.";
        ReadAml = "aml.read", "See the money-laundering summary.";
        ReadVenue = "venue.read", "See bands, plans, fees, limits and what staff decided about the market.";
        ManageInstruments = "instruments.manage", "Add assets, list instruments, set their phases, plans and bands.";
        ManageFees = "fees.manage", "Set fees and the volumes of their tiers.";
        ManageLimits = "limits.manage", "Set limits and owners of trading accounts.";
        HaltMarket = "market.halt", "Stop all trading.";
        ResumeMarket = "market.resume", "Let trading go on.";
        KillAccounts = "accounts.kill", "Stop an account and cancel its orders.";
        ReviveAccounts = "accounts.revive", "Let a stopped account go on.";
        BustTrades = "trades.bust", "Reverse trades.";
    }
}

/// What traders may do.
const TRADER: &[Permission] = &[Permission::Trade, Permission::Withdraw, Permission::RetireOwn];

impl Role {
    /// What the role may do. Staff never trade: who can approve and see everything must not have a position.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Individual | Self::Corporate | Self::Institutional | Self::Broker | Self::MarketMaker => TRADER,
            Self::Admin => &[
                P::ListUsers,
                P::ManageUsers,
                P::ReadSystem,
                P::ReviewKyc,
                P::RecordDeposits,
                P::ApproveTransactions,
                P::ReadTransactions,
                P::WriteCredits,
                P::RetireAny,
                P::Tokenize,
                P::ReadRecords,
                P::WriteRecords,
                P::ApproveReports,
                P::ReadAml,
                P::ReadVenue,
                P::ManageInstruments,
                P::ManageFees,
                P::ManageLimits,
                P::HaltMarket,
                P::ResumeMarket,
                P::KillAccounts,
                P::ReviveAccounts,
                P::BustTrades,
            ],
            Self::ComplianceOfficer => &[
                P::ListUsers,
                P::ReviewKyc,
                P::RecordDeposits,
                P::ApproveTransactions,
                P::ReadTransactions,
                P::WriteCredits,
                P::RetireAny,
                P::ReadRecords,
                P::WriteRecords,
                P::ReadAml,
                // May stop, in an emergency; that trading goes on is the venue's decision.
                P::ReadVenue,
                P::HaltMarket,
                P::KillAccounts,
            ],
            Self::Auditor => &[P::ReadTransactions, P::ReadRecords, P::ReadVenue],
            Self::System => &[P::RecordDeposits],
            // Verification of projects comes with its own permission when there is a route for it.
            Self::Verifier => &[],
        }
    }

    /// Whether the role may do it.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Whether it belongs to the venue rather than to a customer.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Admin | Self::ComplianceOfficer | Self::Auditor | Self::System | Self::Verifier)
    }
}

names! {
    /// Where a user's account stands.
    UserStatus {
        Pending = "pending", "Registered; something is missing before it may trade.";
        Active = "active", "In order.";
        Suspended = "suspended", "May not log in until lifted.";
        Closed = "closed", "Ended for good.";
        UnderReview = "under_review", "May log in and read, not trade.";
        Locked = "locked", "May not log in until unlocked.";
        Dormant = "dormant", "Unused for long; may log in and read, not trade.";
    }
}

names! {
    /// Where a user's identity check stands.
    KycStatus {
        NotStarted = "not_started", "Nothing was submitted.";
        InProgress = "in_progress", "Begun, not submitted.";
        PendingReview = "pending_review", "Waits for staff.";
        Approved = "approved", "The person is who they say.";
        Rejected = "rejected", "Refused.";
        Expired = "expired", "Was approved, too long ago.";
        RequiresUpdate = "requires_update", "Sent back for more.";
    }
}

names! {
    /// How risky a customer is thought to be.
    RiskLevel {
        Low = "low", "Nothing stands out.";
        Medium = "medium", "The start value.";
        High = "high", "Needs more than the usual checks.";
        VeryHigh = "very_high", "Needs approval of each step.";
        Prohibited = "prohibited", "Must not be served.";
    }
}
