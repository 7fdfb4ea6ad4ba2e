"""Confusion matrices over the three windows: how often each class was predicted where another one was true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints, pack, unpack
from stream_monitor.performance.class_codes import OTHER, UNLIKE
from stream_monitor.performance.windows import Window

#: Rows (labels) and columns (predictions) of a matrix.
SHAPE = (OTHER + 1, UNLIKE + 1)
CELLS = SHAPE[0] * SHAPE[1]
#: Outcomes that are added to the decayed matrix at once: always these, wherever a stream was cut into batches.
BLOCK = 1_024


class ConfusionMatrices:
    """Counts outcomes by label and prediction, over each window; of the decayed one, their weight.

    Args:
        window: Outcomes in the rolling window.
        decay: Weight of an outcome relative to the one after it, in the decayed window.

    >>> matrices = ConfusionMatrices(window=2, decay=0.5)
    >>> matrices.add(np.array([0, 0, 1]), np.array([0, 1, 1]))
    >>> matrices.counts()["rolling"][:2, :2].tolist(), matrices.counts()["decayed"][:2, :2].tolist()
    ([[0.0, 1.0], [0.0, 1.0]], [[0.25, 0.5], [0.0, 1.0]])
    """

    def __init__(self, window: int, decay: float) -> None:
        self._window = window
        #: The weights of the outcomes of a block, and of the ones before it.
        self._powers = np.multiply.accumulate(np.concatenate(([1.0], np.full(BLOCK, decay))))
        self._cumulative: Ints = np.zeros(CELLS, np.int64)
        self._decayed: Floats = np.zeros(CELLS)
        #: The cells of the newest outcomes: those of the rolling window, and those that are not in a block yet.
        self._newest: NDArray[np.uint16] = np.empty(0, np.uint16)
        self._waiting: list[Ints] = []
        self._waiting_count = self._count = 0

    def add(self, y_true: Ints, y_pred: Ints) -> None:
        """Add n outcomes, as codes of classes, shape (n,)."""
        self._waiting.append(y_true * SHAPE[1] + y_pred)
        self._waiting_count += len(y_true)
        if self._waiting_count >= BLOCK:
            self._add_waiting()

    def _add_waiting(self) -> None:
        if not self._waiting:
            return
        cells = np.concatenate(self._waiting)
        self._waiting, self._waiting_count = [], 0
        self._cumulative += np.bincount(cells, minlength=CELLS)
        newest = np.concatenate((self._newest, cells.astype(np.uint16)))
        begin = len(self._newest) - self._count % BLOCK
        self._count += len(cells)
        for start in range(begin, len(newest) - BLOCK + 1, BLOCK):
            self._decayed = self._faded(newest[start : start + BLOCK])
        self._newest = newest[-max(self._window, self._count % BLOCK) :]

    def _faded(self, cells: NDArray[np.uint16]) -> Floats:
        """Return the decayed matrix with more outcomes, at most a block of them."""
        count = len(cells)
        weights = self._powers[:count][::-1]
        faded: Floats = self._decayed * float(self._powers[count]) + np.bincount(cells, weights, CELLS)
        return faded

    @property
    def cumulative(self) -> Ints:
        """The counts of all outcomes, shape (OTHER + 1, UNLIKE + 1)."""
        self._add_waiting()
        return self._cumulative.reshape(SHAPE).copy()

    @property
    def newest(self) -> tuple[Ints, Ints]:
        """The labels and the predictions in the rolling window, as codes of classes, shape (n,) each."""
        self._add_waiting()
        y_true, y_pred = np.divmod(self._newest[-self._window :].astype(np.int64), SHAPE[1])
        return y_true, y_pred

    def counts(self) -> dict[Window, Floats]:
        """Return the matrix of each window, shape (OTHER + 1, UNLIKE + 1): labels by predictions."""
        self._add_waiting()
        newest = self._newest
        pending = newest[len(newest) - self._count % BLOCK :]
        return {
            "cumulative": self._cumulative.reshape(SHAPE).astype(np.float64),
            "rolling": np.bincount(newest[-self._window :], minlength=CELLS).reshape(SHAPE).astype(np.float64),
            "decayed": self._faded(pending).reshape(SHAPE),
        }

    def state(self) -> dict[str, Any]:
        self._add_waiting()
        used = np.flatnonzero(self._cumulative)
        y_true, y_pred = np.divmod(self._newest.astype(np.float64), SHAPE[1])
        return {
            "cells": used.tolist(),
            "cumulative": self._cumulative[used].tolist(),
            "decayed": self._decayed[used].tolist(),
            "newest": [pack(y_true), pack(y_pred)],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._waiting, self._waiting_count = [], 0
        used = state["cells"]
        self._cumulative, self._decayed = np.zeros(CELLS, np.int64), np.zeros(CELLS)
        self._cumulative[used], self._decayed[used] = state["cumulative"], state["decayed"]
        self._count = int(self._cumulative.sum())
        y_true, y_pred = map(unpack, state["newest"])
        self._newest = (y_true * SHAPE[1] + y_pred).astype(np.uint16)
