"""A whole T3D training step in PyTorch, the twin of StepRunner.java: same layers, sizes, losses and optimizer.

step_reference.py resnet50|vit-base[-narrow] float32|bfloat16 [--contiguous] [--device gpu]

PyTorch's best settings: channels_last_3d, scaled_dot_product_attention with padding masks, both views in one
batch, fused AdamW, gradients set to None; with bfloat16, autocast. Random weights. Prints "ready", then runs
one step for every line on stdin and prints one line of JSON: seconds, processor seconds, loss, peak memory. The
line "profile" prints where the time goes, "count" the operations that compute, by the rule of OperationCounter.java;
"pairs 8" makes the batches after it that large.
"""
import argparse
import json
import math
import pathlib
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

PAIRS, VIEWS, SIZE, TOKENS, EMBED, DROPOUT = 2, 2, 96, 256, 512, 0.1
SENTENCES, SENTENCE_TOKENS = 4, 19  # of each report, as TmaConfig.defaults() and StepData.java
WIDTH, WORDS, STAGES = 768, 30522, (64, 128, 256, 512)
NO_KERNEL = pathlib.Path(__file__).parents[4] / "t3d-core/src/main/resources/io/t3d/core/torch/internal/no-kernel.txt"


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
    def __init__(self):
        super().__init__()
        self.channels = 4 * STAGES[3]
        self.conv1 = nn.Conv3d(1, STAGES[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm3d(STAGES[0])
        layers, channels = [], STAGES[0]
        for stage, (count, width) in enumerate(zip((3, 4, 6, 3), STAGES)):
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
    patch = (8, 16, 16)

    def __init__(self):
        super().__init__()
        self.channels = WIDTH
        self.grid = tuple(SIZE // p for p in self.patch)
        self.embed = nn.Linear(math.prod(self.patch), WIDTH)
        self.register_buffer("position", torch.randn(1, math.prod(self.grid), WIDTH) * 0.5)
        self.blocks = nn.Sequential(*[VitBlock(WIDTH, 12, 4 * WIDTH) for _ in range(12)])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x):
        (d, h, w), (pd, ph, pw) = self.grid, self.patch
        rows = x.view(-1, d, pd, h, ph, w, pw).permute(0, 1, 3, 5, 2, 4, 6).reshape(len(x), d * h * w, -1)
        return self.norm(self.blocks(self.embed(rows) + self.position)), self.grid


class BertLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.mlp = Attention(WIDTH, 12, dropout=DROPOUT), mlp(WIDTH, 4 * WIDTH)
        self.norm1, self.norm2, self.drop = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH), nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        x = self.norm1(x + self.drop(self.attention(x, x, mask)))
        return self.norm2(x + self.drop(self.mlp(x)))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(WORDS, WIDTH), nn.Embedding(512, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.norm, self.drop = nn.LayerNorm(WIDTH), nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(BertLayer() for _ in range(12))

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return x


class T3D(nn.Module):
    def __init__(self, vision):
        super().__init__()
        self.vision, self.text = vision, Bert()
        self.vision_projection = nn.Linear(vision.channels, EMBED, bias=False)
        self.text_projection = nn.Linear(WIDTH, EMBED, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.sentence_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def embed(self, ids, mask):
        return F.normalize(self.text_projection(self.text(ids, mask)[:, 0]).float(), dim=1)

    def forward(self, views, ids, mask, sentences, sentence_mask):
        h, _ = self.vision(views)
        p = self.vision_projection(h).float()  # (V·B, N, E)
        return p, self.embed(ids, mask), self.embed(sentences, sentence_mask)


def contrastive(v, w, scale):
    logits, target = v @ w.T * scale.exp(), torch.arange(len(v), device=v.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def gathered(p, q):
    """Tokens of every volume gathered around every sentence, (B, T, E)."""
    weights = torch.softmax(torch.einsum("bne,te->btn", F.normalize(p, dim=2), q) / 0.1, 2)
    return F.normalize(torch.einsum("btn,bne->bte", weights, p), dim=2)


def align(logits, owner):
    """Half: a sentence finds its volume among (B, T); half: it is told from the sentences of others."""
    find = F.cross_entropy(logits.T, owner)
    own = owner == torch.arange(len(logits), device=logits.device)[:, None]
    others = logits.masked_fill(own, -1e9).logsumexp(1, keepdim=True)
    return (find + F.softplus(others - logits)[own].mean()) / 2


def nt_xent(a, b):
    z = torch.cat([a, b])
    logits = (z @ z.T / 0.1).masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -1e9)
    return F.cross_entropy(logits, torch.arange(len(z), device=z.device).roll(len(a)))


def objective(model, p, w, q):
    p = p.chunk(VIEWS)  # (B, N, E) each
    v = [F.normalize(x.mean(1), dim=1) for x in p]
    owner = torch.arange(len(w), device=w.device).repeat_interleave(SENTENCES, output_size=len(q))
    scale = model.sentence_scale.exp()
    z = [gathered(x, q) for x in p]
    local = sum(align((x * q).sum(2) * scale, owner) for x in z) / VIEWS
    sentence = sum(align(x @ q.T * scale, owner) for x in v) / VIEWS
    anchors = [x[owner, torch.arange(len(owner), device=w.device)] for x in z]
    consistency = sum(F.cross_entropy((z[a] * anchors[1 - a]).sum(2).T / 0.1, owner) for a in range(VIEWS)) / VIEWS
    total = sum(contrastive(x, w, model.logit_scale) for x in v) / VIEWS
    return total + local + 0.5 * (sentence + consistency + nt_xent(*v))


def count(step):
    """Operations that compute, by part; one that is made of others counts as those, _foreach_ and _fused_ as one."""
    no_kernel = set(NO_KERNEL.read_text().split())
    parts, calls = {}, 0

    def kernels(event):
        nonlocal calls
        inner = [name for child in event.cpu_children for name in kernels(child)]
        if not event.name.startswith("aten::"):
            return inner
        calls += 1
        name = event.name.removeprefix("aten::")
        writes_alone = name not in no_kernel and set(inner) <= {"fill_", "zero_", "copy_"}
        return [name] if writes_alone or name.startswith(("_foreach_", "_fused_")) else inner

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        step()
    for event in profiler.events():
        if event.cpu_parent is None:
            part = event.name.removeprefix("part: ") if event.name.startswith("part: ") else "other"
            for name in kernels(event):
                names = parts.setdefault(part, {})
                names[name] = names.get(name, 0) + 1
    return {"total": sum(sum(names.values()) for names in parts.values()), "calls": calls, "parts": parts}


def part(name):
    return torch.profiler.record_function(f"part: {name}")


def main():
    global WIDTH, WORDS, STAGES, SIZE, EMBED
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", choices=("resnet50", "vit-base", "resnet50-narrow", "vit-base-narrow"))
    arguments.add_argument("precision", choices=("float32", "bfloat16"))
    arguments.add_argument("--contiguous", action="store_true", help="NCDHW: leave the weights and views as they are")
    arguments.add_argument("--device", default="cpu", help="cpu, gpu, gpu1")
    options = arguments.parse_args()
    torch.manual_seed(1)
    if options.model.endswith("-narrow"):  # as StepData.java has it
        WIDTH, WORDS, STAGES, SIZE, EMBED = 96, 4096, (8, 16, 32, 64), 32, 64
    device = torch.device(options.device.replace("gpu", "cuda:") if options.device[3:] else options.device.replace("gpu", "cuda"))
    model = T3D(ResNet50() if options.model.startswith("resnet50") else Vit()).to(device).train()
    if not options.contiguous:
        model = model.to(memory_format=torch.channels_last_3d)
    decay = [x for x in model.parameters() if x.dim() > 1]
    rest = [x for x in model.parameters() if x.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
                                  lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)
    def batch(pairs):
        mask = torch.ones(pairs, TOKENS, dtype=torch.bool)
        mask[1::2, 3 * TOKENS // 4:] = False
        views = torch.rand(VIEWS * pairs, 1, SIZE, SIZE, SIZE) * 2 - 1  # as a loader gives them
        return (views.pin_memory() if device.type == "cuda" else views,
                torch.randint(5, 1000, (pairs, TOKENS)), mask[:, None, None],
                torch.randint(5, 1000, (SENTENCES * pairs, SENTENCE_TOKENS)),
                torch.ones(SENTENCES * pairs, 1, 1, SENTENCE_TOKENS, dtype=torch.bool))

    now = batch(PAIRS)

    def step():
        arrays = [x.to(device, non_blocking=True) for x in now]
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bfloat16"):
            with part("forward"):
                p, w, q = model(*arrays)
        with part("losses, forward"):
            loss = objective(model, p, w, q)
        with part("backward pass"):
            loss.backward()
        with part("gradient norm and clipping"):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        with part("AdamW"):
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    print("ready", flush=True)
    for line in sys.stdin:
        if line.startswith("pairs "):
            now = batch(int(line.split()[1]))
            continue
        if line.strip() == "profile":
            with torch.profiler.profile() as profiler:
                step()
            print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=25), "\nend of profile", flush=True)
            continue
        if line.strip() == "count":
            print(json.dumps(count(step)), flush=True)
            continue
        start, cpu = time.perf_counter(), time.process_time()
        loss = step()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"seconds": round(seconds, 4), "cpu": round(cpu, 4), "loss": round(loss, 5), "peakMiB": peak}),
              flush=True)


if __name__ == "__main__":
    main()
