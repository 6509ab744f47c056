"""Writes golden files of fVLM from its own code, with small random weights of its true structure.

Run (torch 2.x, nibabel, transformers, einops, safetensors):
  python3 fvlm_goldens.py --fvlm alibaba-damo-academy/fvlm --monai Project-MONAI/MONAI
The repositories are checked out where the arguments say (fvlm at commit d768ec1). Its own functions run: resize.process and
preprocess.process_image on files, center_crop of eval.py, the ViT, and forward_test_win and
prepare_text_feat of BlipPretrain. Re-stated are the loop over organs of eval.py's evaluate, which
wants a GPU and a data set, and the part of BlipPretrain's __init__ that makes parameters, whose
width of 768 is a constant there. Its text encoder needs an old transformers: HuggingFace's
BertModel stands for it, with embeddings of token types at zero, as its code adds none.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import types

import nibabel
import numpy as np
import torch
from torch import nn
from transformers import BertConfig, BertModel

from published_vit_goldens import OUT, Stubs, load, package, randomize

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] not emphysema nodule opacity pleural effusion card ##iom ##egaly hiatal hernia arterial wall calc .".split()
WIDTH, HEADS, EMBED, LENGTH = 16, 2, 8, 16


def simple_itk():
    """The few functions of SimpleITK that resize.py calls, over nibabel."""
    itk = package("SimpleITK")

    class Image:
        def __init__(self, array, affine=None):
            self.array, self.affine = array, affine

        def CopyInformation(self, other):
            self.affine = other.affine

    def read(path):
        image = nibabel.load(path)
        return Image(np.asarray(image.dataobj).transpose(2, 1, 0), image.affine)

    itk.ReadImage = read
    itk.GetArrayFromImage = lambda image: image.array
    itk.GetImageFromArray = Image
    itk.WriteImage = lambda image, path: nibabel.save(nibabel.Nifti1Image(image.array.transpose(2, 1, 0), image.affine), path)


def code(root):
    """Its modules, without what they import and these functions do not use."""
    for name in ("lavis", "lavis.common", "lavis.models", "lavis.models.blip_models"):
        package(name)
    mixin = type("Mixin", (), {})
    registry = types.SimpleNamespace(register_model=lambda name: lambda c: c)
    package("lavis.common.registry", registry=registry)
    package("lavis.common.dist_utils", get_rank=None, init_distributed_mode=None, is_dist_avail_and_initialized=None)
    package("lavis.common.config", Config=None)
    base = type("BlipBase", (nn.Module,), {"init_tokenizer": classmethod(lambda cls: range(30522))})
    sys.modules["lavis.models.blip_models"].tie_encoder_decoder_weights = None
    package("lavis.models.blip_models.blip", BlipBase=base)
    package("lavis.models.blip_models.blip_outputs", BlipOutput=None)
    package("lavis.models.med", XBertEncoder=None)
    package(
        "lavis.models.base_model",
        MomentumDistilationMixin=type("A", (mixin,), {}),
        SharedQueueMixin=type("B", (mixin,), {}),
        all_gather_with_grad=None,
        concat_all_gather=None,
    )
    blip = root / "lavis" / "models" / "blip_models"
    for part in ("patchembedding", "selfattention", "transformerblock", "vit", "blip_pretrain"):
        load(f"lavis.models.blip_models.{part}", blip / f"{part}.py")
    return (
        sys.modules["lavis.models.blip_models.vit"].ViT,
        sys.modules["lavis.models.blip_models.blip_pretrain"].BlipPretrain,
        load("fvlm_eval", root / "eval.py"),
        load("fvlm_resize", root / "data" / "resize.py"),
        load("fvlm_preprocess", root / "data" / "preprocess.py"),
    )


class Tokens(dict):
    __getattr__ = dict.__getitem__

    def to(self, device):
        return self


class Text(nn.Module):
    """XBertEncoder.forward_text."""

    device = torch.device("cpu")

    def __init__(self, config):
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)

    def resize_token_embeddings(self, count):
        pass

    def forward_text(self, text):
        return self.bert(text.input_ids, attention_mask=text.attention_mask)


def bert(hidden, heads, layers, mlp, words, positions):
    return BertConfig(
        vocab_size=words, hidden_size=hidden, num_attention_heads=heads, num_hidden_layers=layers, intermediate_size=mlp,
        max_position_embeddings=positions, type_vocab_size=2, layer_norm_eps=1e-12,
    )


def tokenizer():
    from tokenizers import BertWordPieceTokenizer

    own = BertWordPieceTokenizer({w: i for i, w in enumerate(WORDS)}, lowercase=True)

    def encode(texts, padding, truncation, max_length, return_tensors):
        own.enable_truncation(max_length)
        own.enable_padding(length=max_length, pad_id=0)
        rows = own.encode_batch(list(texts))
        return Tokens(
            input_ids=torch.tensor([r.ids for r in rows]), attention_mask=torch.tensor([r.attention_mask for r in rows])
        )

    return encode


def small(vit, blip):
    """BlipPretrain with narrow parts; names and structure as its __init__ makes them."""
    model = blip.__new__(blip)
    nn.Module.__init__(model)
    model.tokenizer = tokenizer()
    model.visual_encoder = vit(
        in_channels=1, img_size=(112, 256, 352), patch_size=(16, 16, 32), hidden_size=WIDTH, mlp_dim=24, num_layers=12,
        num_heads=HEADS, num_classes=0, dropout_rate=0.1, qkv_bias=True,
    )
    model.text_encoder = Text(bert(24, 3, 2, 32, len(WORDS), LENGTH))
    model.text_proj = nn.Linear(24, EMBED)
    model.temp = nn.Parameter(torch.tensor(0.07))
    model.max_txt_len = LENGTH
    model.organs = ["lung", "heart", "esophagus", "aorta"]
    model.attention = nn.MultiheadAttention(embed_dim=WIDTH, num_heads=4, dropout=0.1, batch_first=True)
    model.vision_projs = nn.ModuleList([nn.Linear(WIDTH, EMBED) for _ in model.organs])
    model.query_tokens = nn.Parameter(torch.zeros(4, WIDTH))
    torch.manual_seed(11)
    randomize(model)
    with torch.no_grad():
        kernel = model.visual_encoder.patch_embedding.patch_embeddings.weight
        kernel.copy_(kernel.normal_(0, 0.05).half().float())
        model.temp.fill_(0.21)
        model.query_tokens.normal_(0, 1)
        for name, p in model.named_parameters():
            if name.endswith(("in_proj_weight", "qkv.weight")):
                p.mul_(2)  # so that attention is not even
        model.text_encoder.bert.embeddings.token_type_embeddings.weight.zero_()
    return model.eval()


def file_of(model):
    """As its runner saves it: with the head's tied weight, the rest of which is frozen."""
    out = {}
    for name, tensor in model.state_dict().items():
        name = name.replace("text_encoder.bert.", "text_encoder.")
        out[name] = tensor.half() if name.endswith("patch_embeddings.weight") else tensor
    words = out["text_encoder.embeddings.word_embeddings.weight"]
    out["text_encoder.embeddings.token_type_embeddings.weight"] = torch.ones(2, words.shape[1])  # not added
    out["text_encoder.cls.predictions.decoder.weight"] = words.clone()
    out["text_encoder.embeddings.position_ids"] = torch.arange(LENGTH)[None]
    return out


