"""Run detectors of one library in its own environment, by requests on standard input.

`python peer_child.py LIBRARY` is started by external.py. A request is a line of JSON, followed by `values`
little-endian doubles if it has that key. The reply is a line of JSON. It requires only the library and numpy.
"""

import json
import os
import sys
import time
import warnings
from copy import deepcopy
from importlib import import_module
from typing import ClassVar

import numpy as np

#: Parameters of alibi-detect: size of the reference, expected run time, number of simulations, and windows.
REFERENCE = 1_000
ERT = 10_000
BOOTSTRAPS = 20_000
WINDOWS = [20, 40, 80]


class Frouros:
    """A detector that the caller resets after a drift."""

    def __init__(self, name, _quiet):
        self.detector = getattr(import_module("frouros.detectors.concept_drift"), name)()

    def feed(self, values):
        alarms = []
        for index, value in enumerate(values.tolist()):
            self.detector.update(value=value)
            if self.detector.drift:
                alarms.append(index)
                self.detector.reset()
        return alarms


class CapyMOA:
    """A detector that resets itself after a drift; OPTWIN is created once and copied, because that takes seconds."""

    made: ClassVar = {}

    def __init__(self, name, _quiet):
        make = getattr(import_module("capymoa.drift.detectors"), name)
        if name == "OPTWIN" and name not in self.made:
            self.made[name] = make()
        self.detector = deepcopy(self.made[name]) if name in self.made else make()

    def feed(self, values):
        alarms = []
        for index, value in enumerate(values.tolist()):
            self.detector.add_element(value)
            if self.detector.detected_change():
                alarms.append(index)
        return alarms


class AlibiDetect:
    """A detector with a reference and simulated thresholds, which are computed once for all repetitions."""

    configured: ClassVar = {}

    def __init__(self, name, quiet):
        self.key, self.first = (name, quiet), np.empty(0)

    def feed(self, values):
        held = min(max(REFERENCE - len(self.first), 0), len(values))
        self.first = np.concatenate((self.first, values[:held]))
        if len(self.first) < REFERENCE:
            return []
        detector = self._detector(fresh=held > 0)
        alarms = []
        for index, value in enumerate(values[held:].astype(self._type()), held):
            if detector.predict(np.array([value]), return_test_stat=False)["data"]["is_drift"]:
                alarms.append(index)
                detector.reset_state()
        return alarms

    def _type(self):
        return np.int64 if self.key[0] == "FETDriftOnline" else np.float32

    def _detector(self, fresh):
        if self.key not in self.configured:
            make = getattr(import_module("alibi_detect.cd"), self.key[0])
            np.random.seed(1)
            self.configured[self.key] = make(
                self.first.astype(self._type()), ERT, WINDOWS, n_bootstraps=BOOTSTRAPS, verbose=False
            )
        if fresh:
            self.configured[self.key].reset_state()
        return self.configured[self.key]


LIBRARIES = {"frouros": Frouros, "capymoa": CapyMOA, "alibi-detect": AlibiDetect}


def answer(request, library, running):
    if request["do"] == "make":
        running["one"] = LIBRARIES[library](request["detector"], request["quiet"])
        return {}
    data = sys.stdin.buffer.read(8 * request["values"])
    began = time.process_time()
    alarms = running["one"].feed(np.frombuffer(data, "<f8"))
    return {"alarms": alarms, "cpu": time.process_time() - began}


def main():
    warnings.simplefilter("ignore")
    library, running = sys.argv[1], {}
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in iter(sys.stdin.buffer.readline, b""):
        try:
            reply = answer(json.loads(line), library, running)
        except Exception as error:  # noqa: BLE001 - any error of a peer is its answer
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
