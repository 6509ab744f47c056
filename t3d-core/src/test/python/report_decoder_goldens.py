"""Goldens of the report decoder: what HuggingFace's mBART decoder makes of the same weights.

Writes golden/generate/decoder.safetensors (weights under our names, inputs, logits) and
golden/generate/searches.json (greedy and beam search of transformers' generate()).

Run from t3d-core: python3 src/test/python/report_decoder_goldens.py   (torch, transformers)
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers import MBartConfig, MBartForCausalLM

OUT = pathlib.Path("src/test/resources/golden/generate")
WIDTH, VOCAB, POSITIONS, CHANNELS, GRID = 24, 13, 12, 10, (2, 1, 3)
BEGIN, END, PAD = 2, 3, 0


def positions():
    """Sines and cosines of z, y and x over the grid; the rest is zero."""
    f = WIDTH // 6
    omega = 10000 ** (-torch.arange(f, dtype=torch.float64) / f)
    rows = []
    for z in range(GRID[0]):
        for y in range(GRID[1]):
            for x in range(GRID[2]):
                parts = []
                for p in (z, y, x):
                    parts += [torch.sin(p * omega), torch.cos(p * omega)]
                row = torch.cat(parts)
                rows.append(torch.cat([row, torch.zeros(WIDTH - row.numel())]))
    return torch.stack(rows).float()


def main():
    torch.manual_seed(8)
    config = MBartConfig(
        vocab_size=VOCAB, d_model=WIDTH, decoder_layers=2, decoder_attention_heads=3,
        decoder_ffn_dim=20, max_position_embeddings=POSITIONS, activation_function="gelu",
        dropout=0.0, attention_dropout=0.0, scale_embedding=False, pad_token_id=PAD,
        bos_token_id=BEGIN, eos_token_id=END, forced_eos_token_id=None, use_cache=True,
        is_decoder=True, add_cross_attention=True, tie_word_embeddings=True)
    model = MBartForCausalLM(config).eval()
    for name, p in model.named_parameters():
        # Position and layers speak louder than the token that came last: texts vary and end.
        loud = any(part in name for part in ("out_proj", "fc2", "embed_positions"))
        gain = "norm" in name and name.endswith("weight")
        torch.nn.init.normal_(p, mean=1.0 if gain else 0.0, std=1.0 if loud else 0.3)
    projection = torch.nn.Linear(CHANNELS, WIDTH)
    norm = torch.nn.LayerNorm(WIDTH, eps=1e-5)
    for p in [*projection.parameters(), *norm.parameters()]:
        torch.nn.init.normal_(p, std=0.5)

    batch, length = 3, 7
    visual = torch.randn(batch, GRID[0] * GRID[1] * GRID[2], CHANNELS)
    ids = torch.randint(4, VOCAB, (batch, length))
    ids[:, 0] = BEGIN
    with torch.no_grad():
        memory = norm(projection(visual)) + positions()
        logits = model(input_ids=ids, encoder_hidden_states=memory).logits

    state = {}
    for name, value in model.model.decoder.state_dict().items():
        # mBART leaves the first two rows of its positions unused.
        state[name] = value[2:].clone() if name == "embed_positions.weight" else value.clone()
    for prefix, module in (("visual_proj", projection), ("visual_norm", norm)):
        for name, value in module.state_dict().items():
            state[f"{prefix}.{name}"] = value.clone()
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({**{"state." + k: v.contiguous() for k, v in state.items()},
               "visual": visual, "ids": ids, "logits": logits},
              str(OUT / "decoder.safetensors"))

    searches = []
    banned = [[t] for t in (PAD, 1, BEGIN)]  # as ours: no special token but the end
    for beams, penalty in ((1, 1.0), (2, 1.0), (3, 0.0), (4, 2.0), (3, -1.0)):
        out = model.generate(
            input_ids=ids[:, :1], encoder_hidden_states=memory, max_new_tokens=POSITIONS - 1,
            num_beams=beams, length_penalty=penalty, do_sample=False, early_stopping=False,
            bad_words_ids=banned, renormalize_logits=True, use_cache=False)
        rows = []
        for row in out[:, 1:].tolist():
            rows.append(row[: row.index(END) + 1] if END in row else row)
        searches.append({"beams": beams, "lengthPenalty": penalty, "tokens": rows})
    (OUT / "searches.json").write_text(json.dumps(
        {"transformers": transformers.__version__, "searches": searches}, indent=1) + "\n")
    print("\n".join(json.dumps(s) for s in searches))


main()