def structure(blip, vit):
    """Names and shapes of the published size."""
    with torch.device("meta"):
        image = vit(
            in_channels=1, img_size=(112, 256, 352), patch_size=(16, 16, 32), num_classes=0, dropout_rate=0.1, qkv_bias=True
        )
        text = Text(BertConfig(vocab_size=30522))
        text.config = text.bert.config
        model = blip(image, text, None, embed_dim=256, tie_enc_dec_weights=False, max_txt_len=384)
    state = {k.replace("text_encoder.bert.", "text_encoder."): v for k, v in model.state_dict().items()}
    state["text_encoder.cls.predictions.decoder.weight"] = state["text_encoder.embeddings.word_embeddings.weight"]
    state["text_encoder.embeddings.position_ids"] = torch.zeros(1, 512)
    lines = [f"{k} {','.join(map(str, v.shape))}".rstrip() for k, v in state.items()]
    (OUT / "fvlm.txt").write_text("\n".join(lines) + "\n")
    print("fvlm.txt", len(lines), "tensors", sum(v.numel() for v in state.values()), "numbers")


def phantom():
    """Waves between -1300 and 500 HU in steps of 100, which a file holds in few bytes."""
    x, y, z = np.meshgrid(*(np.arange(n) for n in (80, 75, 55)), indexing="ij")
    waves = np.sin(0.21 * x + 0.05 * z) + np.cos(0.13 * y - 0.4) + np.sin(0.3 * z + 0.02 * x * y / 75)
    return (np.round(3 * waves) * 100 - 400).astype(np.int16)


