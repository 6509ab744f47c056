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


def swapped(views, prototypes, config):
    k = prototypes.shape[0]
    globals_ = [v for v in range(len(views)) if views[v]["kind"] == "GLOBAL"]
    pairs = [
        (a, b) for a in globals_ for b in range(len(views)) if a != b
    ]
    b_size = views[0]["embedding"].shape[0]
    terms, divergences = {}, []
    for level in ("view", "token"):
        if config["levels"] not in (level.upper(), "BOTH"):
            continue
        visual = "embedding" if level == "view" else "tokens"
        stacked, owner = [], []
        for a in globals_:
            rows = views[a][visual].detach().reshape(b_size, -1, prototypes.shape[1])
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


def three_views(b=3):
    torch.manual_seed(7)
    e = 6
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
        })
    return views, leaf(F.normalize(torch.randn(5, e), dim=1))


def prototype_cases():
    base = {
        "count": 5, "epsilon": 0.05, "iterations": 3, "temperature": 0.1, "viewWeight": 1.0,
        "tokenWeight": 0.5, "entropyWeight": 0.2, "levels": "BOTH",
    }
    changes = (
        {}, {"levels": "VIEW"}, {"levels": "TOKEN"},
        {"temperature": 0.01, "epsilon": 0.03, "iterations": 5},
    )
    views, prototypes = three_views()
    cases = []
    for change in changes:
        config = {**base, **change}
        total, terms = swapped(views, prototypes, config)
        cases.append({"config": config, **outcome(total, terms, views, {"prototypes": prototypes})})
    write("prototypes.json", {"views": inputs(views), "prototypes": flat(prototypes), "cases": cases})


ARRAYS = ("embedding", "tokens")


def outcome(total, terms, views, others):
    """Value, parts and gradients; of the views only those that are not zero throughout."""
    leaves = list(others.values()) + [v[name] for v in views for name in ARRAYS]
    grads = torch.autograd.grad(total, leaves, allow_unused=True)
    grads = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, leaves)]
    of_views = iter(grads[len(others):])
    per_view = [{name: flat(next(of_views)) for name in ARRAYS} for _ in views]
    return {
        "total": total.item(),
        "parts": {name: value.item() for name, value in terms.items()},
        "gradients": [{n: g for n, g in view.items() if any(g["data"])} for view in per_view],
        **{name + "Gradient": flat(g) for name, g in zip(others, grads)},
    }


def inputs(views):
    return [
        {key: flat(value) if torch.is_tensor(value) else value for key, value in view.items()}
        for view in views
    ]


def gathered(tokens, query, temperature):
    """The mean of tokens by their likeness to a query, at unit length."""
    weights = torch.softmax(
        torch.stack([F.normalize(p, dim=0) @ query for p in tokens]) / temperature, 0
    )
    return F.normalize(sum(w * p for w, p in zip(weights, tokens)), dim=0)


def told_apart(scores, sentences, patients):
    """Half: each sentence finds its volume; half: each volume tells its sentence from others'."""
    b = len(patients)
    total = 0
    for t, (owner, stands_in) in enumerate(sentences):
        rivals = [
            i for i in range(b)
            if i != owner and i not in stands_in and patients[i] != patients[owner]
        ]
        total = total - 0.5 * (
            scores[owner][t] - torch.logsumexp(torch.stack([scores[i][t] for i in [owner] + rivals]), 0)
        )
        others = [
            u for u, (other, also_in) in enumerate(sentences)
            if other != owner and owner not in also_in and patients[other] != patients[owner]
        ]
        total = total - 0.5 * (
            scores[owner][t] - torch.logsumexp(torch.stack([scores[owner][u] for u in [t] + others]), 0)
        )
    return total / len(sentences)


