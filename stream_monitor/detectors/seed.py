"""The SEED detector: blocks of values, and a cut between two blocks where the means on both sides differ."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import first_hit, running_totals, scan

#: The maximum number of (check, cut) pairs compared at once: bounds the memory.
PAIRS = 1 << 16


class SeedConfig(DetectorConfig):
    """A test for different means on both sides of a border between blocks of values (Huang et al. 2014)."""

    kind: Literal["seed"] = "seed"
    delta: float = Field(
        0.05, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    block_size: int = Field(32, ge=2, le=4096, description="values in a block, and between two checks")
    epsilon_prime: float = Field(0.01, ge=0, le=1, description="difference of means up to which blocks are merged")
    alpha: float = Field(0.8, ge=0, le=1, description="growth of that difference with each block further back")
    compression_term: int = Field(75, ge=1, le=100_000, description="blocks between two merges")

    def make(self, context: DetectorContext = NO_CONTEXT) -> Seed:
        return Seed(self)


class Seed:
    """The drift detector of SEED, vectorised over blocks and cuts; it is reset after a detection.

    At the end of each block the means on both sides of each border between blocks are compared by the bound of ADWIN,
    starting with the newest border. After every ``compression_term`` blocks neighbouring blocks are merged: the k-th
    newest pair if its means differ by less than ``k alpha epsilon_prime``.

    Source: Huang, Koh, Dobbie, Pears, "Detecting volatility shift in data streams", ICDM 2014, pp. 863-868. MOA has
    the same parameters and defaults; it keeps the newer blocks after a detection, and estimates the variance that
    is computed here.

    >>> import numpy as np
    >>> values = np.repeat([0.0, 1.0], 512)
    >>> [(change.index, change.width) for change in SeedConfig().make().update_many(values)]
    [(543, 32)]
    """

    def __init__(self, config: SeedConfig) -> None:
        self._config = config
        self._reset()

    def _reset(self) -> None:
        #: The values after the last full block.
        self._rest: Floats = np.empty(0)
        #: The number of values in each block, and their totals.
        self._counts: Floats = np.empty(0)
        self._totals: Floats = np.empty(0)
        self._squares = 0.0
        # Blocks since the last merge.
        self._since = 0

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        size, held = self._config.block_size, len(self._rest)
        known = np.concatenate((self._rest, values))
        start = 0
        while len(known) - start >= size:
            room = max(min(self._config.compression_term - self._since, PAIRS // (len(self._counts) + 1)), 1)
            count = min(room, (len(known) - start) // size)
            change = self._add(known[start : start + count * size].reshape(count, size))
            if change is not None:
                self._reset()
                return change._replace(index=start + (change.index + 1) * size - 1 - held)
            start += count * size
        self._rest = known[start:]
        return None

    def _add(self, blocks: Floats) -> Change | None:
        """Process whole blocks, shape (n, block_size), that end at the next merge at the latest; return a drift."""
        squares = running_totals((blocks * blocks).sum(axis=1), self._squares)
        self._counts = np.append(self._counts, np.full(len(blocks), float(blocks.shape[1])))
        self._totals = np.append(self._totals, blocks.sum(axis=1))
        change = self._check(squares[1:])
        self._squares = float(squares[-1])
        self._since += len(blocks)
        if self._since >= self._config.compression_term:
            self._merge()
            self._since = 0
        return change

    def _check(self, squares: Floats) -> Change | None:
        """Return the first drift at the end of a newest block, at its newest cut, with the block's index; or None."""
        counts, totals = running_totals(self._counts, 0.0)[1:], running_totals(self._totals, 0.0)[1:]
        n, total = counts[-len(squares) :, None], totals[-len(squares) :, None]
        older, newer = counts[None, :], n - counts[None, :]
        inside = newer > 0
        newer[~inside] = 1.0
        before, after = totals[None, :] / older, (total - totals[None, :]) / newer
        variance = np.maximum(squares[:, None] / n - (total / n) ** 2, 0.0)
        cuts = inside & (np.abs(after - before) > self._bound(n, variance, 1.0 / older + 1.0 / newer))
        row = first_hit(np.logical_or.reduce(cuts, axis=1))
        if row is None:
            return None
        cut = int(np.flatnonzero(cuts[row])[-1])
        return Change(row, float(before[0, cut]), float(after[row, cut]), int(newer[row, cut]))

    def _bound(self, n: Floats, variance: Floats, parts: Floats) -> Floats:
        """Return ADWIN's bound on the difference of the means of two parts.

        Args:
            n: The number of values in both parts together.
            variance: The variance of those values.
            parts: The sum of the reciprocals of the two parts' sizes.
        """
        logarithm = np.log(2.0 * np.log(n) / self._config.delta)
        bound: Floats = np.sqrt(2.0 * parts * variance * logarithm) + 2.0 / 3.0 * logarithm * parts
        return bound

    def _merge(self) -> None:
        """Merge neighbouring blocks of nearly equal means, starting with the newest pair."""
        step = self._config.epsilon_prime * self._config.alpha
        merged = [(float(self._counts[-1]), float(self._totals[-1]))]
        older = zip(self._counts[-2::-1].tolist(), self._totals[-2::-1].tolist(), strict=True)
        for place, (count, total) in enumerate(older, start=1):
            newer_count, newer_total = merged[-1]
            if abs(total / count - newer_total / newer_count) < place * step:
                merged[-1] = newer_count + count, newer_total + total
            else:
                merged.append((count, total))
        self._counts, self._totals = np.array(merged[::-1]).T.copy()

    def state(self) -> dict[str, Any]:
        return {
            "rest": self._rest.tolist(),
            "counts": self._counts.tolist(),
            "totals": self._totals.tolist(),
            "squares": self._squares,
            "since": self._since,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._squares, self._since = state["squares"], state["since"]
        self._rest, self._counts, self._totals = (
            np.array(state[name], dtype=np.float64) for name in ("rest", "counts", "totals")
        )
