"""Files that training scripts write: the model beside its optimizer, a scheduler and counters. Only the model is wanted.

    python3 t3d-core/src/test/python/training_checkpoint_goldens.py

trainer.pt        {model, optimizer, scheduler, steps: tensor, epoch: tensor, device, dtype, best and history of NumPy}
trainer-deep.pt   {checkpoint: {state_dict, step: tensor}, version}, before PyTorch 1.6's zip
Each model is {weight: (2, 3) of 0 … 5, bias: (2) of 7, 8}.
"""

import collections
from pathlib import Path

import numpy as np
import torch

OUT = Path(__file__).parent / "../resources/golden/pretrained/training"
OUT.mkdir(parents=True, exist_ok=True)

model = torch.nn.Linear(3, 2)
with torch.no_grad():
    model.weight.copy_(torch.arange(6.0).reshape(2, 3))
    model.bias.copy_(torch.tensor([7.0, 8.0]))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.0)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4])
model(torch.ones(1, 3)).sum().backward()
optimizer.step()
scheduler.step()
torch.save(
    {
        "steps": torch.tensor([12]),
        "epoch": torch.tensor(3),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "device": torch.device("cuda", 0),
        "dtype": torch.float32,
        "best": np.float64(0.5),
        "history": np.arange(3.0),
        "model": model.state_dict(),
    },
    OUT / "trainer.pt",
)
torch.save(
    {
        "version": "1.0",
        "checkpoint": collections.OrderedDict(step=torch.tensor(4), state_dict=model.state_dict()),
    },
    OUT / "trainer-deep.pt",
    _use_new_zipfile_serialization=False,
)
