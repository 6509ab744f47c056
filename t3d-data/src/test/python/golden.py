"""What the golden scripts share: how an expected volume is written down."""

import hashlib
import json

import numpy as np


def ras(affine_lps):
    """Voxel to world in RAS+, from one in LPS+, as nibabel wants it."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps


def exact(path, voxels, affine, **more):
    """A case that must be read exactly. voxels are [x, y, z], affine is (4, 4) in RAS+."""
    flat = np.asarray(voxels, dtype=np.float64).astype("<f4").ravel("F")
    return {
        "path": path,
        "expect": "exact",
        "size": list(voxels.shape),
        "affine": np.asarray(affine)[:3].ravel().tolist(),
        "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
        "first": flat[:6].tolist(),
        "last": flat[-6:].tolist(),
        **more,
    }


def refused(path, *words):
    """A case that must be refused, by a message that holds one of the words."""
    return {"path": path, "expect": "refused", "words": list(words)}


def write(folder, cases):
    lines = ",\n".join(json.dumps(c) for c in cases)
    (folder / "expected.json").write_text("[\n" + lines + "\n]\n")
    print(f"{folder}: {len(cases)} cases")
