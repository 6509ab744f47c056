"""Golden values of the metrics from scikit-learn: python make_eval_goldens.py."""

import fractions
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
        fpr, tpr, roc = metrics.roc_curve(target, score, drop_intermediate=False)
        precision, recall, cuts = metrics.precision_recall_curve(target, score)
        # Exact fractions: equally good thresholds must be equal, and the highest wins.
        hits = [int((target & (score >= t)).sum()) for t in cuts]
        f1 = [fractions.Fraction(2 * h, int((score >= t).sum() + target.sum()))
              for h, t in zip(hits, cuts)]
        assert np.allclose(np.array(f1, float),
                           2 * precision[:-1] * recall[:-1] / np.maximum(precision + recall, 1e-12)[:-1])
        youden = np.round(tpr - fpr, 12)[1:]
        corner = np.round(np.hypot(1 - tpr, fpr), 12)[1:]
        cases.append({
            "targets": [int(t) for t in target], "scores": score.tolist(), "threshold": 0.5,
            "auroc": metrics.roc_auc_score(target, score),
            "averagePrecision": metrics.average_precision_score(target, score),
            "accuracy": metrics.accuracy_score(target, said),
            "f1": metrics.f1_score(target, said),
            "sensitivity": metrics.recall_score(target, said),
            "specificity": metrics.recall_score(~target, ~said),
            "precision": metrics.precision_score(target, said),
            "YOUDEN_J": roc[1:][np.argmax(youden)],
            "CLOSEST_TO_CORNER": roc[1:][np.argmin(corner)],
            "MAX_F1": max(cuts[i] for i in range(len(cuts)) if f1[i] == max(f1)),
        })
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "binary.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
