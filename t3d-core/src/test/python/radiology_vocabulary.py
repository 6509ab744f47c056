"""Writes the built-in vocabulary, one token per line, the line number is the id.

    python3 t3d-core/src/test/python/radiology_vocabulary.py

Special tokens, every printable character as first and inner piece, then the words of
radiology_words.txt beside this file (white space separates, # starts a comment) and common inner pieces.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE / "../../main/resources/io/t3d/core/text/radiology-vocabulary.txt"
LIMIT = 4096

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ASCII = sorted({chr(c).lower() for c in range(ord("!"), ord("~") + 1)})
SIGNS = list("°±×÷²³µμ≥≤≈→←↑↓–—‘’“”•…½¼¾®™§¹⁰αβγδ€£")
SUFFIXES = """s es ed ing ly er ers est ion ions al ally ic ical ity ous ment ments able ible ness less
ful ive ative ary ory ia ias ial ual itis osis oses oma omas emia pathy pathies ectomy ostomy otomy
plasty scopy graphy gram grams graph genic genous trophy trophic plasia plastic stasis static sclerosis
sclerotic megaly megalic cele lith lithiasis lysis lytic penia uria phagia plegia malacia ectasis ectatic
ectasia centesis opsy oid al ar ary eal ian th nd rd st mm cm ml hu x th a e i o u y an en in on un re de
er or le el al il te ti ta to se si sa so ne ni na no me mi ma mo ce ci ca co ve vi va vo re ri ra ro
cardi pulmon hepat nephr gastr cardial pulmonary vascular thoracic abdominal lobular lobar segmental
pleural nodal nodular cystic calcified calcification attenuation attenuating dense density enhanced
enhancing opacity opacities""".split()


def words(text: str) -> list[str]:
    text = re.sub(r"#.*|-", " ", text).lower()  # BERT splits at hyphens
    return text.split()


def main() -> None:
    letters = [c for c in ASCII if c.isalnum()] + SIGNS  # BERT does not split at signs
    tokens = SPECIAL + ASCII + SIGNS + ["##" + c for c in letters]
    tokens += ["##" + s for s in SUFFIXES]
    tokens += words((HERE / "radiology_words.txt").read_text())
    tokens += [str(n) for n in range(10, 100)] + [f"0{n}" for n in range(10)] + ["100"]
    tokens = list(dict.fromkeys(tokens))
    assert len(tokens) <= LIMIT, len(tokens)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(tokens) + "\n")
    print(len(tokens), "tokens")


if __name__ == "__main__":
    main()
