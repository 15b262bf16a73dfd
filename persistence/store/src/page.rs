//! Pages of long lists: `page` from 1, `per_page` up to 100, with the total.

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: u32,
    per_page: u32,
}

impl PageRequest {
    /// The size that is used when none is given.
    pub const PER_PAGE_DEFAULT: u32 = 20;
    /// The largest size.
    pub const PER_PAGE_MAX: u32 = 100;

    /// A page; numbers below 1 count as 1, sizes above [`PageRequest::PER_PAGE_MAX`] as that.
    pub fn new(page: u32, per_page: u32) -> Self {
        Self { page: page.max(1), per_page: per_page.clamp(1, Self::PER_PAGE_MAX) }
    }

    /// The page's number, from 1.
    pub const fn page(self) -> u32 {
        self.page
    }

    /// How many items it holds at most.
    pub const fn per_page(self) -> u32 {
        self.per_page
    }

    /// How many items come before it.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }

    /// Its size, as SQL wants it.
    pub fn limit(self) -> i64 {
        i64::from(self.per_page)
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::new(1, Self::PER_PAGE_DEFAULT)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
    /// Which page this is.
    pub request: PageRequest,
}

impl<T> Page<T> {
    /// How many pages there are; 0 when the list is empty.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.request.per_page))
    }

    /// The same page with each item turned into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), total: self.total, request: self.request }
    }
}
