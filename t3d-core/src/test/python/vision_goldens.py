"""Writes golden files of the vision encoders from plain PyTorch.

The networks are written here from the papers and MONAI's layout, independently of the Java code.
Run: python3 t3d-core/src/test/python/vision_goldens.py  (torch 2.x; the files change only if this does)
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "vision"


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv3d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(4 * width)
        self.downsample = shortcut(inputs, 4 * width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def shortcut(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))


class ResNet(nn.Module):
    def __init__(self, block, layers, widths, kernel, stride, max_pool):
        super().__init__()
        self.max_pool = max_pool
        self.conv1 = nn.Conv3d(1, widths[0], kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm3d(widths[0])
        inputs = widths[0]
        for i, (count, width) in enumerate(zip(layers, widths)):
            blocks = []
            for j in range(count):
                blocks.append(block(inputs, width, 2 if i > 0 and j == 0 else 1))
                inputs = width * block.expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if self.max_pool:
            x = F.max_pool3d(x, 3, 2, 1)
        for i in range(1, 5):
            x = getattr(self, f"layer{i}")(x)
        return x.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).unbind(2)
        weights = torch.einsum("bnhd,bmhd->bhnm", q, k) / math.sqrt(c // self.heads)
        return self.out_proj(torch.einsum("bhnm,bmhd->bnhd", weights.softmax(-1), v).flatten(2))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.linear2(F.gelu(self.linear1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbedding(nn.Module):
    def __init__(self, patch, dim, table):
        super().__init__()
        self.dim, self.table = dim, table
        self.patch_embeddings = nn.Conv3d(1, dim, patch, patch)
        if table:
            self.position_embeddings = nn.Parameter(torch.zeros(1, math.prod(table), dim))

    def forward(self, x):
        x = self.patch_embeddings(x)
        grid = x.shape[2:]
        return x.flatten(2).transpose(1, 2) + self.position(grid)

    def position(self, grid):
        if self.table:
            cube = self.position_embeddings.view(*self.table, self.dim)
            for axis, (full, used) in enumerate(zip(self.table, grid)):
                cube = cube.narrow(axis, (full - used) // 2, used)
            return cube.reshape(1, -1, self.dim)
        rates = self.dim // 6
        omega = 10000.0 ** (-torch.arange(rates, dtype=torch.float64) / rates)
        rows = []
        for z in range(grid[0]):
            for y in range(grid[1]):
                for x in range(grid[2]):
                    parts = [f(p * omega) for p in (z, y, x) for f in (torch.sin, torch.cos)]
                    rows.append(F.pad(torch.cat(parts), (0, self.dim - 6 * rates)))
        return torch.stack(rows).float().unsqueeze(0)


class ViT(nn.Module):
    def __init__(self, patch, dim, layers, heads, hidden, table=None):
        super().__init__()
        self.patch_embedding = PatchEmbedding(patch, dim, table)
        self.blocks = nn.Sequential(*(Block(dim, heads, hidden) for _ in range(layers)))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(self.blocks(self.patch_embedding(x)))


def randomize(net):
    for name, p in net.named_parameters():
        fan = p[0].numel() if p.dim() > 1 else 0
        with torch.no_grad():
            if fan and "position" not in name:
                p.normal_(0, (2 / fan) ** 0.5)
            else:
                p.normal_(1 if name.endswith("weight") else 0, 0.2)
    for name, b in net.named_buffers():
        if name.endswith("running_mean"):
            b.normal_(0, 0.2)
        elif name.endswith("running_var"):
            b.uniform_(0.5, 1.5)


def wave(shape):
    """The input, the same formula as in the Java test."""
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (torch.sin(0.37 * i) + torch.cos(0.011 * i)).float().view(shape)


def pack(tensor):
    # Nine digits name a float32 exactly.
    return {"shape": list(tensor.shape), "values": [float(f"{v:.9g}") for v in tensor.flatten().tolist()]}


def state(net):
    return {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def golden(name, net, shape, gradients):
    randomize(net)
    x = wave(shape)
    out = {"inputShape": list(shape), "state": {k: pack(v.clone()) for k, v in state(net).items()}}
    net.eval()
    with torch.no_grad():
        out["evalTokens"] = pack(net(x))
    net.train()
    tokens = net(x)
    (tokens * wave(tokens.shape)).mean().backward()
    out["trainTokens"] = pack(tokens.detach())
    grads = dict(net.named_parameters())
    out["gradients"] = {k: pack(grads[k].grad) for k in gradients}
    out["statisticsAfter"] = {k: pack(v) for k, v in state(net).items() if "running" in k}
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


def main():
    torch.manual_seed(20240229)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    resnet_gradients = ["conv1.weight", "bn1.weight", "layer2.0.downsample.0.weight", "layer4.0.conv2.weight"]
    golden(
        "resnet_basic",
        ResNet(Basic, [1, 2, 1, 1], [2, 3, 4, 5], 3, 1, True),
        (2, 1, 18, 16, 20),
        resnet_gradients,
    )
    golden(
        "resnet_bottleneck",
        ResNet(Bottleneck, [1, 1, 2, 1], [2, 2, 3, 3], 7, 2, False),
        (2, 1, 17, 16, 19),
        resnet_gradients + ["layer3.1.conv3.weight"],
    )
    vit_gradients = [
        "patch_embedding.patch_embeddings.weight",
        "patch_embedding.patch_embeddings.bias",
        "blocks.0.attn.qkv.weight",
        "blocks.0.mlp.linear1.weight",
        "norm.bias",
    ]
    golden("vit_sincos", ViT((2, 4, 8), 16, 2, 4, 24, None), (2, 1, 4, 8, 24), vit_gradients)
    golden(
        "vit_learned",
        ViT((2, 4, 4), 12, 1, 3, 16, (4, 3, 5)),
        (2, 1, 4, 12, 8),
        vit_gradients + ["patch_embedding.position_embeddings"],
    )


if __name__ == "__main__":
    main()
