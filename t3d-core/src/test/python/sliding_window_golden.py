"""A golden result of sliding-window inference from a transcription of MONAI, in PyTorch.

MONAI 1.4: monai/inferers/utils.py sliding_window_inference (mode "gaussian"), _get_scan_interval,
monai/data/utils.py dense_patch_slices and compute_importance_map. The network is two functions of a
window that depend on the place in it, so that wrong weights or starts show.

    python sliding_window_golden.py   # writes ../resources/golden/eval/sliding_window.json
"""

import itertools
import json
import math
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "eval" / "sliding_window.json"


def network(w):
    ramp = torch.linspace(-1, 1, w.shape[2])[:, None, None] * torch.linspace(0, 1, w.shape[4])
    return torch.cat([w * 2 + ramp, w**2 - ramp], 1)


def importance_map(size, sigma_scale):
    out = None
    for n in size:
        x = torch.arange(-(n - 1) / 2.0, (n - 1) / 2.0 + 1)
        g = torch.exp(x**2 / (-2 * (n * sigma_scale) ** 2))
        out = g if out is None else out.unsqueeze(-1) * g
    return torch.clamp(out, min=max(out.min().item(), 1e-3))


def starts(image, roi, overlap):
    interval = image if roi == image else max(1, int(roi * (1 - overlap)))
    count = math.ceil(image / interval)
    first = next(d for d in range(count) if d * interval + roi >= image)
    return [s * interval - max(s * interval + roi - image, 0) for s in range(first + 1)]


def infer(x, roi, overlap, sigma):
    pads = []
    for k in range(4, 1, -1):
        diff = max(roi[k - 2] - x.shape[k], 0)
        pads.extend([diff // 2, diff - diff // 2])
    padded = F.pad(x, pads)
    weight = importance_map(roi, sigma)
    size = padded.shape[2:]
    total, count = torch.zeros(1, 2, *size), torch.zeros(1, 1, *size)
    for corner in itertools.product(*(starts(size[a], roi[a], overlap) for a in range(3))):
        s = (slice(None), slice(None)) + tuple(slice(c, c + n) for c, n in zip(corner, roi))
        total[s] += network(padded[s]) * weight
        count[s] += weight
    result = total / count
    z, y, x0 = pads[4], pads[2], pads[0]
    d, h, w = x.shape[2:]
    return result[:, :, z : z + d, y : y + h, x0 : x0 + w]


def main():
    torch.manual_seed(0)
    cases = []
    for shape, roi, overlap, sigma in (
        ((7, 9, 5), (4, 4, 5), 0.5, 0.125),
        ((6, 3, 11), (4, 6, 4), 0.25, 0.2),  # smaller than the window along y
        ((9, 6, 6), (3, 2, 4), 0.6, 0.125),
    ):
        x = torch.rand(1, 1, *shape)
        cases.append(
            {
                "shape": shape,
                "window": roi,
                "overlap": overlap,
                "sigma": sigma,
                "volume": [round(v, 7) for v in x.flatten().tolist()],
                "logits": [round(v, 7) for v in infer(x, roi, overlap, sigma).flatten().tolist()],
            }
        )
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
