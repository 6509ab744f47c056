"""Golden values of a linear layer with a low-rank pair, as the library peft computes it.

Run from t3d-core: python src/test/python/lora_golden.py (PyTorch, safetensors).
"""

import pathlib

import torch
from safetensors.torch import save_file

torch.manual_seed(0)
rank, alpha = 2, 3.0
scale = alpha / rank
x = torch.randn(2, 3, 5, requires_grad=True)
weight, bias = torch.randn(4, 5), torch.randn(4)
a = torch.randn(rank, 5, requires_grad=True)
b = torch.randn(4, rank, requires_grad=True)

# peft.tuners.lora.layer.Linear.forward: result + lora_B(lora_A(dropout(x))) * scaling
y = torch.nn.functional.linear(x, weight, bias) + (x @ a.T) @ b.T * scale
(y**2).sum().backward()

folder = pathlib.Path("src/test/resources/golden/lora")
folder.mkdir(parents=True, exist_ok=True)
tensors = {
    "x": x,
    "weight": weight,
    "bias": bias,
    "lora_A.weight": a,
    "lora_B.weight": b,
    "lora_scale": torch.tensor([scale]),
    "y": y,
    "grad.x": x.grad,
    "grad.a": a.grad,
    "grad.b": b.grad,
    "merged": weight + b @ a * scale,  # get_delta_weight
}
save_file({k: v.detach().contiguous() for k, v in tensors.items()}, folder / "lora.safetensors")
