"""Golden surface distances from scipy.ndimage, by MONAI's and medpy's definitions.

    python surface_goldens.py     # writes ../resources/golden/eval/surface.json
"""

import json
import pathlib

import numpy as np
from scipy import ndimage

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "eval" / "surface.json"


def distances(a, b, spacing):
    """From the surface of a to that of b: MONAI get_mask_edges + get_surface_distance."""
    structure = ndimage.generate_binary_structure(3, 1)
    edge_a = a ^ ndimage.binary_erosion(a, structure)
    edge_b = b ^ ndimage.binary_erosion(b, structure)
    return ndimage.distance_transform_edt(~edge_b, sampling=spacing)[edge_a]


def blob(rng, shape, radius, smooth):
    noise = ndimage.gaussian_filter(rng.normal(size=shape), smooth)
    grid = np.indices(shape)
    centre = [rng.uniform(0.3, 0.7) * n for n in shape]
    far = np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, centre)))
    return far + 6 * noise / noise.std() / 3 < radius


def bits(mask):
    return "".join("1" if v else "0" for v in mask.ravel())


def main():
    rng = np.random.default_rng(7)
    cases = []
    for shape, spacing, radius in (
        ((7, 9, 8), (1.0, 1.0, 1.0), 3),
        ((6, 12, 10), (5.0, 0.7, 0.9), 4),
        ((10, 8, 13), (0.5, 2.5, 1.25), 4),
        ((5, 5, 5), (3.0, 1.0, 2.0), 9),  # touches all edges
        ((4, 16, 4), (1.0, 1.5, 1.0), 2),
    ):
        a = blob(rng, shape, radius, 1.0)
        b = blob(rng, shape, radius, 1.0)
        ab, ba = distances(a, b, spacing), distances(b, a, spacing)
        transform = ndimage.distance_transform_edt(~a, sampling=spacing)
        cases.append(
            {
                "shape": shape,
                "spacing": spacing,
                "predicted": bits(a),
                "reference": bits(b),
                "dice": 2 * (a & b).sum() / (a.sum() + b.sum()),
                "hausdorff": max(ab.max(), ba.max()),
                "hausdorff95": max(np.percentile(ab, 95), np.percentile(ba, 95)),
                "pooledHausdorff95": np.percentile(np.hstack([ab, ba]), 95),
                "transform": [round(v, 12) for v in transform.ravel()],
            }
        )
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
