"""Writes the golden steps of AdamWTest with torch.optim.AdamW. Run in t3d-core.

Gradients are given, not computed, so that only the update is compared.
"""

import torch
from safetensors.torch import save_file

torch.manual_seed(3)
STEPS = 5
weight = torch.nn.Parameter(torch.randn(4, 3))
bias = torch.nn.Parameter(torch.randn(3))
optimizer = torch.optim.AdamW(
    [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}],
    betas=(0.9, 0.98),
    eps=1e-6,
)
out = {"weight.0": weight.detach().clone(), "bias.0": bias.detach().clone()}
for step in range(1, STEPS + 1):
    for group in optimizer.param_groups:
        group["lr"] = 0.01 * step
    for name, p in (("weight", weight), ("bias", bias)):
        p.grad = torch.randn_like(p) * 10 ** (step - 3)
        out[f"{name}.grad.{step}"] = p.grad.clone()
    optimizer.step()
    out[f"weight.{step}"] = weight.detach().clone()
    out[f"bias.{step}"] = bias.detach().clone()
state = optimizer.state[weight]
out["weight.m"] = state["exp_avg"].clone()
out["weight.v"] = state["exp_avg_sq"].clone()
save_file(out, "src/test/resources/golden/adamw/adamw.safetensors")
