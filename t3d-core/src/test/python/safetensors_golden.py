"""Writes the golden file of SafetensorsTest with Python's safetensors. Run in t3d-core."""

import torch
from safetensors.torch import save_file

FOLDER = "src/test/resources/golden/safetensors/"

torch.manual_seed(1)
save_file(
    {
        "f32": torch.tensor([[1.5, -2.25, 3.0], [0.0, 1e-30, -1e30]]),
        "f64": torch.tensor([1.0 / 3.0, -1e-300], dtype=torch.float64),
        "f16": torch.tensor([0.5, -65504.0], dtype=torch.float16),
        "bf16": torch.tensor([1.0, -2.5, 3.140625], dtype=torch.bfloat16),
        "i64": torch.tensor([[1], [-(2**40)]], dtype=torch.int64),
        "i32": torch.tensor([7, -7], dtype=torch.int32),
        "u8": torch.tensor([0, 255, 3], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
    },
    FOLDER + "python.safetensors",
    metadata={"format": "pt", "note": "größer"},
)
