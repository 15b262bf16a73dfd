//! Why a command was refused or an order ended: one table of codes, shared by REST, WebSocket and the store.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal, $code:literal, $message:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* #[doc = $message] $variant = $number,)+ }

        impl $name {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code that clients see.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it means, for a person.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }

            /// The number stored in records.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// Reads a stored number back.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// Finds a code by the name that clients see.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        // By its number, as records have it.
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
                self.number().encode(to)
            }
        }

        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
                let number = u8::decode(from)?;
                Self::from_number(number).ok_or(bincode::error::DecodeError::Other(concat!("not a ", stringify!($name))))
            }
        }
        bincode::impl_borrow_decode!($name);
    };
}
pub(crate) use codes;

codes! {
    /// Why the core refused a command. A refusal changes nothing but the record of it.
    Reject {
        UnknownAccount = 1, "unknown_account", "The account does not exist.";
        UnknownAsset = 2, "unknown_asset", "The asset does not exist.";
        UnknownInstrument = 3, "unknown_instrument", "The instrument does not exist.";
        UnknownOrder = 4, "unknown_order", "The order does not exist or is no longer open.";
        TradingNotPermitted = 5, "trading_not_permitted", "The account is not permitted to trade.";
        InsufficientFunds = 6, "insufficient_funds", "The account has not enough cash available.";
        InsufficientCredits = 7, "insufficient_credits", "The account has not enough credits available.";
        InvalidPrice = 8, "invalid_price", "The price must be at least one tick and within the instrument's limits.";
        InvalidQuantity = 9, "invalid_quantity", "The quantity must be at least one lot and at most 2^40 lots.";
        NotionalTooLarge = 10, "notional_too_large", "Price times quantity is more than the exchange can settle.";
        InvalidAmount = 11, "invalid_amount", "The amount must be above zero and within what a balance can hold.";
        PostOnlyWouldMatch = 12, "post_only_would_match", "A post-only order would have matched at once.";
        InvalidCombination = 13, "invalid_combination", "The order type, time in force and post-only flag do not go together.";
        DuplicateClientOrderId = 14, "duplicate_client_order_id", "The client order id was used before for a different order.";
        NoChange = 15, "no_change", "The amendment changes nothing.";
        QuantityBelowFilled = 16, "quantity_below_filled", "The new total quantity is not above what has been filled.";
        AlreadyExists = 17, "already_exists", "The asset or instrument exists already.";
        InvalidDefinition = 18, "invalid_definition", "The asset or instrument is not defined correctly.";
        WrongAssetClass = 19, "wrong_asset_class", "The asset is of the wrong class for this: credits where cash is needed or the reverse.";
        WithdrawalNotPermitted = 20, "withdrawal_not_permitted", "The account is not permitted to withdraw.";
        ReservedAccount = 21, "reserved_account", "The venue's own account cannot do this.";
        LimitReached = 22, "limit_reached", "A fixed limit of the venue is reached: assets, instruments, open orders or accounts.";
        DuplicateReference = 23, "duplicate_reference", "A movement with this reference has been made already.";
        Throttled = 24, "throttled", "The account sends orders faster than its limit; nothing was recorded, try again.";
        AccountStopped = 25, "account_stopped", "The account is stopped by its kill switch.";
        MarketHalted = 26, "market_halted", "All trading is halted; cancels are taken.";
        WrongPhase = 27, "wrong_phase", "The instrument's trading phase does not take this.";
        PriceOutsideCollar = 28, "price_outside_collar", "The limit is too far beyond the last price.";
        NoReferencePrice = 29, "no_reference_price", "A trailing stop needs a last price, and there has been no trade.";
        InvalidExpiry = 30, "invalid_expiry", "The time must lie in the future.";
        OrderQuantityLimit = 31, "order_quantity_limit", "The order is larger than the account's limit for one order.";
        OrderNotionalLimit = 32, "order_notional_limit", "The order is worth more than the account's limit for one order.";
        OpenOrdersLimit = 33, "open_orders_limit", "The account has as many open orders as its limit allows.";
        PositionLimit = 34, "position_limit", "The account would own and bid for more of the instrument than its limit allows.";
        ExposureLimit = 35, "exposure_limit", "The account's open orders would be worth more than its limit allows.";
        LinkedOrder = 36, "linked_order", "The order is one of a pair: cancel the pair, or pair with another order.";
        UnknownTrade = 37, "unknown_trade", "The trade does not exist or is too old to be reversed.";
        AlreadyBusted = 38, "already_busted", "The trade has been reversed already.";
        InvalidSetting = 39, "invalid_setting", "The setting is outside its range.";
        NotSupported = 40, "not_supported", "The exchange does not offer this yet.";
    }
}

codes! {
    /// Why an accepted order ended without being filled.
    CancelReason {
        Requested = 1, "requested", "The owner cancelled it.";
        MassCancel = 2, "mass_cancel", "The owner cancelled all orders.";
        PermissionRevoked = 3, "permission_revoked", "The account lost its permission to trade.";
        ImmediateOrCancel = 4, "immediate_or_cancel", "The part that could not match at once was cancelled.";
        FillOrKill = 5, "fill_or_kill", "The whole quantity could not match at once.";
        NoLiquidity = 6, "no_liquidity", "The book had nothing more to match a market order with.";
        SelfTrade = 7, "self_trade", "It would have matched an order of the same owner.";
        Expired = 8, "expired", "Its time was over.";
        CancelAfter = 9, "cancel_after", "The account was not heard of in the time it had set.";
        KillSwitch = 10, "kill_switch", "The account was stopped.";
        Paired = 11, "paired", "The order that it was paired with executed or ended.";
        InsufficientFunds = 12, "insufficient_funds", "The account's available cash was used up.";
        OutsideBands = 13, "outside_bands", "The next price was outside the bands.";
        Delisted = 14, "delisted", "The instrument was delisted.";
        CashSpent = 15, "cash_spent", "The cash of a market buy by cash was used up: it is complete.";
    }
}
