"""Tiny random BERT and RoBERTa of HuggingFace transformers as referees for TransformerTextEncoder.

    python3 t3d-core/src/test/python/bert_golden.py

Writes weights, ids, mask and outputs. The padded positions' outputs mean nothing and are not compared.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

OUT = Path(__file__).parent / "../resources/golden/bert"
SIZES = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=24,
    max_position_embeddings=14,
)


def golden(model, pad: int, name: str) -> None:
    with torch.no_grad():
        for p in model.parameters():  # HuggingFace starts biases at 0: make every weight matter
            p.normal_(0, 0.3)
    ids = torch.randint(5, 40, (3, 10))
    lengths = [10, 7, 3]
    mask = torch.zeros(3, 10, dtype=torch.int64)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
        ids[row, length:] = pad
    with torch.no_grad():
        tokens = model.eval()(input_ids=ids, attention_mask=mask).last_hidden_state
    arrays = {k: v.contiguous() for k, v in model.state_dict().items()}
    arrays |= {"golden.ids": ids, "golden.mask": mask, "golden.tokens": tokens.contiguous()}
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(arrays, OUT / f"{name}.safetensors")


torch.manual_seed(7)
golden(BertModel(BertConfig(**SIZES, type_vocab_size=2), add_pooling_layer=False), 0, "bert")
roberta = RobertaConfig(**SIZES, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)
golden(RobertaModel(roberta, add_pooling_layer=False), 1, "roberta")
