"""A small random CT-CLIP checkpoint and what CT-CLIP's own code makes of it: referees for PublishedModels.

    git clone https://github.com/ibrahimethemhamamci/CT-CLIP && git -C CT-CLIP checkout a2a155c
    git clone https://github.com/lucidrains/vector-quantize-pytorch && git -C vector-quantize-pytorch checkout 1.1.2
    python3 t3d-pipeline/src/test/python/ct_clip_goldens.py CT-CLIP vector-quantize-pytorch

ct-clip.pt                    the state dict of a CTCLIP with narrow layers
ct-clip/                      vocab.txt and config.json of its tokenizer and BERT
ct-clip.expected.safetensors  volumes, quantised tokens, latents of volumes and texts, logits
ct-clip.structure.txt         names and shapes of the published size, built on the meta device: the structure that
                              scripts/run_zero_shot.py loads CT-CLIP_v2.pt into
ct-clip-scan.nii.gz           a phantom, and
ct-clip-scan.expected.npy     what scripts/data_inference_nii.py makes of it, for a target of 48 x 48 x 24

The code runs on the CPU: its torch.device('cuda') is replaced before it is loaded, and what it imports beside torch,
einops, beartype and transformers is left empty.
"""

import sys
import types
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, BertTokenizer

OUT = Path(__file__).parent / "../resources/golden/published"
CODE, QUANTIZER = Path(sys.argv[1]), Path(sys.argv[2])

TEXTS = ["Pleural effusion is present.", "Pleural effusion is not present.", "no nodule ."]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "is", "present", "not", "pleural", "effusion", "no", "nod",
         "##ule", "lung"]


def stub(name, **members):
    module = sys.modules.setdefault(name, types.ModuleType(name))
    for key, value in members.items():
        setattr(module, key, value)
    return module


def load(name, file, replacements=()):
    text = file.read_text().replace("torch.device('cuda')", "torch.device('cpu')")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(text, str(file), "exec"), module.__dict__)
    return module


def load_code():
    torchvision = stub("torchvision")
    torchvision.transforms = stub("torchvision.transforms")
    torchvision.utils = stub("torchvision.utils")
    quantizer = load("vector_quantize_pytorch", QUANTIZER / "vector_quantize_pytorch/vector_quantize_pytorch.py")
    assert quantizer.VectorQuantize
    stub("transformer_maskgit")
    package = CODE / "transformer_maskgit/transformer_maskgit"
    load("transformer_maskgit.attention", package / "attention.py")
    ctvit = load("transformer_maskgit.ctvit", package / "ctvit.py")
    stub("ct_clip")
    stub("ct_clip.mlm", MLM=None)
    stub("ct_clip.visual_ssl", SimSiam=None, SimCLR=None)
    clip = load("ct_clip.ct_clip", CODE / "CT_CLIP/ct_clip/ct_clip.py")
    return ctvit.CTViT, clip.CTCLIP


def build(vit, clip, size, bert, latent):
    BertTokenizer.from_pretrained = classmethod(lambda cls, *a, **k: None)  # it is not asked
    image = vit(**size)
    places = (size["image_size"] // size["patch_size"]) ** 2
    return clip(image_encoder=image, text_encoder=BertModel(bert), dim_image=places * size["dim"],
                dim_text=bert.hidden_size, dim_latent=latent, extra_latent_projection=False, use_mlm=False,
                downsample_image_embeds=False, use_all_token_embeds=False)


def randomise(model):
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape, generator=g) * (0.5 if p.ndim < 2 else (2 / max(1, p.shape[1:].numel())) ** 0.5))
            if name.endswith(("gamma", "_scale", "norm.weight", "LayerNorm.weight", ".1.weight", ".3.weight")):
                p.add_(1) if p.ndim == 1 else None
        model.temperature.fill_(2.5)
        codes = model.visual_transformer.vq._codebook.embed
        codes.copy_(torch.randn(codes.shape, generator=g))


