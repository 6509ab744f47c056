"""Golden values of retrieval by labels from scikit-learn: python make_retrieval_golden.py."""

import json
import pathlib

import numpy as np
from sklearn import metrics

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "eval"
QUERIES, GALLERY, WIDTH, LABELS = 9, 60, 4, 3


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def jaccard(a, b):
    if not a.any() and not b.any():
        return 1.0  # two empty sets are alike; scikit-learn leaves that to the caller
    return metrics.jaccard_score(a, b)


def main():
    rng = np.random.default_rng(0)
    query_labels = (rng.random((QUERIES, LABELS)) < 0.4).astype(int)
    gallery_labels = (rng.random((GALLERY, LABELS)) < 0.4).astype(int)
    plane = rng.normal(size=(LABELS, WIDTH))
    queries = unit(query_labels @ plane + rng.normal(size=(QUERIES, WIDTH))).astype(np.float32)
    gallery = unit(gallery_labels @ plane + rng.normal(size=(GALLERY, WIDTH))).astype(np.float32)
    similarity = queries.astype(float) @ gallery.astype(float).T
    overlap = np.array([[jaccard(q, g) for g in gallery_labels] for q in query_labels])
    order = np.argsort(-similarity, axis=1)
    ranked = np.take_along_axis(overlap, order, axis=1)
    golden = {
        "queries": queries.tolist(), "gallery": gallery.tolist(),
        "queryLabels": query_labels.tolist(), "galleryLabels": gallery_labels.tolist(),
        "overlapAt": {str(k): ranked[:, :k].mean(axis=1).mean() for k in (1, 5, 10, 50)},
        "meanAveragePrecision": {
            str(least): float(np.mean([
                metrics.average_precision_score(overlap[i] >= least, similarity[i])
                for i in range(QUERIES) if (overlap[i] >= least).any()]))
            for least in (0.5, 1.0)
        },
    }
    (OUT / "retrieval.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
