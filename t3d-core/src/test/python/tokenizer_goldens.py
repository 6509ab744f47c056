"""Folders of tokenizers with every setting that ReportTokenizer honours, and the ids that transformers makes of odd
texts: the referee for TokenizerGoldensTest.

    python3 t3d-core/src/test/python/tokenizer_goldens.py          # transformers 4.57.6, tokenizers 0.22.2

The vocabularies are small: a WordPiece one with accents, CJK and case, and a byte-level BPE trained on a few sentences.
"""

import json
import tempfile
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizerFast, RobertaTokenizerFast

OUT = Path(__file__).parent / "../resources/golden/tokenizers/cases.json"

SENTENCES = [
    "Small pleural effusion on the left, unchanged since the prior examination.",
    "No nodule. A 7.5 mm cyst lies in the right kidney; clinical correlation is advised.",
    "Findings: ground-glass opacity (GGO) in both lower lobes.",
    "Impression: Küçük şüpheli nodül, pulmonale Aufhellung, épanchement pleural à gauche.",
]
TEXTS = SENTENCES + [
    "NODUL Nodul nodul",
    "Küçük ŞÜPHE şüphe kucuk suphe",
    "Ku\u0308c\u0327u\u0308k s\u0327u\u0308phe",  # the same, decomposed
    "İstanbul ISTANBUL ıstanbul ǅ ﬁbrosis ﬀ ß ẞ Straße",
    "肺结节肺 结节 12mm肺结节 胸部CT検査：異常なし。",
    "ひらがな カタカナ ｶﾀｶﾅ ＦＵＬＬ　ＷＩＤＴＨ",
    "폐 결절 없음",
    "لا يوجد انصباب جنبي نُقْطَة",
    "הֲצָרוּת ריאה",
    "легкие без изменений ЁЙ ёй",
    "हृदय सामान्य",
    "a\u0000b\u0007c\u001fd\u007fe\u0085f",
    "soft\u00adhyphen zero\u200bwidth joiner\u200d non\u200cjoiner \ufeffbom \ufffd end",
    "tab\there new\nline carriage\r\nreturn form\ffeed vertical\vtab",
    "no\u00a0break thin\u2009space ideographic\u3000space line\u2028sep para\u2029sep",
    "  leading and trailing  ",
    " leading",
    "trailing ",
    "double  space   triple",
    "\n\nline breaks\n\n\nbetween\n",
    "3.5 x 4,2 cm ~ 10^3 <5 >= 6 +/- 1% 37°C ½ ² µm ±2 α-β",
    "under_score hyphen-ated e-mail@x.org http://a.b/c?d=e&f #tag $5 `code` |pipe| \\back\\",
    "“curly” ‘quotes’ «guillemets» … – — • ¿qué?",
    "emoji 🫁 👩‍⚕️ 😀😀 and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠀋",
    "x" * 100 + " " + "x" * 101,
    "[CLS] text [SEP] and [MASK] or [UNK] [PAD]",
    "<s>text</s> and <mask> or <unk><pad>",
    "no <mask>found , [MASK]found and[MASK] x",
    "[FINDINGS] ggo nodul",
    "[findings] GGO ggos aggo ggo. (ggo)",
    "a[FINDINGS]b [FINDINGS][FINDINGS]  ggo  x  [IMPRESSION] y",
    "the tree-in-bud sign, Tree-In-Bud, tree-in-buds",
    "I'm we'll it's don't 'tis",
    "1234567890 12mm 12 mm mm12",
    "A",
    ".",
    "é",
    "肺",
    "##dul nodul##",
]
LONG = " ".join(SENTENCES * 4)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpieces():
    words = "nodul nodule küçük kucuk şüphe suphe no 12 mm 12mm 肺 结 节 肺结节 the left small effusion pleural findings"
    words += " impression opacity kist in of x a is Small No Findings NODUL Nodul Küçük tree bud sign unchanged lower"
    words += " лег ##кие без 폐 결 ##절 ß ﬁ ist ##an ##bul ##dul ##uch ##ung ##mm é e\u0301 ½ ° µ 🫁 ひ ##ら ##が ##な"
    letters = [chr(c) for c in range(97, 123)] + [chr(c) for c in range(65, 91)] + [chr(c) for c in range(48, 58)]
    marks = list(".,;:!?()[]<>/-_'\"@#$%&*+=~^`|\\{}") + list("“”…–—•«»‘’¿")
    accents = list("üçşöäàáèıİğ") + ["##" + c for c in "üçşöäàéèığ"]
    pieces = SPECIAL + words.split() + letters + ["##" + c for c in letters] + marks + accents
    return list(dict.fromkeys(pieces))


