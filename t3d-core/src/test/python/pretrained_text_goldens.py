"""Tiny HuggingFace folders of BERT and RoBERTa, in the forms in which weights are published, and what transformers
makes of them: referees for Pretrained.loadText, HuggingFaceFolder and ReportTokenizer.

    python3 t3d-core/src/test/python/pretrained_text_goldens.py

bert-safetensors    config.json, vocab.txt (no tokenizer.json), model.safetensors with `bert.` and heads
bert-sharded        the same weights in two shards with an index, tokenizer.json
bert-bin            pytorch_model.bin (zip), names of 2018: gamma and beta
bert-bin-old        pytorch_model.bin (stream of before 1.6), float16
roberta-bin         vocab.json and merges.txt, pytorch_model.bin (zip) with `roberta.`, lm_head and tied weights
Each folder has expected.safetensors: ids, mask and last hidden states of REPORTS.
"""

import collections
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizerFast,
)

OUT = Path(__file__).parent / "../resources/golden/pretrained"
REPORTS = [
    "Small pleural effusion on the left.",
    "No nodule. 7mm CYST in the right kidney, unchanged; clinical correlation is advised",
    "Café-sized opacity!",
]
WORDS = (
    "small pleural effusion on the left no nodule 7 mm cyst in right kidney unchanged clinical correlation is "
    "advised opacity . , ; ! - sized cafe"
)
SIZES = dict(
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=24,
    max_position_embeddings=40,
)


def randomize(model):
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.3)
    return model.eval()


def expected(folder, encoder, tokenizer):
    batch = tokenizer(REPORTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        tokens = encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    save_file(
        {"ids": batch["input_ids"], "mask": batch["attention_mask"], "tokens": tokens.contiguous()},
        folder / "expected.safetensors",
    )


def fresh(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_config(folder, config, **changes):
    keys = "vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size max_position_embeddings"
    keys += " type_vocab_size hidden_act layer_norm_eps pad_token_id model_type"
    values = {k: getattr(config, k) for k in keys.split()} | changes
    (folder / "config.json").write_text(json.dumps(values, indent=2) + "\n")


def bert():
    torch.manual_seed(11)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS.split() + [chr(c) for c in range(97, 123)]
    words += ["##" + chr(c) for c in range(97, 123)] + ["##mm"]
    vocab = list(dict.fromkeys(words))
    config = BertConfig(vocab_size=len(vocab), type_vocab_size=2, **SIZES)
    model = randomize(BertForPreTraining(config))
    folder = fresh("bert-safetensors")
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    state = {k: v.contiguous().clone() for k, v in model.state_dict().items()}
    state["bert.embeddings.position_ids"] = torch.arange(40).unsqueeze(0)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    write_config(folder, config)
    expected(folder, model.bert, tokenizer)

    folder = fresh("bert-sharded")
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    names = sorted(state)
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    index = {"metadata": {"total_size": 0}, "weight_map": {}}
    for i, half in enumerate(halves):
        shard = f"model-0000{i + 1}-of-00002.safetensors"
        save_file({k: state[k] for k in half}, folder / shard, {"format": "pt"})
        index["weight_map"] |= {k: shard for k in half}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    write_config(folder, config)
    expected(folder, model.bert, tokenizer)

    old = collections.OrderedDict()
    for name, value in model.state_dict().items():
        old[name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = value
    folder = fresh("bert-bin")
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    torch.save(old, folder / "pytorch_model.bin")
    write_config(folder, config)
    expected(folder, model.bert, tokenizer)

    halves = collections.OrderedDict((k, v.half()) for k, v in model.bert.state_dict().items())
    folder = fresh("bert-bin-old")
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    torch.save(halves, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    write_config(folder, config)
    model.bert.load_state_dict({k: v.float() for k, v in halves.items()})
    expected(folder, model.bert, tokenizer)


def roberta():
    torch.manual_seed(12)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(REPORTS * 3, trainers.BpeTrainer(vocab_size=340, special_tokens=special, initial_alphabet=alphabet))
    folder = fresh("roberta-bin")
    bpe.model.save(str(folder))  # vocab.json, merges.txt
    tokenizer = RobertaTokenizerFast.from_pretrained(folder)
    config = RobertaConfig(
        vocab_size=bpe.get_vocab_size(), type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, **SIZES
    )
    model = randomize(RobertaForMaskedLM(config))
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    write_config(folder, config)
    expected(folder, model.roberta, tokenizer)


bert()
roberta()
for file in sorted(OUT.rglob("*")):
    if file.is_file():
        print(file.relative_to(OUT), file.stat().st_size)