def write_model(vit, clip):
    size = dict(dim=32, codebook_size=24, image_size=12, patch_size=4, temporal_patch_size=2, spatial_depth=2,
                temporal_depth=2, dim_head=8, heads=4)
    bert = BertConfig(vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                      intermediate_size=48, max_position_embeddings=24)
    model = build(vit, clip, size, bert, 20)
    randomise(model)
    model.eval()
    folder = OUT / "ct-clip"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    bert.save_pretrained(folder)
    torch.save(model.state_dict(), OUT / "ct-clip.pt")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True)
    volumes = torch.rand(2, 1, 6, 12, 12, generator=torch.Generator().manual_seed(2)) * 2 - 1
    tokens = tokenizer(TEXTS, return_tensors="pt", padding="max_length", truncation=True, max_length=24)
    with torch.no_grad():
        unquantised = model.visual_transformer.encode(model.visual_transformer.to_patch_emb(volumes))
        rows = F.normalize(unquantised.reshape(-1, 32), dim=-1)
        best = (rows @ F.normalize(model.visual_transformer.vq.codebook, dim=-1).T).topk(2).values
        print("smallest margin between two codes", (best[:, 0] - best[:, 1]).min().item())
        logits, texts, images, seen = [], [], [], []
        for volume in volumes:
            text, image, encoded = model(tokens, volume[None], device="cpu", return_latents=True)
            texts.append(text), images.append(image[:1]), seen.append(encoded)
            logits.append(model(tokens, volume[None].expand(3, -1, -1, -1, -1), device="cpu"))
    # Gradients in training: through the quantiser and into everything that learns.
    model.train()
    enc = model.visual_transformer(volumes, return_encoded_tokens=True)
    weight = torch.rand(enc.shape, generator=torch.Generator().manual_seed(3))
    model.zero_grad()
    before = model.visual_transformer.vq._codebook.embed.clone()
    (enc * weight).sum().backward()
    assert before.shape == model.visual_transformer.vq._codebook.embed.shape
    grads = {"gradient." + n: p.grad for n, p in model.visual_transformer.named_parameters()
             if p.grad is not None and p.grad.numel()}
    save_file({"volumes": volumes, "unquantised": unquantised.contiguous(), "tokens": torch.cat(seen).contiguous(),
               "texts": texts[0].contiguous(), "images": torch.cat(images).contiguous(),
               "logits": torch.stack(logits).contiguous(), "weight": weight.contiguous(),
               **{k: v.contiguous() for k, v in grads.items()}}, OUT / "ct-clip.expected.safetensors")


def write_structure(vit, clip):
    size = dict(dim=512, codebook_size=8192, image_size=480, patch_size=20, temporal_patch_size=10, spatial_depth=4,
                temporal_depth=4, dim_head=32, heads=8)
    with torch.device("meta"):
        model = build(vit, clip, size, BertConfig(), 512)
    lines = [f"{name} {' '.join(map(str, t.shape))}".strip() for name, t in model.state_dict().items()]
    # A buffer that transformers up to 4.30 saved, with which the file was made.
    lines.append("text_transformer.embeddings.position_ids 1 512")
    (OUT / "ct-clip.structure.txt").write_text("\n".join(lines) + "\n")


def write_scan():
    g = np.random.default_rng(4)
    x, y, z = np.meshgrid(np.linspace(-1, 1, 61), np.linspace(-1, 1, 66), np.linspace(-1, 1, 13), indexing="ij")
    body = (x / 0.9) ** 2 + (y / 0.7) ** 2 < 1
    hu = np.where(body, 60 + 300 * np.sin(5 * x + 2 * y + 3 * z), -1024) + g.normal(0, 80, x.shape)
    hu[20:26, 30:33, 4:8] = 2600
    hu[40:50, 20:40, :] = -900
    image = nib.Nifti1Image(np.round(hu).astype(np.int16), np.diag([-0.9, -0.9, 2.0, 1]))
    path = OUT / "ct-clip-scan.nii.gz"
    nib.save(image, path)

    stub("pandas"), stub("tqdm")
    data = load("data_inference_nii", CODE / "scripts/data_inference_nii.py",
                [("target_shape = (480,480,240)", "target_shape = (48,48,24)")])

    class Table(dict):
        """What the code asks a pandas table of: one row, and of it the first value of a column."""

        def __getitem__(self, key):
            if not isinstance(key, str):
                return self
            return _Column(self.get(key, "ct-clip-scan.nii.gz"))

    class _Column:
        def __init__(self, value):
            self.value, self.iloc = value, [value]

        def __eq__(self, other):
            return np.array([True])

    table = Table(RescaleSlope=1, RescaleIntercept=0, XYSpacing="[0.9, 0.9]", ZSpacing=2.0)
    out = data.CTReportDatasetinfer.nii_img_to_tensor(None, str(path), table)
    print("prepared", out.shape, out.min().item(), out.max().item())
    np.save(OUT / "ct-clip-scan.expected.npy", out[0].numpy().astype(np.float32))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    parts = load_code()
    write_model(*parts)
    write_structure(*parts)
    write_scan()
