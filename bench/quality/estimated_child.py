"""Estimate accuracy with NannyML, in its own environment.

`python estimated_child.py FILE...` is started by estimated.py. FILE is an .npz with `probabilities` by class,
`y_pred`, `y_true`, the rows of the `reference` and those of a `chunk`. It prints a line of JSON: for each file the
estimates of the chunks after the reference. It requires only NannyML.
"""

import json
import sys
import warnings

import nannyml as nml
import numpy as np
import pandas as pd


def main():
    warnings.filterwarnings("ignore")
    print(json.dumps({"version": nml.__version__, "estimates": [estimate(name) for name in sys.argv[1:]]}))


def estimate(name):
    data = np.load(name)
    reference, chunk = int(data["reference"]), int(data["chunk"])
    classes = data["probabilities"].shape[1]
    frame = pd.DataFrame(data["probabilities"], columns=[f"p{at}" for at in range(classes)])
    frame["y_pred"], frame["y_true"] = data["y_pred"], data["y_true"]
    is_binary = classes == 2
    estimator = nml.CBPE(
        y_pred_proba="p1" if is_binary else {at: f"p{at}" for at in range(classes)},
        y_pred="y_pred",
        y_true="y_true",
        problem_type="classification_binary" if is_binary else "classification_multiclass",
        metrics=["accuracy"],
        chunk_size=chunk,
    )
    estimator.fit(frame[:reference])
    result = estimator.estimate(frame[reference:].drop(columns="y_true").reset_index(drop=True))
    return result.filter(period="analysis").to_df()[("accuracy", "value")].tolist()


if __name__ == "__main__":
    main()
