"""Golden values of the baselines' losses from PyTorch, float64, after the papers' own listings.

    python make_baseline_goldens.py     # writes ../resources/golden/losses/{siglip,ntxent,vicreg}.json
"""

import torch
import torch.nn.functional as F
from make_goldens import flat, leaf, write


def siglip(image, text, log_scale, bias, patients):
    # Zhai et al. 2023, algorithm 1: one log sigmoid per pair.
    b = len(patients)
    total = 0
    for i in range(b):
        for j in range(b):
            if i != j and patients[i] == patients[j]:
                continue
            label = 1.0 if i == j else -1.0
            total = total - F.logsigmoid(label * (image[i] @ text[j] * log_scale.exp() + bias))
    return total / b


def siglip_cases():
    cases = []
    for seed, scale, bias, patients in (
        (0, 2.302585, -10.0, "abcde"),
        (1, 2.302585, -1.386, "abcab"),
        (2, 4.60517, -2.0, "abcde"),
        (3, 4.60517, 40.0, "aabbc"),
    ):
        torch.manual_seed(seed)
        image = leaf(F.normalize(torch.randn(5, 7), dim=1))
        text = leaf(F.normalize(torch.randn(5, 7), dim=1))
        log_scale, offset = leaf(torch.tensor(scale)), leaf(torch.tensor(bias))
        loss = siglip(image, text, log_scale, offset, patients)
        loss.backward()
        cases.append({
            "image": flat(image), "text": flat(text), "logitScale": scale, "bias": bias,
            "patients": list(patients), "loss": loss.item(),
            "imageGradient": flat(image.grad), "textGradient": flat(text.grad),
            "logitScaleGradient": log_scale.grad.item(), "biasGradient": offset.grad.item(),
        })
    write("siglip.json", cases)


def nt_xent(first, second, temperature, patients):
    # Chen et al. 2020, eq. 1, by PyTorch's cross entropy over the views that count.
    b = len(patients)
    z = torch.cat([first, second])
    who = list(patients) * 2
    losses = []
    for i in range(2 * b):
        partner = (i + b) % (2 * b)
        keep = [k for k in range(2 * b) if k == partner or who[k] != who[i]]
        logits = F.cosine_similarity(z[i : i + 1], z[keep]) / temperature
        losses.append(F.cross_entropy(logits[None], torch.tensor([keep.index(partner)])))
    return torch.stack(losses).mean()


def two_views(seed, b=5, f=6):
    torch.manual_seed(seed)
    first = torch.randn(b, f)
    return leaf(first), leaf(first + 0.5 * torch.randn(b, f))


def nt_xent_cases():
    cases = []
    for seed, temperature, patients in ((0, 0.5, "abcde"), (1, 0.1, "abcab"), (2, 0.01, "abcde")):
        first, second = two_views(seed)
        loss = nt_xent(first, second, temperature, patients)
        loss.backward()
        cases.append({
            "first": flat(first), "second": flat(second), "temperature": temperature,
            "patients": list(patients), "loss": loss.item(),
            "firstGradient": flat(first.grad), "secondGradient": flat(second.grad),
        })
    write("ntxent.json", cases)


def off_diagonal(x):
    n = x.shape[0]
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


def vicreg(x, y):
    # The authors' main_vicreg.py, VICReg.forward.
    b, f = x.shape
    repr_loss = F.mse_loss(x, y)
    x = x - x.mean(dim=0)
    y = y - y.mean(dim=0)
    std_x = torch.sqrt(x.var(dim=0) + 0.0001)
    std_y = torch.sqrt(y.var(dim=0) + 0.0001)
    std_loss = torch.mean(F.relu(1 - std_x)) / 2 + torch.mean(F.relu(1 - std_y)) / 2
    cov_x = (x.T @ x) / (b - 1)
    cov_y = (y.T @ y) / (b - 1)
    cov_loss = off_diagonal(cov_x).pow(2).sum().div(f) + off_diagonal(cov_y).pow(2).sum().div(f)
    return repr_loss, std_loss, cov_loss


def vicreg_cases():
    cases = []
    for seed, scale, weights in ((0, 1.0, (25, 25, 1)), (1, 0.3, (25, 25, 1)), (2, 1.0, (1, 0.5, 2))):
        first, second = two_views(seed)
        first, second = leaf(first.detach() * scale), leaf(second.detach() * scale)
        parts = vicreg(first, second)
        loss = sum(w * p for w, p in zip(weights, parts))
        loss.backward()
        cases.append({
            "first": flat(first), "second": flat(second), "weights": list(weights),
            "loss": loss.item(), "invariance": parts[0].item(), "variance": parts[1].item(),
            "covariance": parts[2].item(),
            "firstGradient": flat(first.grad), "secondGradient": flat(second.grad),
        })
    write("vicreg.json", cases)


if __name__ == "__main__":
    siglip_cases()
    nt_xent_cases()
    vicreg_cases()
