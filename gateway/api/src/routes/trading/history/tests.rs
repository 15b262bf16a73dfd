use super::*;

/// Cuts a page out of rows (as SQL has them) and news, the long way round.
fn naive(rows: &[u64], news: &[u64], page: PageRequest) -> Vec<u64> {
    let mut all: Vec<u64> = rows.iter().chain(news).copied().collect();
    all.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
    let skip = usize::try_from(page.offset()).expect("small");
    all.into_iter().skip(skip).take(page.per_page() as usize).collect()
}

fn merged(rows: &[u64], news: &[u64], page: PageRequest) -> Page<u64> {
    let (first, count) = reach(page, news.len());
    let (from, count) = (usize::try_from(first).expect("small"), usize::try_from(count).expect("small"));
    let items = rows.iter().skip(from).take(count).copied().collect();
    merge(news.to_vec(), Slice { items, first, total: rows.len() as u64 }, page, |key| *key)
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
