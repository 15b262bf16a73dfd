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
    };
}
pub(crate) use codes;

codes! {
    /// Why the core refused a command. A refusal changes nothing but the record of it.
    Reject {
        UnknownAccount = 1, "unknown_account", "There is no such trading account; one opens when its owner's identity is approved.";
        UnknownAsset = 2, "unknown_asset", "There is no such currency or credit asset: check its code.";
        UnknownInstrument = 3, "unknown_instrument", "There is no such instrument: check the symbol.";
        UnknownOrder = 4, "unknown_order", "The order does not exist, is another account's, or is no longer open.";
        TradingNotPermitted = 5, "trading_not_permitted", "The account may not trade: it needs an approved identity check and must not be suspended. Cancels are taken.";
        InsufficientFunds = 6, "insufficient_funds", "Not enough cash is available for the worth and the fee: deposit, cancel buys that hold cash, or ask for less.";
        InsufficientCredits = 7, "insufficient_credits", "Not enough credits are available: cancel sells that hold them, or ask for less.";
        InvalidPrice = 8, "invalid_price", "The price must be at least one tick and at most the instrument's highest price.";
        InvalidQuantity = 9, "invalid_quantity", "The quantity must be one lot to 2^40 lots; what is displayed at a time at most all and at least a 1,024th of it.";
        NotionalTooLarge = 10, "notional_too_large", "Price times quantity is more than the exchange can settle: make the order smaller.";
        InvalidAmount = 11, "invalid_amount", "The amount must be above zero and within what a balance can hold.";
        PostOnlyWouldMatch = 12, "post_only_would_match", "A post-only order would have matched at once: price it behind the best opposite order, or do without post-only.";
        InvalidCombination = 13, "invalid_combination", "Order type, time in force, prices and flags do not go together; the rules have a table of what does.";
        DuplicateClientOrderId = 14, "duplicate_client_order_id", "The client order id was used before for a different order: take a new one.";
        NoChange = 15, "no_change", "Nothing would change: it is as asked already.";
        QuantityBelowFilled = 16, "quantity_below_filled", "The new total quantity must be above what has been filled; to give up the rest, cancel the order.";
        AlreadyExists = 17, "already_exists", "There is an asset or instrument of that name already.";
        InvalidDefinition = 18, "invalid_definition", "The asset or instrument is beyond its limits: decimal places, worth of a tick, highest price or a taker's fee below zero.";
        WrongAssetClass = 19, "wrong_asset_class", "The asset is of the wrong class for this: credits where cash is needed or the reverse.";
        WithdrawalNotPermitted = 20, "withdrawal_not_permitted", "The account may not withdraw: it needs an approved identity check and must not be suspended.";
        ReservedAccount = 21, "reserved_account", "The venue's own account cannot do this.";
        LimitReached = 22, "limit_reached", "The exchange has no room for more of these (assets, instruments, accounts, open orders, trailing stops, plans): try again when some have ended.";
        DuplicateReference = 23, "duplicate_reference", "A movement with this reference has been made already; it is not made twice.";
        Throttled = 24, "throttled", "The account sends orders faster than its limit: wait a moment and send it again. Nothing was recorded.";
        AccountStopped = 25, "account_stopped", "The account is stopped by its kill switch; cancels are taken. Ask the exchange to let it go on.";
        MarketHalted = 26, "market_halted", "All trading is halted; cancels are taken. Try again when trading goes on.";
        WrongPhase = 27, "wrong_phase", "The instrument's trading phase does not take this: look at its phase and when that ends, and try again then.";
        PriceOutsideCollar = 28, "price_outside_collar", "The limit is too far beyond the last price: set it nearer.";
        NoReferencePrice = 29, "no_reference_price", "A trailing stop needs a last price, and there has been no trade: use a stop with a fixed price.";
        InvalidExpiry = 30, "invalid_expiry", "The time must lie in the future.";
        OrderQuantityLimit = 31, "order_quantity_limit", "The order is larger than the account's limit for one order: split it, or ask the exchange for a higher limit.";
        OrderNotionalLimit = 32, "order_notional_limit", "The order is worth more than the account's limit for one order: split it, or ask the exchange for a higher limit.";
        OpenOrdersLimit = 33, "open_orders_limit", "The account has as many open orders as its limit allows: cancel some first.";
        PositionLimit = 34, "position_limit", "The account would own and bid for more of the instrument than its limit allows: bid for less, or cancel other bids.";
        ExposureLimit = 35, "exposure_limit", "The account's open orders would be worth more than its limit allows: ask for less, or cancel some.";
        LinkedOrder = 36, "linked_order", "The order is one of a pair: cancel it and place it anew, or pair with another order.";
        UnknownTrade = 37, "unknown_trade", "The trade does not exist or is too old to be reversed.";
        AlreadyBusted = 38, "already_busted", "The trade has been reversed already.";
        InvalidSetting = 39, "invalid_setting", "The setting is outside its range, or lacks what goes with it: bands need the length of their halt, extensions theirs, a rate its burst.";
        NotSupported = 40, "not_supported", "The exchange does not offer this yet.";
    }
}

codes! {
    /// Why an accepted order ended without being filled.
    CancelReason {
        Requested = 1, "requested", "The owner cancelled it.";
        MassCancel = 2, "mass_cancel", "The owner cancelled all orders.";
        PermissionRevoked = 3, "permission_revoked", "The account lost its permission to trade.";
        ImmediateOrCancel = 4, "immediate_or_cancel", "What could not match at once was cancelled, as an immediate-or-cancel order asks.";
        FillOrKill = 5, "fill_or_kill", "The whole quantity could not match at once, so nothing did.";
        NoLiquidity = 6, "no_liquidity", "The book had nothing more for a market order to match with.";
        SelfTrade = 7, "self_trade", "It would have matched an order of the same owner.";
        Expired = 8, "expired", "Its time was over.";
        CancelAfter = 9, "cancel_after", "The account was not heard of within the time that it had set.";
        KillSwitch = 10, "kill_switch", "The account was stopped.";
        Paired = 11, "paired", "The order that it was paired with executed or ended.";
        InsufficientFunds = 12, "insufficient_funds", "The account's available cash did not pay for one lot more.";
        OutsideBands = 13, "outside_bands", "The next price was outside the price bands; a volatility halt began.";
        Delisted = 14, "delisted", "The instrument was delisted.";
        CashSpent = 15, "cash_spent", "The cash of a market buy by cash was used up: it is complete.";
    }
}
