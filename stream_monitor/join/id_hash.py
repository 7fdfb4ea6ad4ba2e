"""A hash of ids that stays the same over restarts, and that nobody who chooses ids can foresee."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from stream_monitor.state.key_value_store import KeyValueStore

_KEY = b"x"
_KEY_BYTES = 16


class IdHash:
    """Hashes of 32 bits: multilinear hashing of the first 64 bytes, with factors drawn from a key in the store.

    Of an id with more bytes a digest is hashed.
    """

    MAX_BYTES = 64

    def __init__(self, store: KeyValueStore) -> None:
        key = store.get(_KEY)
        if key is None:
            key = secrets.token_bytes(_KEY_BYTES)
            store.put(_KEY, key)
        self._factors = np.random.PCG64(int.from_bytes(key, "big")).random_raw(self.MAX_BYTES // 4)

    def __call__(self, ids: Sequence[str]) -> NDArray[np.uint64]:
        """Return the hashes of ids, shape (len(ids),)."""
        texts = [identity.encode() for identity in ids]
        if max(map(len, texts), default=0) > self.MAX_BYTES:
            texts = [blake2b(text).digest() if len(text) > self.MAX_BYTES else text for text in texts]
        words = np.array(texts, f"S{self.MAX_BYTES}").view("<u4").reshape(len(texts), self.MAX_BYTES // 4)
        sums: NDArray[np.uint64] = (words * self._factors).sum(axis=1, dtype=np.uint64)  # modulo 2**64
        return sums >> np.uint64(32)
