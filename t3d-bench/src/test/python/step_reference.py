"""A whole T3D training step in PyTorch, the twin of StepRunner.java: same layers, sizes, losses and optimizer.

step_reference.py resnet50|vit-base float32|bfloat16 [--contiguous]

PyTorch's best settings: channels_last_3d, scaled_dot_product_attention with padding masks, both views in one
batch, fused AdamW, gradients set to None; with bfloat16, autocast. Random weights. Prints "ready", then runs
one step for every line on stdin and prints one line of JSON: seconds, processor seconds, loss, peak memory.
"""
import argparse
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

PAIRS, VIEWS, SIZE, TOKENS, EMBED, PROTOTYPES, DROPOUT = 2, 2, 96, 256, 512, 512, 0.1


class Bottleneck(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        out = 4 * width
        self.conv1 = nn.Conv3d(channels, width, 1, bias=False)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.conv3 = nn.Conv3d(width, out, 1, bias=False)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm3d(width), nn.BatchNorm3d(width), nn.BatchNorm3d(out)
        self.stride = stride
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv3d(channels, out, 1, stride, bias=False), nn.BatchNorm3d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet50(nn.Module):
    channels = 2048

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(1, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        layers, channels = [], 64
        for stage, (count, width) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512))):
            for i in range(count):
                layers.append(Bottleneck(channels, width, 2 if i == 0 and stage > 0 else 1))
                channels = 4 * width
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x.contiguous(memory_format=torch.channels_last_3d))), inplace=True)
        x = self.layers(F.max_pool3d(x, 3, 2, 1))
        return x.flatten(2).transpose(1, 2), tuple(x.shape[2:])


class Attention(nn.Module):
    """Multi-head attention; dropout on the weights, as in BERT."""

    def __init__(self, dim, heads, key_dim=None, bias=True, dropout=0.0):
        super().__init__()
        key_dim = key_dim or dim
        self.query, self.output = nn.Linear(dim, dim, bias=bias), nn.Linear(dim, dim)
        self.key, self.value = nn.Linear(key_dim, dim, bias=bias), nn.Linear(key_dim, dim, bias=bias)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, y, mask=None):
        b, n, c = x.shape
        q, k, v = (f(t).view(b, -1, self.heads, c // self.heads).transpose(1, 2)
                   for f, t in ((self.query, x), (self.key, y), (self.value, y)))
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.dropout)
        return self.output(a.transpose(1, 2).reshape(b, n, c))


def mlp(dim, hidden):
    return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))


