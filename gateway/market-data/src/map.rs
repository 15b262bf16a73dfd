//! The hash map of the folds: the standard one, which can be encoded, with a hasher that is quick on small keys. Nothing that
//! leaves a fold depends on its order.

pub type HashMap<K, V> = std::collections::HashMap<K, V, hashbrown::DefaultHashBuilder>;
