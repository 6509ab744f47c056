"""CT-CLIP at its full size: a random checkpoint, what its own code makes of a scan, seconds and memory, and the
comparison with T3D.

    python3 ct_clip_full.py CT-CLIP vector-quantize-pytorch make SCAN.nii.gz OUT
    ./t3d import OUT/ct-clip.pt --tokenizer OUT/tokenizer --out OUT/model
    ./t3d embed --checkpoint OUT/model --input SCAN.nii.gz --out OUT/embedded.safetensors --json
    python3 ct_clip_full.py CT-CLIP vector-quantize-pytorch compare OUT

The clones are those of ct_clip_goldens.py. The scan's axes must run to the left, to the back and up, as those of
CT-RATE. OMP_NUM_THREADS sets the threads of both.
"""

import os
import resource
import shutil
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from safetensors.torch import load_file
from transformers import BertConfig

import ct_clip_goldens as goldens

SIZE = dict(dim=512, codebook_size=8192, image_size=480, patch_size=20, temporal_patch_size=10, spatial_depth=4,
            temporal_depth=4, dim_head=32, heads=8)


class Column:
    def __init__(self, value):
        self.iloc = [value]

    def __eq__(self, other):
        return True


class Table(dict):
    def __getitem__(self, key):
        return Column(self.get(key)) if isinstance(key, str) else self


def prepare(scan):
    goldens.stub("pandas"), goldens.stub("tqdm")
    data = goldens.load("data_inference_nii", goldens.CODE / "scripts/data_inference_nii.py")
    x, _, z = nib.load(scan).header.get_zooms()
    table = Table(RescaleSlope=1, RescaleIntercept=0, XYSpacing=f"[{x}, {x}]", ZSpacing=float(z))
    return data.CTReportDatasetinfer.nii_img_to_tensor(None, str(scan), table)


def make(scan, out):
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(0)
    model = goldens.build(*goldens.load_code(), SIZE, BertConfig(), 512).eval()
    torch.save(model.state_dict(), out / "ct-clip.pt")
    (out / "tokenizer").mkdir(exist_ok=True)
    shutil.copy(goldens.OUT / "ct-clip/vocab.txt", out / "tokenizer")
    volume = prepare(scan)
    np.save(out / "volume.npy", volume.numpy())
    with torch.no_grad():
        for _ in range(2):
            start = time.time()
            tokens = model.visual_transformer(volume[None], return_encoded_tokens=True)
            latent = model.to_visual_latent(tokens.mean(dim=1).reshape(1, -1))
            print(f"PyTorch: {time.time() - start:.1f} s, peak "
                  f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")
    np.save(out / "latent.npy", torch.nn.functional.normalize(latent, dim=-1).numpy())


def compare(out):
    expected = torch.from_numpy(np.load(out / "latent.npy"))
    got = load_file(out / "embedded.safetensors")["volumes"]
    print("largest difference", (got - expected).abs().max().item(), "cosine", (got * expected).sum().item())


if __name__ == "__main__":
    if sys.argv[3] == "make":
        make(Path(sys.argv[4]), Path(sys.argv[5]))
    else:
        compare(Path(sys.argv[4]))
