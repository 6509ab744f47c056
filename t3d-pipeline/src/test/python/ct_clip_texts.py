"""Writes what CT-CLIP's own code makes of reports before its tokenizer: ct-clip-texts.json.

Run: python3 ct_clip_texts.py --ctclip ibrahimethemhamamci/CT-CLIP
Its data set's __getitem__ is run on each text; what it reads of disks is left out.
"""

import argparse
import json
import pathlib
import sys

from published_vit_goldens import OUT, Stubs, load

TEXTS = [
    "No nodule (solid or ground glass) in the patient's lungs.",
    '"Tree-in-bud" pattern, 5\'6\", ((nested) parentheses)',
    "()\"\"''",
    "",
    " \t( ) line one\r\nline two ' end ",
    "\u201ctypographic\u201d \u2018quotes\u2019 stay, so do \uff08wide\uff09 ones and \u2032primes\u2033",
    "brackets [stay] {too} `back` \u00b4acute\u00b4 \\'escaped\\'",
    "\u00c7ok say\u0131da (\u226430 mm) l\u00e9sion, \U0001f600 and a\u0301 combining' mark",
    "a'b(c)d\"e",
    "Not given.",
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctclip", required=True, type=pathlib.Path)
    args = parser.parse_args()
    sys.meta_path.insert(0, Stubs("pandas", "tqdm", "nibabel"))
    both = []
    for file, name, rest in (
        ("data_inference_nii", "CTReportDatasetinfer", (None,)),
        ("data", "CTReportDataset", ()),
    ):
        kind = getattr(load(file, args.ctclip / "scripts" / f"{file}.py"), name)
        data = kind.__new__(kind)
        data.nii_to_tensor = lambda path: None
        data.samples = [("a/b.nii.gz", text, *rest) for text in TEXTS]
        both.append([data[i][1] for i in range(len(TEXTS))])
    assert both[0] == both[1]
    pairs = [{"text": text, "cleaned": cleaned} for text, cleaned in zip(TEXTS, both[0])]
    (OUT / "ct-clip-texts.json").write_text(json.dumps(pairs, indent=1) + "\n")


if __name__ == "__main__":
    main()