def labels_of(scan):
    """TotalSegmentator's values in ellipsoids of the scan's own array; no esophagus."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in scan.shape), indexing="ij")
    out = np.zeros(scan.shape, np.uint8)

    def ellipsoid(label, centre, radius):
        r = sum(((a - c) / d) ** 2 for a, c, d in zip((x, y, z), centre, radius))
        out[(r < 1) & (out == 0)] = label

    ellipsoid(51, (0.1, -0.1, 0.0), (0.2, 0.15, 0.3))
    ellipsoid(61, (0.25, 0.1, 0.2), (0.1, 0.1, 0.2))
    ellipsoid(52, (-0.05, 0.3, 0.1), (0.08, 0.06, 0.7))
    ellipsoid(10, (-0.4, -0.03, 0.05), (0.3, 0.96, 0.9))  # larger than a window
    ellipsoid(14, (0.5, 0.1, -0.2), (0.3, 0.7, 0.75))
    ellipsoid(5, (0.5, -0.9, -0.7), (0.4, 0.3, 0.3))  # liver, which is not asked for
    return out


def prepared(root, resize, preprocess):
    """Its two steps on files, in the orientation of CT-RATE's files."""
    from monai import transforms
    from monai.data import MetaTensor

    voxels = phantom()
    labels = labels_of(voxels)
    scan = nibabel.Nifti1Image(voxels, np.diag([4.1, 4.1, 6.2, 1]))  # RAS
    nibabel.save(scan, OUT / "fvlm-scan.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels, scan.affine), OUT / "fvlm-labels.nii.gz")
    name = "p/p_1/p_1_1.nii.gz"
    for folder, array in (("valid_fixed", voxels), ("valid_mask", labels)):
        turned = transforms.Orientation(axcodes="LPS")(
            MetaTensor(torch.from_numpy(array.astype(np.float32))[None], affine=torch.from_numpy(scan.affine))
        )
        path = root / folder / name
        path.parent.mkdir(parents=True)
        nibabel.save(nibabel.Nifti1Image(turned[0].numpy().astype(np.int16), turned.affine.numpy()), path)
    resize.process(f"valid_mask/{name}")
    loader = transforms.Compose(
        [
            transforms.LoadImaged(keys=["image", "label"], image_only=True, ensure_channel_first=True),
            transforms.Transposed(keys=["image", "label"], indices=(0, 3, 2, 1)),
            transforms.ScaleIntensityRanged(keys=["image"], a_min=-1150, a_max=350, b_min=0.0, b_max=1.0, clip=True),
        ]
    )
    preprocess.process_image(loader, f"valid_mask/{name}")
    both = {"image": f"processed_valid_images/{name}", "label": f"processed_valid_masks/{name}"}
    data = transforms.LoadImaged(keys=["image", "label"], image_only=True, ensure_channel_first=True)(both)
    return data["image"].as_tensor()[None], data["label"].as_tensor()[None]


def geometry(center_crop):
    """Rows of a volume's size, a box of voxels in it, and the window that is cut."""
    generator = np.random.default_rng(5)
    rows = []
    for i in range(9):
        size = generator.integers((112, 256, 352), (170, 340, 400))
        low = generator.integers(0, size - 1)
        high = np.minimum(size, low + 1 + generator.integers(0, (size if i % 3 else size // 4)))
        if i == 0:
            low, high = np.zeros(3, int), size
        mask = torch.zeros(1, 1, *size)
        mask[0, 0, low[0] : high[0], low[1] : high[1], low[2] : high[2]] = 1
        places = torch.stack(torch.meshgrid(*(torch.arange(n, dtype=torch.int16) for n in size), indexing="ij"))
        window, _ = center_crop(places[None], mask, crop_size=(112, 288, 352))
        start, end = window[0, :, 0, 0, 0], window[0, :, -1, -1, -1] + 1
        rows.append([*size, *low, *high, *start.tolist(), *end.tolist()])
    return torch.tensor(np.array(rows, dtype=np.int64))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fvlm", type=pathlib.Path, required=True)
    parser.add_argument("--monai", required=True)
    args = parser.parse_args()
    sys.path.insert(0, args.monai)
    sys.meta_path.insert(0, Stubs("ignite", "skimage", "itk", "pandas", "tqdm"))
    simple_itk()
    vit, blip, evaluation, resize, preprocess = code(args.fvlm.absolute())
    from monai import transforms
    from safetensors.torch import save_file

    structure(blip, vit)
    model = small(vit, blip)
    expected = {"windows": geometry(evaluation.center_crop)}
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.chdir(folder)
        image, mask = prepared(pathlib.Path(folder), resize, preprocess)
        os.chdir(here)
    print("processed", tuple(image.shape), mask.unique().tolist())
    items = [
        ("lung", "Emphysema", "Not Emphysema.", "Emphysema."),
        ("lung", "Lung nodule", "Not Nodule.", "Nodule."),
        ("lung", "Lung opacity", "Not Opacity.", "Opacity."),
        ("lung", "Pleural effusion", "Not Pleural effusion.", "Pleural effusion."),
        ("heart", "Cardiomegaly", "Not Cardiomegaly.", "Cardiomegaly."),
        ("esophagus", "Hiatal hernia", "Not Hiatal hernia.", "Hiatal hernia."),
        ("aorta", "Arterial wall calcification", "Not Arterial wall calcification.", "Arterial wall calcification."),
    ]
    with torch.inference_mode():
        texts = model.prepare_text_feat(items)
        expected["texts"] = torch.stack([texts[i] for i in items])  # (items, 2, E)
        pad = transforms.DivisiblePadd(keys=["image", "label"], k=(16, 16, 32), mode="constant", constant_values=0, method="end")
        whole = {o: torch.eq(mask, i + 1).sum().item() for i, o in enumerate(model.organs)}
        there = [o for o in model.organs if whole[o] > 0]
        print(whole)
        for organ in there:
            at = model.organs.index(organ)
            patch, window = evaluation.center_crop(image, torch.eq(mask, at + 1), crop_size=(112, 288, 352))
            window = window.float()
            window[window == 1] = at + 1
            data = pad({"image": patch[0], "label": window[0]})
            logits, features = {i: [] for i in items}, {}
            model.forward_test_win(
                data["image"][None], data["label"][None], logits, there, texts, features, whole, skip_organ=at
            )
            voxels = data["image"][0].as_tensor()
            box = voxels.nonzero()
            low, high = box.min(0).values, box.max(0).values + 1
            pooled = torch.nn.functional.max_pool3d((data["label"].as_tensor() > 0).float()[None], (16, 16, 32))
            expected[f"{organ}_size"] = torch.tensor(voxels.shape)
            expected[f"{organ}_box"] = torch.stack([low, high])
            expected[f"{organ}_image"] = voxels[low[0] : high[0] : 8, low[1] : high[1] : 9, low[2] : high[2] : 9]
            expected[f"{organ}_patches"] = (pooled.flatten() > 0).nonzero().flatten()
            expected[f"{organ}_labelled"] = (data["label"] > 0).sum().as_tensor()[None]
            expected[f"{organ}_embedding"] = torch.tensor(features[organ])  # (1, E)
            for item in items:
                if item[0] == organ:
                    expected[f"probability {item[1]}"] = torch.tensor(np.concatenate(logits[item]).mean(0)[1:2])
            print(organ, tuple(voxels.shape), "patches", len(expected[f"{organ}_patches"]), features[organ][0][:3])
    for suffix, what in (("", file_of(model)), ("-expected", expected)):
        path = OUT / f"fvlm{suffix}.safetensors"
        save_file({k: v.detach().clone().contiguous() for k, v in what.items()}, str(path))
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
