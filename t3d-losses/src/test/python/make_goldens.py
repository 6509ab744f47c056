"""Golden values of the losses from an independent implementation in PyTorch, float64.

Written from the formulas of the papers, not from the Java code: Sinkhorn in the linear domain as in
SwAV's listing 1, tokens matched by searching all of the other view's tokens in world coordinates,
loops instead of array operations.

    python make_goldens.py        # writes ../resources/golden/losses/*.json
"""

import json
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "losses"
torch.set_default_dtype(torch.float64)


def flat(x):
    return {"shape": list(x.shape), "data": [round(v, 9) for v in x.detach().flatten().tolist()]}


def leaf(x):
    # Rounded to float32, so that Java starts from the same numbers.
    return x.float().double().requires_grad_(True)


def write(name, content):
    (OUT / name).write_text(json.dumps(content) + "\n")


def info_nce(image, text, log_scale, patients, smoothing):
    b = len(patients)
    total = 0
    for rows, columns in ((image, text), (text, image)):
        for i in range(b):
            allowed = [j for j in range(b) if j == i or patients[j] != patients[i]]
            logits = torch.stack([rows[i] @ columns[j] * log_scale.exp() for j in allowed])
            log_p = logits - torch.logsumexp(logits, 0)
            target = torch.full((len(allowed),), smoothing / len(allowed))
            target[allowed.index(i)] += 1 - smoothing
            total = total - (target * log_p).sum()
    return total / (2 * b)


def contrastive():
    cases = []
    for seed, scale, patients, smoothing in (
        (0, 2.6592, "abcde", 0.0),
        (1, 2.6592, "abcab", 0.0),
        (2, 4.60517, "abcde", 0.0),
        (3, 1.0, "aabbc", 0.1),
    ):
        torch.manual_seed(seed)
        image = leaf(F.normalize(torch.randn(5, 7), dim=1))
        text = leaf(F.normalize(torch.randn(5, 7), dim=1))
        log_scale = leaf(torch.tensor(scale))
        loss = info_nce(image, text, log_scale, patients, smoothing)
        loss.backward()
        cases.append({
            "image": flat(image), "text": flat(text), "logitScale": log_scale.item(),
            "patients": list(patients), "labelSmoothing": smoothing, "loss": loss.item(),
            "imageGradient": flat(image.grad), "textGradient": flat(text.grad),
            "logitScaleGradient": log_scale.grad.item(),
        })
    write("contrastive.json", cases)


def swav_sinkhorn(scores, epsilon, iterations):
    """distributed_sinkhorn of SwAV's main_swav.py, on one process."""
    q = torch.exp(scores / epsilon).t()
    k, b = q.shape
    q = q / q.sum()
    for _ in range(iterations):
        q = q / q.sum(1, keepdim=True) / k
        q = q / q.sum(0, keepdim=True) / b
    return (q * b).t()


def sinkhorn():
    cases = []
    for seed, n, k, epsilon, iterations in ((0, 12, 4, 0.05, 3), (1, 3, 8, 0.05, 3), (2, 6, 6, 0.2, 50)):
        torch.manual_seed(seed)
        scores = leaf(torch.rand(n, k) * 2 - 1)
        cases.append({
            "similarities": flat(scores), "epsilon": epsilon, "iterations": iterations,
            "assignments": flat(swav_sinkhorn(scores, epsilon, iterations)),
        })
    write("sinkhorn.json", cases)


def clusters():
    """Two parts assigned together; usage counts nearest prototypes."""
    torch.manual_seed(3)
    parts = [leaf(torch.randn(n, 5) * 4) for n in (7, 4)]
    prototypes = leaf(F.normalize(torch.randn(6, 5), dim=1))
    scores = torch.stack([F.normalize(x, dim=0) @ prototypes.t() for part in parts for x in part])
    share = [(scores.argmax(1) == k).double().mean() for k in range(6)]
    q = swav_sinkhorn(scores, 0.05, 3)
    write("clusters.json", {
        "features": [flat(p) for p in parts], "prototypes": flat(prototypes),
        "assignments": [flat(q[:7]), flat(q[7:])],
        "usage": torch.exp(-sum(p * p.log() for p in share if p > 0)).item(),
    })


def centres(view, pair):
    """World position of every token in (z, y, x) order."""
    d, h, w = view["grid"]
    m = torch.tensor(view["affines"][pair]).reshape(3, 4)
    return [
        m @ torch.tensor([x, y, z, 1.0]) for z in range(d) for y in range(h) for x in range(w)
    ]


def nearest(view_b, view_a, pair):
    """For each token of b the nearest token of a, or None outside of a's tokens."""
    m = torch.tensor(view_a["affines"][pair]).reshape(3, 4)
    world_a = centres(view_a, pair)
    out = []
    for p in centres(view_b, pair):
        distances = [torch.linalg.solve(m[:, :3], p - q).abs().max().item() for q in world_a]
        best = min(range(len(distances)), key=distances.__getitem__)
        out.append(best if distances[best] <= 0.5 else None)
    return out