VOCAB = wordpieces()
VOCAB_TXT = "\n".join(VOCAB) + "\n"


def byte_level():
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=360, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator(SENTENCES * 3, trainer)
    with tempfile.TemporaryDirectory() as folder:
        bpe.model.save(folder)
        return (Path(folder) / "vocab.json").read_text(), (Path(folder) / "merges.txt").read_text()


VOCAB_JSON, MERGES = byte_level()


def backend(cls, files, **changes):
    """The tokenizer.json of a folder, with changes at dotted paths."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        tree = json.loads(cls.from_pretrained(folder).backend_tokenizer.to_str())
    for path, value in changes.items():
        node = tree
        *parents, last = path.split("__")
        for parent in parents:
            node = node[parent]
        node[last] = value
    return tree


def bert_json(**changes):
    return backend(BertTokenizerFast, {"vocab.txt": VOCAB_TXT}, **changes)


def roberta_json(**changes):
    return backend(RobertaTokenizerFast, {"vocab.json": VOCAB_JSON, "merges.txt": MERGES}, **changes)


def token(content, **wishes):
    flags = dict(lstrip=False, rstrip=False, normalized=False, single_word=False, special=False)
    return {"content": content} | flags | wishes


N = len(VOCAB)
R = len(json.loads(VOCAB_JSON))
BERT = {"tokenizer_class": "BertTokenizer"}
ROBERTA = {"tokenizer_class": "RobertaTokenizer"}
ADDED = {"[FINDINGS]": N, "ggo": N + 1, "tree-in-bud": N + 2}
OTHER_NAMES = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"] + VOCAB
bert_txt = {"vocab.txt": VOCAB_TXT}
roberta_files = {"vocab.json": VOCAB_JSON, "merges.txt": MERGES}
ALL_FLAGS = {
    str(N): token("[FINDINGS]", special=True),
    str(N + 1): token("ggo", single_word=True, normalized=True),
    str(N + 2): token("[IMPRESSION]", lstrip=True, rstrip=True),
    str(N + 3): token("Tree-In-Bud", normalized=True),
    str(VOCAB.index("[MASK]")): token("[MASK]", lstrip=True, special=True),
}

CASES = {
    "uncased": bert_txt,
    "cased": bert_txt | {"tokenizer_config.json": BERT | {"do_lower_case": False}},
    "uncased, accents kept": bert_txt | {"tokenizer_config.json": BERT | {"strip_accents": False}},
    "cased, accents stripped": bert_txt
    | {"tokenizer_config.json": BERT | {"do_lower_case": False, "strip_accents": True}},
    "Chinese characters together": bert_txt | {"tokenizer_config.json": BERT | {"tokenize_chinese_chars": False}},
    "lines that end with CRLF": {"vocab.txt": VOCAB_TXT.replace("\n", "\r\n")},
    "added_tokens.json": bert_txt | {"added_tokens.json": ADDED},
    "added_tokens.json, cased": bert_txt
    | {"added_tokens.json": ADDED, "tokenizer_config.json": BERT | {"do_lower_case": False}},
    "added_tokens.json with a gap": bert_txt | {"added_tokens.json": {"[FINDINGS]": N + 9, "ggo": N + 20}},
    "added_tokens.json with a piece of the vocabulary": bert_txt | {"added_tokens.json": {"nodul": VOCAB.index("nodul")}},
    "added special tokens": bert_txt
    | {
        "added_tokens.json": ADDED,
        "special_tokens_map.json": {"additional_special_tokens": ["[FINDINGS]", "ggo"], "cls_token": "[CLS]"},
    },
    "special tokens that nothing numbers": bert_txt
    | {"special_tokens_map.json": {"additional_special_tokens": ["[IMPRESSION]", {"content": "ggo", "rstrip": True}]}},
    "extra special tokens": bert_txt
    | {"tokenizer_config.json": BERT | {"extra_special_tokens": {"findings_token": "[FINDINGS]"}}},
    "a mask with wishes": bert_txt
    | {"special_tokens_map.json": {"mask_token": token("[MASK]", lstrip=True, rstrip=True)}},
    "added_tokens_decoder": bert_txt
    | {"tokenizer_config.json": BERT | {"added_tokens_decoder": ALL_FLAGS}, "added_tokens.json": {"x": N}},
    "other special tokens": {
        "vocab.txt": "\n".join(OTHER_NAMES) + "\n",
        "special_tokens_map.json": dict(
            unk_token="<unk>", sep_token="</s>", pad_token="<pad>", cls_token="<s>", mask_token="<mask>"
        ),
    },
    "CXR-BERT": bert_txt
    | {
        "config.json": {"model_type": "cxr-bert", "vocab_size": N},
        "special_tokens_map.json": dict(
            unk_token="[UNK]", sep_token="[SEP]", pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]"
        ),
        "tokenizer_config.json": {
            "do_lower_case": True,
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
            "tokenize_chinese_chars": True,
            "strip_accents": None,
            "do_basic_tokenize": True,
            "never_split": None,
            "special_tokens_map_file": None,
            "tokenizer_class": "CXRBertTokenizer",
            "auto_map": {"AutoTokenizer": ["configuration_cxrbert.CXRBertTokenizer", None]},
        },
    },
    "json": {"tokenizer.json": bert_json(), "config.json": {"model_type": "bert"}},
    "json, cased by the settings": {
        "tokenizer.json": bert_json(),
        "tokenizer_config.json": BERT | {"do_lower_case": False},
    },
    "json, accents kept by the settings": {
        "tokenizer.json": bert_json(),
        "tokenizer_config.json": BERT | {"strip_accents": False},
    },
    "json, Chinese characters together": {
        "tokenizer.json": bert_json(),
        "tokenizer_config.json": BERT | {"tokenize_chinese_chars": False},
    },
    "json, cased, silent settings": {
        "tokenizer.json": bert_json(normalizer__lowercase=False, normalizer__strip_accents=False),
        "tokenizer_config.json": BERT,
    },
    "json, cased, without settings": {
        "tokenizer.json": bert_json(normalizer__lowercase=False),
        "config.json": {"model_type": "bert"},
    },
    "json, cased, as it is": {
        "tokenizer.json": bert_json(normalizer__lowercase=False, normalizer__clean_text=False),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
    },
    "json with truncation and padding": {
        "tokenizer.json": bert_json(
            truncation={"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
            padding={
                "strategy": {"Fixed": 20},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            },
        ),
        "tokenizer_config.json": BERT | {"model_max_length": 1000000000000000019884624838656},
    },
    "json, a token with another id": {
        "tokenizer.json": bert_json(
            added_tokens=bert_json()["added_tokens"] + [token("[FINDINGS]") | {"id": N + 1}, token("ggo") | {"id": N + 5}]
        ),
        "tokenizer_config.json": BERT,
    },
    "json and added_tokens.json": {
        "tokenizer.json": bert_json(),
        "tokenizer_config.json": BERT,
        "added_tokens.json": ADDED,
    },
    "json and added_tokens_decoder": {  # not lower-cased before: transformers lower-cases added tokens too early
        "tokenizer.json": bert_json(normalizer__lowercase=False, added_tokens=bert_json()["added_tokens"] + [token("[FINDINGS]") | {"id": N}]),
        "tokenizer_config.json": BERT | {"added_tokens_decoder": ALL_FLAGS, "do_lower_case": False},
    },
    "json and special tokens": {
        "tokenizer.json": bert_json(),
        "tokenizer_config.json": BERT | {"additional_special_tokens": ["[FINDINGS]"], "mask_token": "[MASK]"},
        "special_tokens_map.json": {"additional_special_tokens": ["ggo"], "pad_token": "[PAD]"},
    },
    "RoBERTa": roberta_files,
    "RoBERTa with a space before": roberta_files | {"tokenizer_config.json": ROBERTA | {"add_prefix_space": True}},
    "RoBERTa with added tokens": roberta_files
    | {"added_tokens.json": {"ggo": R, "[FINDINGS]": R + 1}, "tokenizer_config.json": ROBERTA | {"trim_offsets": True}},
    "RoBERTa, json": {"tokenizer.json": roberta_json(), "tokenizer_config.json": ROBERTA},
    "RoBERTa, json, a space before by the settings": {
        "tokenizer.json": roberta_json(),
        "tokenizer_config.json": ROBERTA | {"add_prefix_space": True},
    },
    "RoBERTa, json, a space before by the file": {
        "tokenizer.json": roberta_json(pre_tokenizer__add_prefix_space=True),
        "tokenizer_config.json": ROBERTA,
    },
    "RoBERTa, json, a mask with wishes": {
        "tokenizer.json": roberta_json(),
        "tokenizer_config.json": ROBERTA,
        "special_tokens_map.json": {"mask_token": token("<mask>", rstrip=True), "bos_token": "<s>"},
    },
    "RoBERTa, json, as it is": {
        "tokenizer.json": roberta_json(),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "added_tokens_decoder": {str(R): token("ggo", single_word=True, lstrip=True)},
        },
    },
}
CUT = {
    "cut on the right": bert_txt | {"tokenizer_config.json": BERT | {"model_max_length": 16}},
    "cut on the left": bert_txt | {"tokenizer_config.json": BERT | {"model_max_length": 16, "truncation_side": "left"}},
    "json, cut on the left": {
        "tokenizer.json": bert_json(
            truncation={"direction": "Left", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
        ),
        "tokenizer_config.json": BERT | {"max_len": 16},
    },
}
WITH_LONG = {"uncased", "cased", "CXR-BERT", "RoBERTa", "json"}


def content(value):
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


# Texts that many files hold are written once.
SHARED = {
    "@wordpiece@": VOCAB_TXT,
    "@bytelevel@": VOCAB_JSON,
    "@merges@": MERGES,
    "@bert model@": content(bert_json()["model"]),
    "@roberta model@": content(roberta_json()["model"]),
}


def short(text):
    for name, whole in SHARED.items():
        text = text.replace(whole, name)
    return text


def load(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, value in files.items():
            (Path(folder) / name).write_bytes(content(value).encode())
        config = files.get("tokenizer_config.json", {})
        own = config.get("tokenizer_class", "CXR").startswith("CXR") or "config.json" in files
        if "vocab.json" in files:
            return RobertaTokenizerFast.from_pretrained(folder)
        if own and "tokenizer.json" not in files:
            return BertTokenizerFast.from_pretrained(folder)
        return AutoTokenizer.from_pretrained(folder)


def written(name, files, long, **how):
    tokenizer = load(files)
    # The library remembers a padding of the tokenizer.json; a batch of one needs none.
    tokenizer.backend_tokenizer.no_padding()
    texts = TEXTS + ([LONG] if long else [])
    ids = [tokenizer(text, **how)["input_ids"] for text in texts]
    print(f"{name}: {type(tokenizer).__name__}, {len(tokenizer)} ids, longest {max(map(len, ids))}")
    return {
        "name": name,
        "files": {n: short(content(f)) for n, f in files.items()},
        "size": len(tokenizer),
        "ids": [" ".join(map(str, row)) for row in ids],
    }


cases = [written(n, f, n in WITH_LONG) for n, f in CASES.items()]
cut = [written(n, f, True, truncation=True) for n, f in CUT.items()]
OUT.parent.mkdir(parents=True, exist_ok=True)
root = {"texts": TEXTS, "long": LONG, "shared": SHARED, "cases": cases, "cut": cut}
OUT.write_text(json.dumps(root, indent=0, ensure_ascii=True) + "\n")
print(OUT.stat().st_size, "bytes")
