"""Writes what MONAI makes of a scan by the recipes of Merlin and SPECTRE, at small sizes.

Run (torch 2.x, numpy, nibabel): python3 published_preparation_goldens.py --monai Project-MONAI/MONAI
The transforms and their order are those of merlin/data/monai_transforms.py and of SPECTRE's
ssl/transforms/siglip_transform.py; VoxelFM's are its dinov2/inference/processing.py, given by --voxelfm.
HLIP's own code (data/ct_rate/process.py and src/hlip_test/inference_rad_chestct.py, --hlip) is run; its
command line is that of its README.
"""

import argparse
import gzip
import pathlib
import struct
import sys
import types

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


def hlip(repository, scan, spacing):
    """Its two steps: to 1 x 1 x 3 mm, and from there to the input of the network."""
    # Files of an array stand for NIfTI; the rest is imported and not used.
    sys.modules["SimpleITK"] = types.ModuleType("SimpleITK")
    sys.modules["SimpleITK"].ReadImage = lambda path: scan
    sys.modules["SimpleITK"].GetArrayFromImage = lambda image: image
    sys.modules["pandas"] = types.ModuleType("pandas")
    sys.meta_path.insert(0, Stubs("open_clip", "open_clip_train", "hlip", "torchvision", "timm"))
    process = load("process", repository / "data" / "ct_rate" / "process.py")
    x, y, z = spacing
    row = dict(VolumeName="valid_1_a_1.nii.gz", RescaleSlope=1, RescaleIntercept=0, XYSpacing=str((x, y)), ZSpacing=z)
    image, _ = process.load_nifti_file(row, types.SimpleNamespace(root_dir="", data="", spacing=[3, 1, 1]))
    print("hlip resized", image.shape)
    code = load("inference", repository / "src" / "hlip_test" / "inference_rad_chestct.py")
    code.args = types.SimpleNamespace(input_info=["-1150", "350", "crop"])
    code.torch = types.SimpleNamespace(**{k: getattr(torch, k) for k in ("clip", "nn", "as_tensor")})
    code.torch.load = lambda path, weights_only: torch.from_numpy(image)
    code.IMAGENET_DEFAULT_MEAN, code.IMAGENET_DEFAULT_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    code.Normalize = lambda mean, std: lambda img: (img - mean) / std
    return code.loader("")[0, 0, 0].numpy()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--monai", required=True)
    parser.add_argument("--voxelfm")
    parser.add_argument("--hlip", type=pathlib.Path)
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
    # RadFinder's transforms/shared_utils.py: the same with thicker slices
    x = Spacing(pixdim=(0.75, 0.75, 3), mode="bilinear")(Orientation(axcodes="RAS")(window(scan)))
    save("radfinder-scan", ResizeWithPadOrCrop(spatial_size=[24, 24, 12])(x)[0].numpy().transpose(2, 1, 0))
    if args.hlip:
        lps = Orientation(axcodes="LPS")(scan)
        spacing = [float(n) for n in np.linalg.norm(np.array(lps.affine)[:3, :3], axis=0)]
        x = hlip(args.hlip, lps[0].numpy().transpose(2, 1, 0).copy(), spacing)
        save("hlip-scan", x[50:62, 150:186, 136:200])
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