class VitBlock(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.mlp, self.heads = mlp(dim, hidden), heads

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c)
        x = x + self.out(a)
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    channels = 768
    patch = (8, 16, 16)

    def __init__(self):
        super().__init__()
        self.grid = tuple(SIZE // p for p in self.patch)
        self.embed = nn.Linear(math.prod(self.patch), 768)
        self.register_buffer("position", torch.randn(1, math.prod(self.grid), 768) * 0.5)
        self.blocks = nn.Sequential(*[VitBlock(768, 12, 3072) for _ in range(12)])
        self.norm = nn.LayerNorm(768)

    def forward(self, x):
        (d, h, w), (pd, ph, pw) = self.grid, self.patch
        rows = x.view(-1, d, pd, h, ph, w, pw).permute(0, 1, 3, 5, 2, 4, 6).reshape(len(x), d * h * w, -1)
        return self.norm(self.blocks(self.embed(rows) + self.position)), self.grid


class BertLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.mlp = Attention(768, 12, dropout=DROPOUT), mlp(768, 3072)
        self.norm1, self.norm2, self.drop = nn.LayerNorm(768), nn.LayerNorm(768), nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        x = self.norm1(x + self.drop(self.attention(x, x, mask)))
        return self.norm2(x + self.drop(self.mlp(x)))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(30522, 768), nn.Embedding(512, 768)
        self.types = nn.Embedding(2, 768)
        self.norm, self.drop = nn.LayerNorm(768), nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(BertLayer() for _ in range(12))

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return x


class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.text, self.text_norm, self.visual_norm = nn.Linear(768, EMBED), nn.LayerNorm(EMBED), nn.LayerNorm(EMBED)
        self.attention, self.norm, self.mlp = Attention(EMBED, 8), nn.LayerNorm(EMBED), mlp(EMBED, 4 * EMBED)
        self.gate1, self.gate2 = (nn.Parameter(torch.tensor(0.1)) for _ in range(2))

    def forward(self, p, text, mask):
        t = self.text_norm(self.text(text)).repeat(VIEWS, 1, 1)
        u = p + self.gate1 * self.attention(self.visual_norm(p), t, mask.repeat(VIEWS, 1, 1, 1))
        return u + self.gate2 * self.mlp(self.norm(u))


class T3D(nn.Module):
    def __init__(self, vision):
        super().__init__()
        self.vision, self.text, self.fusion = vision, Bert(), Fusion()
        self.vision_projection = nn.Linear(vision.channels, EMBED, bias=False)
        self.text_projection = nn.Linear(768, EMBED, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.prototypes = nn.Parameter(F.normalize(torch.randn(PROTOTYPES, EMBED), dim=1))

    def forward(self, views, ids, mask):
        text = self.text(ids, mask)
        h, grid = self.vision(views)
        p = self.vision_projection(h).float()  # (V·B, N, E)
        u = self.fusion(p, text, mask).float()
        w = F.normalize(self.text_projection(text[:, 0]).float(), dim=1)
        return p, u, w, grid


def contrastive(v, w, scale):
    logits, target = v @ w.T * scale.exp(), torch.arange(len(v))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


@torch.no_grad()
def sinkhorn(similarities, epsilon=0.05, iterations=3):
    q = torch.exp(similarities / epsilon)
    for _ in range(iterations):
        q /= q.sum(0, keepdim=True)
        q /= q.sum(1, keepdim=True)
    return q


def match(grid, stride, offset):
    """Index and mask (N) of the token of the other view at the same place, that view moved by offset voxels."""
    axes = [torch.arange(g) - offset / s for g, s in zip(grid, stride)]
    position = torch.floor(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1) + 0.5 + 1e-4).view(-1, 3)
    size = torch.tensor(grid)
    inside = ((position >= 0) & (position < size)).all(1)
    z, y, x = position.clamp(min=0).minimum(size - 1).long().unbind(1)
    return (z * grid[1] + y) * grid[2] + x, inside.float()


def swapped(visual, assigning, prototypes, align):
    """Cross-entropy between each view's prediction and the other's assignment, and the entropy term."""
    q = sinkhorn(torch.cat([F.normalize(a.detach().flatten(0, 1), dim=1) for a in assigning]) @ prototypes.detach().T)
    q = [x.view(*a.shape[:2], -1) for x, a in zip(q.chunk(VIEWS), assigning)]
    loss, matched, mean = 0, 0, 0
    for view, other in ((0, 1), (1, 0)):
        target, mask = align(q[other], view)
        log_p = F.log_softmax(F.normalize(visual[view], dim=2) @ prototypes.T / 0.1, dim=2)
        loss = loss - (log_p * target * mask[..., None]).sum()
        matched = matched + mask.sum()
        mean = mean + log_p.exp().mean((0, 1)) / VIEWS
    return loss / matched.clamp(min=1), (mean * mean.clamp(min=1e-30).log()).sum() + math.log(PROTOTYPES)


def objective(model, p, u, w, grid):
    p, u = p.chunk(VIEWS), u.chunk(VIEWS)  # (B, N, E) each
    v = [F.normalize(x.mean(1), dim=1) for x in p]
    fused = [F.normalize(x.mean(1), dim=1) for x in u]
    prototypes = F.normalize(model.prototypes, dim=1)
    stride = [SIZE / g for g in grid]

    def tokens(q, view):
        index, mask = match(grid, stride, SIZE / 8 if view == 0 else -SIZE / 8)
        return q[:, index], mask.expand(PAIRS, -1)

    total = sum(contrastive(x, w, model.logit_scale) for x in v) / VIEWS
    ones = torch.ones(PAIRS, 1)
    ce_view, kl_view = swapped([x[:, None] for x in v], [x[:, None] for x in fused], prototypes, lambda q, _: (q, ones))
    ce_token, kl_token = swapped(p, u, prototypes, tokens)
    return total + ce_view + ce_token + 0.1 * (kl_view + kl_token) / 2


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", choices=("resnet50", "vit-base"))
    arguments.add_argument("precision", choices=("float32", "bfloat16"))
    arguments.add_argument("--contiguous", action="store_true", help="NCDHW: leave the weights and views as they are")
    options = arguments.parse_args()
    torch.manual_seed(1)
    model = T3D(ResNet50() if options.model == "resnet50" else Vit()).train()
    if not options.contiguous:
        model = model.to(memory_format=torch.channels_last_3d)
    decay = [x for x in model.parameters() if x.dim() > 1]
    rest = [x for x in model.parameters() if x.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
                                  lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)
    views = torch.rand(VIEWS * PAIRS, 1, SIZE, SIZE, SIZE) * 2 - 1
    ids = torch.randint(5, 1000, (PAIRS, TOKENS))
    mask = torch.ones(PAIRS, TOKENS, dtype=torch.bool)
    mask[1::2, 3 * TOKENS // 4:] = False
    mask = mask[:, None, None]

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bfloat16"):
            p, u, w, grid = model(views, ids, mask)
        loss = objective(model, p, u, w, grid)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "profile":
            with torch.profiler.profile() as profiler:
                step()
            print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=25), "\nend of profile", flush=True)
            continue
        start, cpu = time.perf_counter(), time.process_time()
        loss = step()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"seconds": round(seconds, 4), "cpu": round(cpu, 4), "loss": round(loss, 5), "peakMiB": peak}),
              flush=True)


if __name__ == "__main__":
    main()
