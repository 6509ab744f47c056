"""Writes the golden cases of TokenGatherTest: the form one would write in PyTorch, in float64.

Run: python3 t3d-core/src/test/python/token_gather_golden.py
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "torch" / "token_gather.safetensors"
CASES = {  # volumes, tokens, sentences, width, temperature
    "usual": (2, 27, 5, 8, 0.1),
    "sharp": (1, 12, 3, 6, 0.01),
    "one": (3, 1, 1, 4, 0.07),
}


def gather(tokens, queries, temperature):
    keys = F.normalize(tokens, dim=-1)
    weights = torch.softmax(torch.einsum("bne,te->btn", keys, queries) / temperature, -1)
    return weights, F.normalize(torch.einsum("btn,bne->bte", weights, tokens), dim=-1)


def main():
    torch.manual_seed(20240301)
    out = {}
    for name, (b, n, t, e, temperature) in CASES.items():
        tokens = (3 * torch.randn(b, n, e)).double().requires_grad_()
        queries = F.normalize(torch.randn(t, e), dim=1).double().requires_grad_()
        probe = torch.randn(b, t, e)
        weights, gathered = gather(tokens, queries, temperature)
        (gathered * probe.double()).sum().backward()
        case = {
            "tokens": tokens,
            "queries": queries,
            "temperature": torch.tensor(temperature),
            "probe": probe,
            "weights": weights,
            "gathered": gathered,
            "tokens.gradient": tokens.grad,
            "queries.gradient": queries.grad,
        }
        out.update({f"{name}.{key}": x.detach().float().contiguous() for key, x in case.items()})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(out, OUT)


main()
