"""Detectors of many columns side by side. To add a block: write its file, then add its line below."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from stream_monitor.detectors.adwin import Adwin
from stream_monitor.detectors.base import Detector
from stream_monitor.detectors.blocks.adwin import AdwinBlock
from stream_monitor.detectors.blocks.base import DetectorBlock, Step
from stream_monitor.detectors.blocks.glr import GlrBlock
from stream_monitor.detectors.blocks.page_hinkley import PageHinkleyBlock
from stream_monitor.detectors.glr import Glr
from stream_monitor.detectors.page_hinkley import PageHinkley

#: The class of a block by that of its detectors.
_BLOCKS: dict[type, Any] = {Adwin: AdwinBlock, Glr: GlrBlock, PageHinkley: PageHinkleyBlock}


def block_key(detector: Detector) -> Hashable | None:
    """Return what detectors must have in common to stand in one block; None if there is no block of their kind.

    >>> from stream_monitor.detectors import KINDS
    >>> block_key(KINDS["glr"](threshold=9.0).make()) == block_key(KINDS["glr"](threshold=12.0).make())
    True
    >>> block_key(KINDS["ddm"]().make())
    """
    block = _BLOCKS.get(type(detector))
    return None if block is None else (block.__name__, block.key(detector))


def make_block(detectors: Sequence[Detector]) -> DetectorBlock:
    """Return a block of detectors with equal `block_key`, at least one, in their present state."""
    block: DetectorBlock = _BLOCKS[type(detectors[0])](detectors)
    return block


__all__ = ["DetectorBlock", "Step", "block_key", "make_block"]
