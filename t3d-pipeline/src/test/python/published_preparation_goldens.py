"""Writes what MONAI makes of a scan by the recipes of Merlin and SPECTRE, at small sizes.

Run (torch 2.x, numpy, nibabel): python3 published_preparation_goldens.py --monai Project-MONAI/MONAI
The transforms and their order are those of merlin/data/monai_transforms.py and of SPECTRE's
ssl/transforms/siglip_transform.py; VoxelFM's are its dinov2/inference/processing.py, given by --voxelfm.
"""

import argparse
import gzip
import pathlib
import struct
import sys

import numpy as np
import torch

from published_vit_goldens import OUT, Stubs, load, package


def nifti(path):
    """Voxels (x, y, z) in HU and the affine of a NIfTI file with an sform."""
    raw = gzip.decompress(path.read_bytes())
    shape = struct.unpack_from("<8h", raw, 40)[1:4]
    kind = struct.unpack_from("<h", raw, 70)[0]
    offset = int(struct.unpack_from("<f", raw, 108)[0])
    slope, inter = struct.unpack_from("<2f", raw, 112)
    affine = np.eye(4)
    affine[:3] = np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4)
    dtype = {4: "<i2", 16: "<f4", 512: "<u2"}[kind]
    voxels = np.frombuffer(raw, dtype, int(np.prod(shape)), offset).reshape(shape, order="F").astype(np.float32)
    return voxels * (slope or 1) + (inter if slope else 0), affine


def save(name, array):
    np.save(OUT / f"{name}.expected.npy", np.ascontiguousarray(array, dtype=np.float32))
    print(name, array.shape, array.min(), array.max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--monai", required=True)
    parser.add_argument("--voxelfm")
    args = parser.parse_args()
    sys.path.insert(0, args.monai)
    sys.meta_path.insert(0, Stubs("ignite", "skimage", "itk"))
    from monai.data import MetaTensor
    from monai.transforms import CenterSpatialCrop, Orientation, ResizeWithPadOrCrop, ScaleIntensityRange, SpatialPad, Spacing

    voxels, affine = nifti(OUT / "ct-clip-scan.nii.gz")
    print(voxels.shape, np.abs(np.linalg.norm(affine[:3, :3], axis=0)), affine)
    scan = MetaTensor(torch.from_numpy(voxels)[None], affine=torch.from_numpy(affine))
    window = ScaleIntensityRange(a_min=-1000, a_max=1000, b_min=0.0, b_max=1.0, clip=True)

    x = Spacing(pixdim=(1.5, 1.5, 3), mode="bilinear")(Orientation(axcodes="RAS")(scan))
    x = CenterSpatialCrop(roi_size=[24, 20, 16])(SpatialPad(spatial_size=[24, 20, 16])(window(x)))
    save("merlin-scan", x[0].numpy().transpose(2, 1, 0))

    x = Spacing(pixdim=(0.75, 0.75, 1.5), mode="bilinear")(Orientation(axcodes="RAS")(window(scan)))
    x = ResizeWithPadOrCrop(spatial_size=[40, 48, 24])(x)
    save("spectre-scan", x[0].numpy().transpose(2, 1, 0))
    if args.voxelfm:
        for name in ("dinov2", "omegaconf", "einops"):
            package(name, DictConfig=dict, ListConfig=list, rearrange=None)
        package("dinov2.models", DinoVisionTransformer=None)
        package("dinov2.inference", load_nifti=None, load_dicom=None)
        code = load("dinov2.inference.processing", pathlib.Path(args.voxelfm) / "dinov2" / "inference" / "processing.py")
        image = torch.from_numpy(voxels.transpose(2, 1, 0).copy()).clip(-1000, 1900)
        spacing = [float(n) for n in np.linalg.norm(affine[:3, :3], axis=0)][::-1]
        image = code.resize_isotropic(image, spacing, torch.device("cpu"), min_spacing=1.5)
        print("voxelfm resized", image.shape)
        save("voxelfm-scan", (code.patch_crop(image, 14).numpy() + 573.8) / 461.3)


if __name__ == "__main__":
    main()
