"""Golden values of the metrics from scikit-learn: python make_eval_goldens.py."""

import json
import pathlib

import numpy as np
from sklearn import metrics

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "eval"


def main():
    cases = []
    for seed, n, digits, prevalence in (
        (0, 30, 6, 0.5), (1, 40, 1, 0.3), (2, 25, 0, 0.5), (3, 60, 2, 0.05), (4, 5, 1, 0.5),
    ):
        rng = np.random.default_rng(seed)
        target = rng.random(n) < prevalence
        target[:2] = [True, False]
        # Few digits give many ties; scores lean towards the target.
        score = np.round(np.clip(rng.random(n) * 0.8 + 0.2 * target, 0, 1), digits)
        said = score >= 0.5
        cases.append({
            "targets": [int(t) for t in target], "scores": score.tolist(), "threshold": 0.5,
            "auroc": metrics.roc_auc_score(target, score),
            "averagePrecision": metrics.average_precision_score(target, score),
            "accuracy": metrics.accuracy_score(target, said),
            "f1": metrics.f1_score(target, said),
            "sensitivity": metrics.recall_score(target, said),
            "specificity": metrics.recall_score(~target, ~said),
            "precision": metrics.precision_score(target, said),
        })
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "binary.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
