"""Loads what ModelExportTest wrote to t3d-core/target/exported, and compares PyTorch's answers with Java's.

    ./mvnw -pl t3d-core test -Dtest=ModelExportTest && python3 t3d-core/src/test/python/load_exported.py
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

import vision_goldens as nets

DIR = Path(__file__).parent / "../../../target/exported"
REPORTS = ["No pleural effusion.", "Small nodule in the right upper lobe, 7 mm."]


def compare(what, got, expected):
    difference = (got - expected).abs().max().item()
    print(f"{what}: largest difference {difference:.2e}")
    assert difference < 1e-4


answers = load_file(DIR / "answers.safetensors")
with torch.no_grad():
    tokenizer = AutoTokenizer.from_pretrained(DIR / "text")
    batch = tokenizer(REPORTS, padding=True, return_tensors="pt")
    assert torch.equal(batch["input_ids"], answers["ids"])
    bert = AutoModel.from_pretrained(DIR / "text", add_pooling_layer=False).eval()
    mask = answers["mask"].unsqueeze(2)
    tokens = bert(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    compare("text tokens", tokens * mask, answers["text_tokens"] * mask)

    # The tiny model's encoder in MONAI's layout; monai.networks.nets.ResNet takes the same names.
    resnet = nets.ResNet(nets.Basic, [1, 1, 1, 1], [16, 32, 64, 128], 5, 2, True).eval()
    resnet.load_state_dict(load_file(DIR / "vision.safetensors"))
    h = resnet(answers["volumes"])
    compare("vision tokens", h, answers["vision_tokens"])

    p = load_file(DIR / "projections.safetensors")
    v = F.linear(h.mean(1), p["vision_projection.weight"])
    v = F.batch_norm(v, *(p["vision_projection.norm." + k] for k in ("running_mean", "running_var", "weight", "bias")))
    compare("volume embeddings", F.normalize(v, dim=1), answers["volume_embeddings"])
