#![allow(clippy::unwrap_used)]

use super::List;

const CONFIG: bincode::config::Configuration = bincode::config::standard();

#[test]
fn has_the_form_of_a_vec() {
    for len in [0_u32, 1, 250, 251, 70_000] {
        let items: Vec<u32> = (0..len).map(|n| n * 7_919).collect();
        let bytes = bincode::encode_to_vec(&items, CONFIG).unwrap();
        assert_eq!(bincode::encode_to_vec(List(items.clone()), CONFIG).unwrap(), bytes);
        let (list, read): (List<u32>, usize) = bincode::decode_from_slice(&bytes, CONFIG).unwrap();
        assert_eq!((list, read), (List(items), bytes.len()));
    }
}

#[test]
fn a_length_without_content_is_an_error() {
    for len in [1, 1 << 20, u64::MAX / 64, u64::MAX] {
        let bytes = bincode::encode_to_vec(len, CONFIG).unwrap();
        assert!(bincode::decode_from_slice::<List<[u64; 8]>, _>(&bytes, CONFIG).is_err(), "{len}");
    }
}
