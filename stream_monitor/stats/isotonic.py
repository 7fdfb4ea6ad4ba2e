"""Isotonic regression of shares over ordered bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import NamedTuple


class Block(NamedTuple):
    """Bins that have one common share.

    Attributes:
        first, last: The first and the last bin that has a trial.
        successes, trials: Their sums.
    """

    first: int
    last: int
    successes: int
    trials: int

    @property
    def share(self) -> float:
        """The share of successes, from 0 to 1."""
        return self.successes / self.trials


def rising_blocks(successes: Sequence[int], trials: Sequence[int]) -> list[Block]:
    """Return the blocks of the shares that rise, or stay, from bin to bin and are closest in the least squares.

    Args:
        successes: Successes in each bin, in order.
        trials: Trials in each bin; bins without any are left out.

    Pools adjacent violators, which shares of whole numbers decide exactly. Source: M. Ayer, H. D. Brunk, G. M. Ewing,
    W. T. Reid, E. Silverman, "An empirical distribution function for sampling with incomplete information", Annals of
    Mathematical Statistics 26 (1955), pp. 641-647.

    >>> [(block.first, block.last, block.share) for block in rising_blocks([0, 3, 0, 1, 4], [4, 4, 0, 4, 4])]
    [(0, 0, 0.0), (1, 3, 0.5), (4, 4, 1.0)]
    """
    blocks: list[tuple[int, int, int, int]] = []  # as plain tuples in a third of the time
    for at, (hits, count) in enumerate(zip(successes, trials, strict=True)):
        if not count:
            continue
        first = at
        while blocks and blocks[-1][2] * count >= hits * blocks[-1][3]:
            first, _, more_hits, more = blocks.pop()
            hits, count = hits + more_hits, count + more
        blocks.append((first, at, hits, count))
    return list(starmap(Block, blocks))


def monotone_blocks(successes: Sequence[int], trials: Sequence[int]) -> list[Block]:
    """Return the blocks of shares that rise or that fall, whichever are closer; rising ones if both are as close.

    >>> [block.share for block in monotone_blocks([3, 1], [4, 4])]
    [0.75, 0.25]
    """
    rising = rising_blocks(successes, trials)
    end = len(trials) - 1
    falling = [
        Block(end - block.last, end - block.first, block.successes, block.trials)
        for block in reversed(rising_blocks(successes[::-1], trials[::-1]))
    ]
    return falling if _explained(falling) > _explained(rising) else rising


def _explained(blocks: Sequence[Block]) -> float:
    """Return the sum of squares that blocks explain."""
    return math.fsum(block.share * block.successes for block in blocks)


def interpolated(blocks: Sequence[Block], bins: int) -> list[float]:
    """Return the share in each bin: that of its block, linear between two blocks, constant beyond all of them.

    Args:
        blocks: The blocks, in order, one at least.
        bins: The number of bins.

    >>> interpolated([Block(1, 1, 1, 4), Block(3, 3, 3, 4)], 5)
    [0.25, 0.25, 0.5, 0.75, 0.75]
    """
    shares = [blocks[0].share] * blocks[0].first
    for at, block in enumerate(blocks):
        if at:
            before = blocks[at - 1]
            gap = block.first - before.last
            step = (block.share - before.share) / gap
            shares += [before.share + step * place for place in range(1, gap)]
        shares += [block.share] * (block.last - block.first + 1)
    return shares + [blocks[-1].share] * (bins - len(shares))
