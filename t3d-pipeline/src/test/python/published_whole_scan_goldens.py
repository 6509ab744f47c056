"""Writes what VoxelFM, SPECTRE and RadFinder make of a whole scan by their own code, with the small weights of
published_vit_goldens.py: voxelfm-whole-expected.safetensors, spectre-whole-expected.safetensors and
radfinder-whole-expected.safetensors.

Run (torch 2.x, numpy, nibabel, einops, safetensors, timm, transformers):
  python3 published_whole_scan_goldens.py --voxelfm rmaguado/VoxelFM
  python3 published_whole_scan_goldens.py --spectre cclaess/SPECTRE --monai Project-MONAI/MONAI
  python3 published_whole_scan_goldens.py --radfinder lmb-freiburg/radfinder --monai Project-MONAI/MONAI
VoxelFM's is extract_features of dinov2/inference/processing.py. SPECTRE's are the transforms of
eval/save_embeddings_merlin.py in their order, and its feature extractor. RadFinder's are the processor and the
encode_image_retrieval and encode_text of hf_export, in float32, with a small Qwen3 of random weights.
"""

import argparse
import pathlib
import sys
import types

import numpy as np
import torch
from safetensors.torch import load_file

import published_vit_goldens as vits
from published_vit_goldens import OUT, Stubs, load, package

SCAN = OUT / "ct-clip-scan.nii.gz"
CHEST = OUT / "fvlm-scan.nii.gz"


def some(array, step=3):
    """Every third (or so) element of the first three axes: files stay small."""
    return array[::step, ::step, ::step].contiguous()


def voxelfm(repository):
    model = vits.dinov2(repository)(**vits.VOXELFM_SMALL)
    weights = load_file(OUT / "voxelfm.safetensors")
    model.load_state_dict({k[len("backbone."):]: v for k, v in weights.items() if k.startswith("backbone.")})
    model.eval()
    sys.modules["dinov2.models"].DinoVisionTransformer = type(model)
    sys.meta_path.insert(0, Stubs("pydicom", "SimpleITK"))
    package("omegaconf", DictConfig=dict, ListConfig=list)
    root = pathlib.Path(repository) / "dinov2" / "inference"
    loaders = load("dinov2.inference.loaders", root / "loaders.py")
    package("dinov2.inference", load_nifti=loaders.load_nifti, load_dicom=None)
    code = load("dinov2.inference.processing", root / "processing.py")
    norm = types.SimpleNamespace(mean=-573.8, std=461.3)
    config = types.SimpleNamespace(
        student=types.SimpleNamespace(patch_size=4), datasets=[types.SimpleNamespace(norm=norm)]
    )
    out = {}
    for name, most in (("all", 25000), ("few", 300), ("fewer", 77)):
        found = code.extract_features(model, config, str(SCAN), torch.device("cpu"), max_patches=most)
        print(name, tuple(found.img.shape), tuple(found.patch.shape))
        out[f"{name}_image"] = some((found.img - norm.mean) / norm.std)
        out[f"{name}_size"] = torch.tensor(found.img.shape)
        out[f"{name}_class_token"] = found.cls
        out[f"{name}_tokens"] = some(found.patch)
    # Numbers alone: what the rules of spacing and of patches make of a scan's size.
    sizes, resized = [], []
    for shape, spacing in (((7, 40, 44), (3.0, 0.6, 0.6)), ((20, 30, 31), (0.5, 0.5, 0.5)), ((9, 16, 17), (2.0, 1.1, 1.1))):
        made = code.resize_isotropic(torch.zeros(shape), spacing, torch.device("cpu")).shape
        sizes.append([*shape, *made])
    for shape in ((20, 30, 31), (64, 64, 64), (41, 9, 33), (13, 80, 80), (8, 8, 200)):
        for most in (1, 10, 50, 200, 1000):
            made = code.resize_max_patches(torch.zeros(shape), 4, most, torch.device("cpu")).shape
            resized.append([*shape, most, *made])
    out["isotropic"] = torch.tensor(sizes)
    out["patches"] = torch.tensor(resized)
    vits.save_file(out, str(OUT / "voxelfm-whole-expected.safetensors"))


def spectre(repository, monai):
    sys.path.insert(0, str(monai))
    build = vits.spectre_code(repository)
    net = build(*vits.SPECTRE_SMALL)
    net.load_state_dict(load_file(OUT / "spectre.safetensors"))
    net.eval()
    from monai.transforms import Compose, EnsureChannelFirstd, GridPatchd, LoadImaged, Orientationd, ScaleIntensityRanged, Spacingd

    crop = load("largest_multiple_crop", pathlib.Path(repository) / "src" / "spectre" / "transforms" / "largest_multiple_crop.py")
    patch_size = (8, 8, 4)
    steps = Compose([
        LoadImaged(keys=("image",)),
        EnsureChannelFirstd(keys=("image",), channel_dim="no_channel"),
        ScaleIntensityRanged(keys=("image",), a_min=-1000, a_max=1000, b_min=0.0, b_max=1.0, clip=True),
        Orientationd(keys=("image",), axcodes="RAS"),
        Spacingd(keys=("image",), pixdim=(0.5, 0.5, 1.0), mode=("bilinear",)),
        crop.LargestMultipleCenterCropd(keys=("image",), patch_size=patch_size),
        GridPatchd(keys=("image",), patch_size=patch_size, overlap=0.0),
    ])
    image = steps({"image": str(SCAN)})["image"]
    where = image.meta["location"]
    grid = tuple(int(np.unique(where[i, :]).size) for i in range(3))
    crops = image.as_tensor()[None]
    with torch.no_grad():
        features = net(crops, grid_size=grid)
    whole = crops.view(*grid, *patch_size).permute(0, 3, 1, 4, 2, 5).reshape([g * p for g, p in zip(grid, patch_size)])
    print("spectre", grid, tuple(whole.shape), tuple(features.shape))
    tokens = features[:, 1:].reshape(1, *grid, -1).permute(0, 3, 2, 1, 4)
    vits.save_file(
        {
            "image": some(whole.permute(2, 1, 0)),
            "size": torch.tensor(whole.permute(2, 1, 0).shape),
            "pooled": torch.cat([features[:, 0], features[:, 1:].mean(1)], 1),
            "tokens": some(tokens[0]),
        },
        str(OUT / "spectre-whole-expected.safetensors"),
    )