def tma(views, prototypes, config):
    k = prototypes.shape[0]
    globals_ = [v for v in range(len(views)) if views[v]["kind"] == "GLOBAL"]
    pairs = [
        (a, b) for a in globals_ for b in range(len(views)) if (a != b) == config["multiView"]
    ]
    b_size = views[0]["embedding"].shape[0]
    terms, divergences = {}, []
    for level in ("view", "token"):
        if config["levels"] not in (level.upper(), "BOTH"):
            continue
        visual, fused = ("embedding", "fusedEmbedding") if level == "view" else ("tokens", "fusedTokens")
        source = fused if config["textInformed"] else visual
        stacked, owner = [], []
        for a in globals_:
            rows = views[a][source].detach().reshape(b_size, -1, prototypes.shape[1])
            for pair in range(b_size):
                for n in range(rows.shape[1]):
                    stacked.append(F.normalize(rows[pair, n], dim=0) @ prototypes.detach().t())
                    owner.append((a, pair, n))
        q = swav_sinkhorn(torch.stack(stacked), config["epsilon"], config["iterations"])
        q = dict(zip(owner, q))
        share = torch.bincount(torch.stack(stacked).argmax(1), minlength=k).double() / len(stacked)
        usage = torch.exp(-sum(p * p.log() for p in share if p > 0))

        predicted = {}
        for b in sorted({b for _, b in pairs}):
            rows = views[b][visual].reshape(b_size, -1, prototypes.shape[1])
            for pair in range(b_size):
                for n in range(rows.shape[1]):
                    logits = prototypes @ F.normalize(rows[pair, n], dim=0) / config["temperature"]
                    predicted[b, pair, n] = logits - torch.logsumexp(logits, 0)
        loss, count, tokens = 0, 0, 0
        for a, b in pairs:
            for pair in range(b_size):
                matches = [0] if level == "view" else nearest(views[b], views[a], pair)
                tokens += len(matches)
                for n, m in enumerate(matches):
                    if m is not None:
                        loss = loss - (q[a, pair, m] * predicted[b, pair, n]).sum()
                        count += 1
        terms[level] = loss / max(count, 1)
        terms[level + "_prototype_usage"] = usage
        if level == "token":
            terms["matched_tokens"] = torch.tensor(count / tokens)
        mean = torch.stack([p.exp() for p in predicted.values()]).mean(0)
        divergences.append((mean * (mean * k).log()).sum())
    terms["entropy"] = sum(divergences) / len(divergences)
    total = (
        config["viewWeight"] * terms.get("view", 0)
        + config["tokenWeight"] * terms.get("token", 0)
        + config["entropyWeight"] * terms["entropy"]
    )
    return total, terms


def tma_views():
    torch.manual_seed(7)
    b, e = 3, 6
    specs = [
        ("GLOBAL", (2, 3, 2), [10.0, 10.0, 20.0]),
        ("GLOBAL", (2, 2, 3), [10.0, 10.0, 20.0]),
        ("LOCAL", (2, 2, 2), [5.0, 5.0, 10.0]),
    ]
    views = []
    for kind, grid, step in specs:
        affines = []
        for _ in range(b):
            flip = torch.where(torch.rand(3) < 0.3, -1.0, 1.0)
            size = torch.tensor([grid[2], grid[1], grid[0]]) - 1
            step_t = torch.tensor(step)
            origin = torch.rand(3) * torch.tensor([12.0, 12.0, 24.0])
            # A flipped axis starts at its far end and runs back.
            start = torch.where(flip < 0, origin + size * step_t, origin)
            rows = torch.cat([torch.diag(flip * step_t), start[:, None]], 1)
            affines.append([round(v, 4) for v in rows.flatten().tolist()])
        n = grid[0] * grid[1] * grid[2]
        views.append({
            "kind": kind, "grid": grid, "affines": affines,
            "embedding": leaf(F.normalize(torch.randn(b, e), dim=1)),
            "tokens": leaf(torch.randn(b, n, e) * 3),
            "fusedEmbedding": leaf(F.normalize(torch.randn(b, e), dim=1)),
            "fusedTokens": leaf(torch.randn(b, n, e) * 3),
        })
    return views, leaf(F.normalize(torch.randn(5, e), dim=1))


def tma_cases():
    base = {
        "epsilon": 0.05, "iterations": 3, "temperature": 0.1, "viewWeight": 1.0, "tokenWeight": 0.5,
        "entropyWeight": 0.2, "textInformed": True, "multiView": True, "levels": "BOTH",
    }
    changes = (
        {}, {"textInformed": False}, {"multiView": False}, {"levels": "VIEW"}, {"levels": "TOKEN"},
        {"temperature": 0.01, "epsilon": 0.03, "iterations": 5},
    )
    arrays = ("embedding", "tokens", "fusedEmbedding", "fusedTokens")
    views, prototypes = tma_views()
    cases = []
    for change in changes:
        config = {**base, **change}
        leaves = [prototypes] + [v[name] for v in views for name in arrays]
        total, terms = tma(views, prototypes, config)
        grads = torch.autograd.grad(total, leaves, allow_unused=True)
        grads = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, leaves)]
        per_view = [
            {name: flat(grads[1 + 4 * v + i]) for i, name in enumerate(arrays)}
            for v in range(len(views))
        ]
        cases.append({
            "config": config, "total": total.item(),
            "parts": {name: value.item() for name, value in terms.items()},
            "prototypesGradient": flat(grads[0]),
            "gradients": [
                {n: g for n, g in view.items() if any(g["data"])} for view in per_view
            ],
        })
    inputs = [
        {key: flat(value) if torch.is_tensor(value) else value for key, value in view.items()}
        for view in views
    ]
    write("tma.json", {"views": inputs, "prototypes": flat(prototypes), "cases": cases})


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    contrastive()
    sinkhorn()
    clusters()
    tma_cases()
