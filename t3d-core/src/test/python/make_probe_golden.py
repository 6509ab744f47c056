"""Golden values of the linear probe from scikit-learn: python make_probe_golden.py."""

import json
import pathlib

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "eval"


def fit(features, target, l2, weighted):
    known = ~np.isnan(target)
    y = target[known].astype(int)
    weight = {0: 1.0, 1: (y == 0).sum() / (y == 1).sum()} if weighted else None
    model = LogisticRegression(C=1 / l2, class_weight=weight, tol=1e-10, max_iter=10000)
    return model.fit(features[known], y)


def main():
    rng = np.random.default_rng(0)
    n, d, labels = 60, 6, 3
    features = (rng.normal(size=(n, d)) * [1, 5, 0.1, 2, 1, 1] + [0, 3, 0, -1, 0, 0]).astype(np.float32)
    features[:, 5] = 0.25  # a constant
    plane = rng.normal(size=(d, labels))
    scaler = StandardScaler().fit(features.astype(np.float64))
    scaled = scaler.transform(features.astype(np.float64))
    targets = (scaled @ plane + rng.normal(size=(n, labels)) > [0, 1.0, -0.5]).astype(float)
    targets[rng.random((n, labels)) < 0.1] = np.nan
    cases = []
    for l2 in (0.1, 1.0, 10.0):
        for weighted in (False, True):
            models = [fit(scaled, targets[:, j], l2, weighted) for j in range(labels)]
            cases.append({
                "l2": l2, "classWeighting": weighted,
                "probabilities": np.stack(
                    [m.predict_proba(scaled)[:, 1] for m in models], axis=1).tolist(),
            })
    golden = {
        "features": features.astype(float).tolist(),
        "targets": [[None if np.isnan(v) else int(v) for v in row] for row in targets],
        "cases": cases,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "probe.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
