"""Golden values of Dice + cross-entropy from a transcription of MONAI's DiceCELoss, float64.

MONAI 1.4: monai/losses/dice.py, DiceLoss.forward with softmax=True, to_onehot_y=True, reduction
"mean", and DiceCELoss.forward. MONAI itself is not needed.

    python make_dice_golden.py        # writes ../resources/golden/losses/dice_ce.json
"""

import json
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "losses" / "dice_ce.json"
torch.set_default_dtype(torch.float64)


def dice_loss(input, target, include_background, batch, smooth_nr, smooth_dr):
    n_pred_ch = input.shape[1]
    input = torch.softmax(input, 1)
    target = F.one_hot(target[:, 0], n_pred_ch).movedim(-1, 1).to(input.dtype)
    if not include_background:
        target = target[:, 1:]
        input = input[:, 1:]
    reduce_axis = torch.arange(2, len(input.shape)).tolist()
    if batch:
        reduce_axis = [0] + reduce_axis
    intersection = torch.sum(target * input, dim=reduce_axis)
    ground_o = torch.sum(target, dim=reduce_axis)
    pred_o = torch.sum(input, dim=reduce_axis)
    denominator = ground_o + pred_o
    f = 1.0 - (2.0 * intersection + smooth_nr) / (denominator + smooth_dr)
    return torch.mean(f)


def dice_ce(input, target, include_background, batch, nr, dr, lambda_dice, lambda_ce):
    dice = dice_loss(input, target, include_background, batch, nr, dr)
    ce = F.cross_entropy(input, target[:, 0])
    return lambda_dice * dice + lambda_ce * ce


def main():
    cases = []
    for seed, background, batch, nr, dr, ld, lc, scale, classes in (
        (0, True, False, 1e-5, 1e-5, 1.0, 1.0, 1.0, 3),
        (1, False, False, 1e-5, 1e-5, 1.0, 1.0, 1.0, 4),
        (2, True, True, 1e-5, 1e-5, 1.0, 1.0, 2.0, 3),
        (3, False, True, 0.0, 1e-6, 0.5, 2.0, 1.0, 3),
        (4, True, False, 1.0, 1.0, 1.0, 0.0, 100.0, 3),  # saturated
    ):
        torch.manual_seed(seed)
        logits = (torch.randn(2, classes, 3, 2, 4) * scale).float().double().requires_grad_(True)
        # The last class is absent from the second sample.
        target = torch.randint(0, classes, (2, 1, 3, 2, 4))
        target[1] = target[1].clamp(max=classes - 2)
        loss = dice_ce(logits, target, background, batch, nr, dr, ld, lc)
        loss.backward()
        cases.append(
            {
                "includeBackground": background,
                "batch": batch,
                "smoothNumerator": nr,
                "smoothDenominator": dr,
                "diceWeight": ld,
                "crossEntropyWeight": lc,
                "logits": flat(logits),
                "target": flat(target[:, 0]),
                "loss": loss.item(),
                "gradient": flat(logits.grad),
            }
        )
    OUT.write_text(json.dumps(cases) + "\n")


def flat(x):
    return {"shape": list(x.shape), "data": [round(v, 9) for v in x.detach().flatten().tolist()]}


if __name__ == "__main__":
    main()
