use super::*;

/// Cuts a page out of rows (as SQL has them) and news, the long way round.
fn naive(rows: &[u64], news: &[u64], page: PageRequest) -> Vec<u64> {
    let mut all: Vec<u64> = rows.iter().chain(news).copied().collect();
    all.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
    all.dedup();
    let skip = usize::try_from(page.offset()).expect("small");
    all.into_iter().skip(skip).take(page.per_page() as usize).collect()
}

fn merged(rows: &[u64], news: &[u64], page: PageRequest) -> Page<u64> {
    let (first, count) = reach(page, news.len());
    let (from, count) = (usize::try_from(first).expect("small"), usize::try_from(count).expect("small"));
    let items = rows.iter().skip(from).take(count).copied().collect();
    merge(news.to_vec(), Slice { items, total: rows.len() as u64 }, first, page, |key| *key)
}

#[test]
fn a_page_of_both_is_the_page_of_the_whole() {
    let rows: Vec<u64> = (0..40).rev().map(|n| n * 3).collect();
    let lists: [&[u64]; 6] = [&[], &[200, 199], &[118, 61, 1], &[119, 118, 116, 115], &[1], &[500, 100, 50, 2]];
    for news in lists {
        for per_page in [1, 2, 3, 7, 100] {
            for number in 1..=50 {
                let page = PageRequest::new(number, per_page);
                let found = merged(&rows, news, page);
                assert_eq!(found.items, naive(&rows, news, page), "{news:?} page {number} of {per_page}");
                assert_eq!(found.total, (rows.len() + news.len()) as u64);
            }
        }
    }
}

#[test]
fn what_sql_has_got_meanwhile_is_shown_once() {
    let rows = [9, 8, 7, 6, 5];
    let found = merged(&rows, &[9, 8], PageRequest::new(1, 3));
    assert_eq!((found.items, found.total), (vec![9, 8, 7], 5));
}

#[tokio::test]
async fn slices_are_read_in_whole_pages() {
    let rows: Vec<u64> = (0..250).collect();
    let read = |page: PageRequest| {
        let skip = usize::try_from(page.offset()).expect("small");
        let items: Vec<u64> = rows.iter().skip(skip).take(page.per_page() as usize).copied().collect();
        let total = rows.len() as u64;
        async move { Ok(Page { items, total, request: page }) }
    };
    for (first, count) in [(0, 1), (0, 100), (99, 2), (150, 60), (240, 50), (250, 10), (900, 5)] {
        let found = slice(first, count, read).await.map(|slice| slice.items).unwrap_or_default();
        assert_eq!(found, (first..(first + count).min(250)).collect::<Vec<_>>(), "{first} {count}");
    }
}
