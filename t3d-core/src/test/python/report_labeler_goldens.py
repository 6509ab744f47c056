"""Small random classifiers of reports and what transformers makes of some texts.

Run from t3d-core: python src/test/python/report_labeler_goldens.py (PyTorch, transformers, tokenizers).

radbert: CT-RATE's RadBertClassifier (text_classifier/classifier.py of github.com/ibrahimethemhamamci/CT-CLIP at
  commit a2a155c), a RoBERTa under "model." with its pooler, a linear layer on top, 18 findings.
roberta: transformers' RobertaForSequenceClassification, whose dense layer is the classifier's own, 3 findings with names.
bert: transformers' BertForSequenceClassification, whose dense layer is the encoder's pooler, 3 findings with names.
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast
from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaModel, RobertaTokenizerFast

OUT = pathlib.Path("src/test/resources/golden/labeler")
TEXTS = [
    "Left pleural effusion with atelectasis of the lower lobe.",
    "No nodule.",
    "Heart size is normal, coronary artery wall calcification is seen. Emphysema in both upper lobes.",
]


def tokenizer_in(folder):
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet))
    bpe.model.save(str(folder))
    return RobertaTokenizerFast.from_pretrained(folder), bpe.get_vocab_size()


def folder_of(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def config_of(vocabulary, **more):
    return RobertaConfig(
        vocab_size=vocabulary, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
        max_position_embeddings=80, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        **more,
    )


def randomize(module):
    for p in module.parameters():
        torch.nn.init.normal_(p, 0, 0.6)
    return module.eval()


def write(folder, config, tokenizer, logits):
    (folder / "config.json").write_text(json.dumps(config.to_dict() | {"model_type": config.model_type}, indent=1) + "\n")
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
    with torch.no_grad():
        p = torch.sigmoid(logits(batch["input_ids"], batch["attention_mask"]))
    save_file({"probabilities": p.contiguous()}, folder / "expected.safetensors")
    (folder / "texts.json").write_text(json.dumps(TEXTS, indent=1) + "\n")


class RadBert(torch.nn.Module):
    def __init__(self, config, findings):
        super().__init__()
        self.model = RobertaModel(config)
        self.classifier = torch.nn.Linear(config.hidden_size, findings)

    def forward(self, ids, mask):
        return self.classifier(self.model(input_ids=ids, attention_mask=mask).pooler_output)


torch.manual_seed(3)
folder = folder_of("radbert")
tokenizer, size = tokenizer_in(folder)
config = config_of(size)
model = randomize(RadBert(config, 18))
torch.save(model.state_dict(), folder / "RadBertClassifier.pth")
write(folder, config, tokenizer, model)

folder = folder_of("roberta")
tokenizer, size = tokenizer_in(folder)
config = config_of(size, id2label={0: "effusion", 1: "nodule", 2: "mass"}, label2id={"effusion": 0, "nodule": 1, "mass": 2})
model = randomize(RobertaForSequenceClassification(config))
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})
write(folder, config, tokenizer, lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits)

folder = folder_of("bert")
words = sorted({w for text in TEXTS for w in text.lower().replace(",", " ,").replace(".", " .").split()})
(folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]) + "\n")
tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
config = BertConfig(
    vocab_size=5 + len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
    max_position_embeddings=80, id2label={0: "effusion", 1: "nodule", 2: "mass"}, label2id={"effusion": 0, "nodule": 1, "mass": 2},
)
model = randomize(BertForSequenceClassification(config))
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})
write(folder, config, tokenizer, lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits)