def nt_xent(first, second, patients, temperature):
    b = len(patients)
    z = [F.normalize(x, dim=0) for x in list(first) + list(second)]
    total = 0
    for i in range(2 * b):
        partner = (i + b) % (2 * b)
        seen = [k for k in range(2 * b) if k == partner or patients[k % b] != patients[i % b]]
        logits = torch.stack([z[i] @ z[k] / temperature for k in seen])
        total = total - (logits[seen.index(partner)] - torch.logsumexp(logits, 0))
    return total / (2 * b)


def tma(views, queries, sentences, scale, patients, config):
    b = len(patients)
    used = [v for v in views if v["kind"] == "GLOBAL" or config["localViews"]]
    z = [
        [[gathered(v["tokens"][i], q, config["gatherTemperature"]) for q in queries] for i in range(b)]
        for v in used
    ]  # [view][volume][sentence]
    terms = {}
    if config["localWeight"] > 0:
        terms["local"] = sum(
            told_apart(
                [[za[i][t] @ q * scale.exp() for t, q in enumerate(queries)] for i in range(b)],
                sentences, patients,
            )
            for za in z
        ) / len(z)
    if config["sentenceWeight"] > 0:
        terms["sentence"] = sum(
            told_apart(
                [[v["embedding"][i] @ q * scale.exp() for q in queries] for i in range(b)],
                sentences, patients,
            )
            for v in used
        ) / len(used)
    if config["consistencyWeight"] > 0:
        total, count = 0, 0
        for a in range(len(z)):
            for anchor in range(len(z)):
                if a == anchor:
                    continue
                for t, (owner, stands_in) in enumerate(sentences):
                    seen = [owner] + [
                        c for c in range(b)
                        if c != owner and c not in stands_in and patients[c] != patients[owner]
                    ]
                    logits = torch.stack([
                        z[anchor][owner][t] @ z[a][c][t] / config["consistencyTemperature"] for c in seen
                    ])
                    total = total - (logits[0] - torch.logsumexp(logits, 0)) / len(sentences)
                count += 1
        terms["consistency"] = total / count
    if config["viewWeight"] > 0:
        terms["view"] = nt_xent(
            views[0]["embedding"], views[1]["embedding"], patients, config["viewTemperature"]
        )
    total = sum(config[name + "Weight"] * value for name, value in terms.items())
    return total, terms


def tma_cases():
    base = {
        "gatherTemperature": 0.1, "localWeight": 1.0, "sentenceWeight": 0.5,
        "consistencyWeight": 0.5, "consistencyTemperature": 0.1, "viewWeight": 0.5,
        "viewTemperature": 0.1, "localViews": False,
    }
    no = {"localWeight": 0.0, "sentenceWeight": 0.0, "consistencyWeight": 0.0, "viewWeight": 0.0}
    changes = (
        {}, {**no, "localWeight": 1.0}, {**no, "sentenceWeight": 2.0}, {**no, "consistencyWeight": 1.0},
        {**no, "viewWeight": 1.0}, {"localViews": True},
        {"gatherTemperature": 0.01, "consistencyTemperature": 0.05, "viewTemperature": 0.05},
    )
    # Owner, and the volumes in whose report the sentence stands; volumes 1 and 3 are of one patient.
    sentences = [(0, [0]), (0, [0, 2]), (1, [1]), (2, [2]), (2, [0, 2]), (3, [3])]
    patients = ["p", "q", "r", "q"]
    views, _ = three_views(4)
    torch.manual_seed(11)
    queries = leaf(F.normalize(torch.randn(len(sentences), 6), dim=1))
    cases = []
    for change in changes:
        config = {**base, **change}
        scale = leaf(torch.tensor(2.6592))
        total, terms = tma(views, queries, sentences, scale, patients, config)
        cases.append(
            {"config": config, **outcome(total, terms, views, {"queries": queries, "scale": scale})}
        )
    write("tma.json", {
        "views": inputs(views), "queries": flat(queries), "scale": 2.6592, "patients": patients,
        "owners": [o for o, _ in sentences], "standsIn": [s for _, s in sentences], "cases": cases,
    })


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    contrastive()
    sinkhorn()
    clusters()
    prototype_cases()
    tma_cases()