def radfinder_own(repository, monai):
    """Its processor and its model's class, and how the SigLIP in the model is built."""
    import transformers.image_processing_utils as processing  # before torchvision's stub, which it would use
    from transformers import Qwen3Model

    assert processing and Qwen3Model
    sys.meta_path.insert(0, Stubs("ignite", "skimage", "itk"))
    sys.path.insert(0, str(monai))
    build = vits.radfinder_code(repository)
    # Features that its users wrote to a disk before are not read here.
    none = dict(GET_REPORT_HIDDEN_STATE={}, GET_REPORT_POOLED={}, get_text_feature_transforms=lambda **k: [])
    package("radfinder.transforms.load_text_features", **none)
    package("radfinder.transforms.load_features", get_feature_transforms=lambda **k: [])
    sys.path.insert(0, str(repository / "hf_export"))
    from modeling_radfinder import RadFinderModel
    from processing_radfinder import RadFinderImageProcessor

    return RadFinderImageProcessor, RadFinderModel, build


def radfinder(repository, monai):
    RadFinderImageProcessor, RadFinderModel, build = radfinder_own(repository, monai)
    from transformers import Qwen3Config, Qwen3Model

    torch.manual_seed(8)
    small = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                 head_dim=8, vocab_size=40)
    net = build(*vits.RADFINDER_SMALL, Qwen3Model(Qwen3Config(**small)))
    vits.randomize(net.backbone_text), vits.randomize(net.projection_text)
    weights = {k[len("model."):]: v for k, v in load_file(OUT / "radfinder.safetensors").items()}
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected and all("_text" in name for name in missing), (missing, unexpected)
    net.eval()
    combined = []
    net.feature_comb_image.register_forward_hook(lambda module, given, made: combined.append(made))
    model = types.SimpleNamespace(model=net)  # what the methods of RadFinderModel need of it
    ids = torch.tensor([[5, 6, 7, 39], [8, 9, 39, 0]])
    texts = torch.nn.functional.normalize(RadFinderModel.encode_text(model, ids, (ids > 0).long()), dim=-1)

    def embed(scan, patches, dtype):
        window = (16 * patches, 16 * patches, 4 * patches)
        net.backbone_image.patch_embed.strict_img_size = patches == 8  # its code has the published window alone
        inputs = RadFinderImageProcessor(sliding_window_size=window, dtype=dtype)(scan)
        windows, grid = inputs["pixel_values"].float(), inputs["grid_size"]
        return windows, grid, window, RadFinderModel.encode_image_retrieval(model, windows, grid)

    out = {"texts": texts}
    for name, scan, patches in (("small", SCAN, 2), ("padded", SCAN, 8), ("chest", CHEST, 8)):
        windows, grid, window, embedding = embed(scan, patches, "float32")
        grid = grid[0].tolist()
        seen = combined[-1]  # (1, 1 + N, C)
        every = torch.cat([seen[:, :1].expand(-1, seen.shape[1] - 1, -1), seen[:, 1:]], 2)
        tokens = net.projection_image(every)[0].view(*grid, -1).permute(2, 1, 0, 3)  # (z, y, x, E)
        whole = windows.view(*grid, *window).permute(0, 3, 1, 4, 2, 5).reshape([g * w for g, w in zip(grid, window)])
        whole = whole.permute(2, 1, 0)  # (z, y, x)
        unit = torch.nn.functional.normalize(embedding, dim=-1)
        half = torch.nn.functional.normalize(embed(scan, patches, "float16")[3], dim=-1)
        print("radfinder", name, grid, tuple(whole.shape), "voxels in float16 move the embedding by", (half - unit).abs().max().item())
        out[f"{name}_size"] = torch.tensor(whole.shape)
        out[f"{name}_image"] = some(whole, 3 if patches == 2 else 9)
        out[f"{name}_tokens"] = tokens.contiguous()
        out[f"{name}_embedding"] = embedding
        out[f"{name}_similarities"] = unit @ texts.T
    vits.save_file(out, str(OUT / "radfinder-whole-expected.safetensors"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("voxelfm", "spectre", "radfinder", "monai"):
        parser.add_argument(f"--{name}", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    stubs = ("torchvision", "monai") if args.monai is None else ("torchvision", "ignite", "skimage", "itk")
    if args.radfinder:
        radfinder(args.radfinder, args.monai)
    if args.voxelfm or args.spectre:
        sys.meta_path.insert(0, Stubs(*stubs))
    if args.voxelfm:
        voxelfm(args.voxelfm)
    if args.spectre:
        spectre(args.spectre, args.monai)


if __name__ == "__main__":
    main()
