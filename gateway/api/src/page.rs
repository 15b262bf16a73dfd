//! Pages of lists: `page`=1, `per_page`=20 (100 at the most) in; `total`, `pages` (0 when empty), `current_page` out.

use cx_store::{Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::json::Params;
use crate::problem::Problem;

/// The query's `page` and `per_page`, for `#[utoipa::path(params(PageParams, ...))]`.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// From 1.
    #[param(minimum = 1, default = 1)]
    pub page: Option<u32>,
    /// How many items at most; more than 100 counts as 100.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub per_page: Option<u32>,
}

impl PageParams {
    /// Checks them: zero is refused, too many counts as the most.
    pub fn request(self) -> Result<PageRequest, Problem> {
        for (name, value) in [("page", self.page), ("per_page", self.per_page)] {
            if value == Some(0) {
                return Err(Problem::invalid(name, format!("{name} must be at least 1")));
            }
        }
        Ok(PageRequest::new(self.page.unwrap_or(1), self.per_page.unwrap_or(PageRequest::PER_PAGE_DEFAULT)))
    }

    /// Reads them from a query string.
    pub fn read(params: &Params) -> Result<PageRequest, Problem> {
        params.read::<Self>()?.request()
    }
}

/// What stands beside every list. Flatten it into the answer: `#[serde(flatten)] page: PageMeta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageMeta {
    /// How many items the whole list has.
    pub total: u64,
    /// How many pages; 0 when the list is empty.
    pub pages: u64,
    /// Which page this is, from 1.
    pub current_page: u32,
    /// How many items a page holds at most.
    pub per_page: u32,
}

impl<T> From<&Page<T>> for PageMeta {
    fn from(page: &Page<T>) -> Self {
        Self {
            total: page.total,
            pages: page.pages(),
            current_page: page.request.page(),
            per_page: page.request.per_page(),
        }
    }
}
