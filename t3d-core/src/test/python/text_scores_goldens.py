"""Goldens of the report scores: golden/eval/text.json.

BLEU, ROUGE-L and CIDEr by pycocoevalcap's scorers, BLEU-4 by sacrebleu too, METEOR (exact words and
Porter stems, without WordNet) and the stems by NLTK.

Run from t3d-core: pip install pycocoevalcap nltk sacrebleu; python3 src/test/python/text_scores_goldens.py
"""

import json
import pathlib
import re

import nltk
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import single_meteor_score
from pycocoevalcap.bleu.bleu_scorer import BleuScorer
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.rouge.rouge import Rouge

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "resources" / "golden" / "eval" / "text.json"

PAIRS = [  # written, reference
    ("There is a 12 mm pulmonary nodule in the right upper lobe. No pleural effusion.",
     "There is a 12 mm pulmonary nodule in the right upper lobe. No pleural effusion."),
    ("there is a nodule in the left upper lobe, 9 mm.",
     "A round nodule in the left upper lobe measures 9.5 mm. The heart is normal in size."),
    ("no evidence of pneumothorax or consolidation. moderate cardiomegaly.",
     "Moderate cardiomegaly. There is no pneumothorax. No evidence of consolidation."),
    ("small bilateral pleural effusions with atelectatic changes at the lung bases",
     "Small bilateral pleural effusion. Basilar atelectasis at the left lung base."),
    ("the the the the", "The lungs are clear; the heart is not enlarged."),
    ("Impression: Severe emphysema. Vascular calcifications.",
     "Low-attenuation areas consistent with severe emphysema. Calcified plaques of the aorta."),
    ("", "Normal examination."),
    ("Patient's chest: unremarkable.", "Unremarkable chest CT."),
    ("mild centrilobular emphysema of the upper lobes and a calcified nodule",
     "Emphysematous changes in the upper lobes, mild in degree. Calcified nodules."),
    ("No acute abnormality is seen in this examination of the thorax at all today",
     "No acute abnormality."),
]


class NoSynonyms:
    """A WordNet that knows no word."""

    @staticmethod
    def synsets(_):
        return []


def words(report):
    """As io.t3d.core.eval.text.ReportWords."""
    return re.findall(r"\d+(?:\.\d+)+|[^\W_]+(?:[-'][^\W_]+)*", report.lower())


def scores(pairs):
    texts = [(" ".join(words(c)), " ".join(words(r))) for c, r in pairs]
    bleu, cider = BleuScorer(n=4), CiderScorer(n=4, sigma=6.0)
    for c, r in texts:
        bleu += (c, [r])
        cider += (c, [r])
    bleus, _ = bleu.compute_score(option="closest")
    other = sacrebleu.corpus_bleu([c for c, _ in texts], [[r for _, r in texts]], tokenize="none",
                                  smooth_method="none", force=True).score / 100
    assert abs(other - bleus[3]) < 1e-6, (other, bleus)
    rouge, _ = Rouge().compute_score({i: [r] for i, (_, r) in enumerate(texts)},
                                     {i: [c] for i, (c, _) in enumerate(texts)})
    stemmer = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)
    meteor = [single_meteor_score(r.split(), c.split(), stemmer=stemmer, wordnet=NoSynonyms)
              for c, r in texts]
    return {"bleu1": bleus[0], "bleu2": bleus[1], "bleu3": bleus[2], "bleu4": bleus[3],
            "rougeL": float(rouge), "meteorExactStem": sum(meteor) / len(meteor),
            "cider": float(cider.compute_score()[0])}


def main():
    stemmer = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)
    vocabulary = sorted({w for line in (HERE / "radiology_words.txt").read_text().splitlines()
                         for w in words(line)})
    vocabulary += """caresses ponies ties caress cats feed agreed plastered bled motoring sing
        conflated troubled sized hopping tanned falling hissing fizzed failing filing happy sky
        relational conditional rational valenci hesitanci digitizer conformabli radicalli
        differentli vileli analogousli vietnamization predication operator feudalism decisiveness
        hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative formalize
        electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic
        adjustable defensible irritant replacement adjustment dependent adoption homologou
        communism activate angulariti homologous effective bowdlerize probate rate cease controll
        roll is be by yes say archaeology""".split()
    cases = [
        {"written": [c for c, _ in pairs], "reference": [r for _, r in pairs],
         "scores": scores(pairs)}
        for pairs in (PAIRS, PAIRS[1:4], PAIRS[:1], PAIRS[4:8])
    ]
    out = {
        "versions": {"nltk": nltk.__version__, "sacrebleu": sacrebleu.__version__},
        "words": {c: words(c) for pair in PAIRS for c in pair},
        "cases": cases,
        "stems": {w: stemmer.stem(w) for w in vocabulary},
    }
    OUT.write_text(json.dumps(out, indent=0) + "\n")
    for case in cases:
        print(case["scores"])


main()
