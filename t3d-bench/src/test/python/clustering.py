"""The clustering of TMA as one would write it in PyTorch; the twin of Clustering.java.

Sinkhorn as in SwAV's main_swav.py, tokens matched by cdist and argmin, gather, log_softmax, autograd.
"""

import torch
import torch.nn.functional as F

EPSILON, ITERATIONS, TEMPERATURE, ENTROPY_WEIGHT = 0.05, 3, 0.1, 0.1


def inputs(pairs, grid, prototypes, dim):
    """Two global views per pair, one flipped, that share about half of their tokens."""
    torch.manual_seed(7)
    d, h, w = grid
    affines = []
    for view in range(2):
        rows = []
        for _ in range(pairs):
            step = torch.tensor([w, h, d]).reciprocal() * 150 * (1 + 0.2 * torch.rand(3))
            flip = -1.0 if view else 1.0
            start = torch.rand(3) * 40 + torch.tensor([view * step[0] * (w - 1), 0, 0])
            direction = step * torch.tensor([flip, 1.0, 1.0])
            rows.append(torch.cat([torch.diag(direction), start[:, None]], 1))
        affines.append(torch.stack(rows))
    n = d * h * w
    centres = F.normalize(torch.randn(prototypes, dim), dim=1)
    tensors = {
        "grid": torch.tensor(grid),
        "prototypes": centres,
        "similarities": torch.rand(2 * pairs * n, prototypes) * 2 - 1,
    }
    for view in range(2):
        tensors[f"affines{view}"] = affines[view].contiguous()
        # Near some prototype each, as trained features are.
        near = centres[torch.randint(prototypes, (pairs, n))]
        tensors[f"visual{view}"] = 3 * (near + 0.05 * torch.randn(pairs, n, dim))
    tensors["tokens"] = torch.cat([tensors["visual0"], tensors["visual1"]])
    tensors["probe"] = torch.randn(2 * pairs, prototypes, dim)
    return tensors


def sinkhorn(scores):
    q = torch.exp(scores / EPSILON).t()
    k, b = q.shape
    q /= q.sum()
    for _ in range(ITERATIONS):
        q /= q.sum(dim=1, keepdim=True)
        q /= k
        q /= q.sum(dim=0, keepdim=True)
        q /= b
    return (q * b).t()


def match(grid, affines_from, affines_to):
    """Index (B, N) of the nearest token of the other view, and whether it is within half a token."""
    d, h, w = (int(x) for x in grid)
    z, y, x = torch.meshgrid(*(torch.arange(float(s)) for s in (d, h, w)), indexing="ij")
    index = torch.stack([x, y, z], -1).reshape(-1, 3)  # (N, 3)
    world = index @ affines_from[:, :, :3].transpose(1, 2) + affines_from[:, None, :, 3]  # (B, N, 3)
    local = torch.linalg.solve(
        affines_to[:, :, :3], (world - affines_to[:, None, :, 3]).transpose(1, 2)
    ).transpose(1, 2)  # (B, N, 3), in tokens of the other view
    nearest = torch.cdist(local, index.expand(len(local), -1, -1)).argmin(2)  # (B, N)
    inside = ((local - index[nearest]).abs() <= 0.5).all(2)
    return nearest, inside.float()


def gather(assignments, index):
    return assignments.gather(1, index[:, :, None].expand(-1, -1, assignments.shape[2]))


def assign(tensors):
    """Assignments of all tokens, and how evenly their nearest prototypes are used."""
    rows = torch.cat([tensors[f"visual{v}"].flatten(0, 1) for v in range(2)])
    scores = F.normalize(rows, dim=1) @ tensors["prototypes"].t()
    share = F.one_hot(scores.argmax(1), scores.shape[1]).float().mean(0)
    return sinkhorn(scores), torch.exp(-torch.xlogy(share, share).sum())


def token_level(tensors):
    """Loss and its gradients (visual tokens of both views, prototypes)."""
    leaves = [tensors[n].detach().requires_grad_() for n in ("visual0", "visual1", "prototypes")]
    prototypes = leaves[2]
    with torch.no_grad():
        q, usage = assign(tensors)
    shape = (2, *tensors["visual0"].shape[:2], -1)
    q = q.reshape(shape)
    loss, matched, mean = 0, 0, 0
    for a, b in ((0, 1), (1, 0)):
        index, mask = match(tensors["grid"], tensors[f"affines{b}"], tensors[f"affines{a}"])
        log_p = F.log_softmax(F.normalize(leaves[b], dim=2) @ prototypes.t() / TEMPERATURE, 2)
        loss = loss - ((gather(q[a], index) * log_p).sum(2) * mask).sum()
        matched = matched + mask.sum()
        mean = mean + log_p.exp().mean((0, 1)) / 2
    entropy = (mean * mean.log()).sum() + torch.log(torch.tensor(float(len(prototypes))))
    total = loss / matched + ENTROPY_WEIGHT * entropy
    total.backward()
    return [total.detach(), usage, matched / mask.numel() / 2, *(x.grad for x in leaves)]


def gather_tokens(tokens, queries, probe):
    """Tokens gathered around the queries, and the gradients of both."""
    tokens, queries = (x.detach().requires_grad_() for x in (tokens, queries))
    keys = F.normalize(tokens, dim=-1)
    weights = torch.softmax(torch.einsum("bne,te->btn", keys, queries) / TEMPERATURE, -1)
    gathered = F.normalize(torch.einsum("btn,bne->bte", weights, tokens), dim=-1)
    (gathered * probe).sum().backward()
    return [gathered.detach(), tokens.grad, queries.grad]


STAGES = {
    "sinkhorn": lambda t: [sinkhorn(t["similarities"])],
    "assign": lambda t: list(assign(t)),
    "match": lambda t: list(match(t["grid"], t["affines1"], t["affines0"])),
    "token-level": token_level,
    "gather": lambda t: gather_tokens(t["tokens"], t["prototypes"], t["probe"]),
    "gather-whole": lambda t: gather_tokens(
        t["tokens"].flatten(0, 1)[None], t["prototypes"], t["probe"][:1]
    ),
}
