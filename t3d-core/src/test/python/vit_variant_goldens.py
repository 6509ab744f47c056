"""Writes golden files of vision transformers with class and register tokens, LayerScale, rotary
positions, gated feed-forward layers, inner norms, other poolings and attention within slices, from
plain PyTorch.

The network is written here from the papers, independently of the Java code.
Run: python3 t3d-core/src/test/python/vit_variant_goldens.py  (torch 2.x)
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import nn

from vision_goldens import OUT, PatchEmbedding, pack, randomize, wave


def angles(rotary, grid, pairs):
    """(N, 3 * pairs) angles in the order z, y, x."""
    kind, base = rotary
    rates = base ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
    rows = []
    for place in torch.cartesian_prod(*(torch.arange(n, dtype=torch.float64) for n in grid)).view(-1, 3):
        if kind == "centred":
            place = 2 * math.pi * (2 * (place + 0.5) / torch.tensor(grid) - 1)
        rows.append((place[:, None] * rates).flatten())
    return torch.stack(rows)


def turn(x, theta):
    """Complex numbers of channel c and c + d/2, times exp(i theta), behind the tokens without place."""
    half = x.shape[-1] // 2
    z = torch.complex(x[..., :half].double(), x[..., half:].double())
    z = z * torch.polar(torch.ones_like(theta), theta)
    return torch.cat([z.real, z.imag], -1).float()


class Attention(nn.Module):
    def __init__(self, dim, heads, bias, inner_norm, eps):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=bias)
        self.out_proj = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim, eps) if inner_norm else None

    def forward(self, x, theta, prefix):
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        if theta is not None:
            q, k = (torch.cat([t[:, :, :prefix], turn(t[:, :, prefix:], theta)], 2) for t in (q, k))
        y = ((q @ k.transpose(-1, -2)) / math.sqrt(c // self.heads)).softmax(-1) @ v
        y = y.transpose(1, 2).reshape(b, n, c)
        return self.out_proj(y if self.norm is None else self.norm(y))


class Mlp(nn.Module):
    def __init__(self, dim, hidden, gated, inner_norm, eps):
        super().__init__()
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)
        self.linear3 = nn.Linear(dim, hidden) if gated else None
        self.norm = nn.LayerNorm(hidden, eps) if inner_norm else None

    def forward(self, x):
        y = self.linear1(x)
        y = F.gelu(y) if self.linear3 is None else F.silu(self.linear3(x)) * y
        return self.linear2(y if self.norm is None else self.norm(y))


class Scale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * self.weight


class Block(nn.Module):
    def __init__(self, dim, heads, hidden, o):
        super().__init__()
        eps = o.get("eps", 1e-5)
        self.norm1 = nn.LayerNorm(dim, eps)
        self.attn = Attention(dim, heads, o.get("bias", False), o.get("attention_norm", False), eps)
        self.norm2 = nn.LayerNorm(dim, eps)
        self.mlp = Mlp(dim, hidden, o.get("gated", False), o.get("mlp_norm", False), eps)
        self.ls1 = Scale(dim) if o.get("scale") else nn.Identity()
        self.ls2 = Scale(dim) if o.get("scale") else nn.Identity()

    def forward(self, x, theta, prefix):
        x = x + self.ls1(self.attn(self.norm1(x), theta, prefix))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Pool(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "out_proj"):
            setattr(self, name, nn.Linear(dim, dim))

    def forward(self, x):
        def split(t):
            return t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)

        q, k, v = split(self.query(x.mean(1, keepdim=True))), split(self.key(x)), split(self.value(x))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out_proj(y.transpose(1, 2).flatten(1)), self.out_proj(self.value(x))


def joined(slices, prefix):
    along = sum(s[:, :prefix] for s in slices) / len(slices)
    return torch.cat([along] + [s[:, prefix:] for s in slices], 1)


class ViT(nn.Module):
    def __init__(self, patch, dim, layers, heads, hidden, table=None, **o):
        super().__init__()
        self.o, self.heads, self.dim = o, heads, dim
        self.patch_embedding = PatchEmbedding(patch, dim, table)
        if o.get("position") == "none":
            self.patch_embedding.position = lambda grid: 0
        if o.get("classes"):
            self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        if o.get("registers"):
            self.register_tokens = nn.Parameter(torch.zeros(1, o["registers"], dim))
        self.blocks = nn.Sequential(*(Block(dim, heads, hidden, o) for _ in range(layers)))
        self.norm = nn.LayerNorm(dim, o.get("eps", 1e-5))
        if o.get("output"):
            self.output = nn.Linear(dim, o["output"])
        if o.get("pooling") == "attention":
            self.pool = Pool(o.get("output", dim), o["pooling_heads"])

    def forward(self, x):
        grid = [n // p for n, p in zip(x.shape[2:], self.patch_embedding.patch_embeddings.kernel_size)]
        tokens = self.patch_embedding(x)
        before = [getattr(self, n).expand(x.shape[0], -1, -1) for n in ("cls_token", "register_tokens") if hasattr(self, n)]
        prefix = sum(t.shape[1] for t in before)
        tokens = torch.cat(before + [tokens], 1)
        theta = angles(self.o["rotary"], grid, self.dim // self.heads // 6) if "rotary" in self.o else None
        every, n, slices = self.o.get("global_every", 1), grid[1] * grid[2], []
        for i, block in enumerate(self.blocks):
            if (i + 1) % every == 0:
                tokens = block(joined(slices, prefix) if slices else tokens, theta, prefix)
                slices = []
                continue
            # Each slice alone, with class and register tokens of its own, whose mean goes on.
            if not slices:
                starts = range(prefix, tokens.shape[1], n)
                slices = [torch.cat([tokens[:, :prefix], tokens[:, s : s + n]], 1) for s in starts]
            slices = [block(s, None, prefix) for s in slices]
        tokens = joined(slices, prefix) if slices else tokens
        tokens = self.norm(tokens)
        if self.o.get("output"):
            tokens = self.output(tokens)
        patches = tokens[:, prefix:]
        kind = self.o.get("pooling", "mean")
        if kind == "cls":
            return patches, tokens[:, 0]
        if kind == "cls_and_mean":
            return torch.cat([tokens[:, :1].expand_as(patches), patches], 2), None
        if kind == "attention":
            pooled, dense = self.pool(patches)
            return dense, pooled
        return patches, None


def golden(name, net, shape):
    randomize(net)
    for key, p in net.named_parameters():
        if "ls" in key or key.endswith("norm.weight"):
            with torch.no_grad():
                p.normal_(1, 0.2)
    out = {"inputShape": list(shape), "state": {k: pack(v.clone()) for k, v in net.state_dict().items()}}
    tokens, pooled = net(wave(shape))
    loss = (tokens * wave(tokens.shape)).mean()
    out["tokens"] = pack(tokens.detach())
    if pooled is not None:
        loss = loss + (pooled * wave(pooled.shape)).mean()
        out["pooled"] = pack(pooled.detach())
    loss.backward()
    out["gradients"] = {k: pack(p.grad) for k, p in net.named_parameters()}
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


def main():
    torch.manual_seed(20240301)
    torch.set_num_threads(1)
    golden(
        "vit_registers",
        ViT((2, 4, 4), 24, 1, 2, 20, position="none", classes=True, registers=2, scale=True, bias=True,
            rotary=("centred", 100.0), pooling="cls"),
        (2, 1, 4, 12, 8),
    )
    golden(
        "vit_gated",
        ViT((2, 2, 4), 12, 2, 2, 10, position="none", registers=1, gated=True, mlp_norm=True,
            attention_norm=True, scale=True, bias=True, rotary=("index", 10000.0), output=8,
            pooling="attention", pooling_heads=2, eps=1e-6),
        (2, 1, 4, 6, 8),
    )
    golden(
        "vit_class_and_mean",
        ViT((2, 4, 4), 12, 1, 3, 10, (2, 3, 3), classes=True, mlp_norm=True, pooling="cls_and_mean"),
        (2, 1, 4, 8, 12),
    )
    torch.manual_seed(20240302)
    golden(
        "vit_slices",
        ViT((2, 4, 4), 12, 3, 3, 10, (3, 2, 3), classes=True, registers=1, pooling="cls", global_every=2),
        (2, 1, 6, 8, 12),
    )


if __name__ == "__main__":
    main()
