"""RadFinder and fVLM at their published sizes: a random checkpoint, what their own code and ONNX Runtime make of a
scan, seconds of the processor and memory, and the comparison with T3D. The scan is that of fvlm_goldens.py, 328 x 308 x 341 mm,
of which RadFinder reads 197 x 197 x 99 mm, 2 x 2 x 1 windows.

    python3 published_full.py radfinder make OUT --radfinder lmb-freiburg/radfinder --monai Project-MONAI/MONAI
    ./t3d import OUT/model.safetensors --out OUT/model
    ./t3d embed --checkpoint OUT/model --input OUT/scan.nii.gz --out OUT/embedded.safetensors
    # The file of ONNX is for one size, here that of the scan: globalSize in OUT/model/data.json is 32 x 256 x 256 (z, y, x)
    ./t3d export --onnx --checkpoint OUT/model --out OUT/onnx
    python3 published_full.py radfinder compare OUT

    python3 published_full.py fvlm make OUT --fvlm alibaba-damo-academy/fvlm --monai Project-MONAI/MONAI
    ./t3d import OUT/model.safetensors --from fvlm --tokenizer OUT/tokenizer --out OUT/model
    ./t3d embed --checkpoint OUT/model --input OUT/scan.nii.gz --organs OUT/labels.nii.gz --out OUT/embedded.safetensors
    ./t3d export --onnx --checkpoint OUT/model --out OUT/onnx
    python3 published_full.py fvlm compare OUT

compare wants onnxruntime. OMP_NUM_THREADS sets the threads of all.
"""

import argparse
import os
import pathlib
import resource
import shutil
import sys
import time

import nibabel
import numpy as np
import torch
from safetensors.torch import load_file, save_file

import published_vit_goldens as vits
from published_vit_goldens import OUT, Stubs

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
ORGANS = ("lung", "heart", "esophagus", "aorta")


def told(what, start):
    """Seconds of the processor, which other work on the machine does not lengthen, and the peak of memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what}: {time.process_time() - start:.1f} s, peak {peak:.1f} GiB", flush=True)


def radfinder(repository, monai, out):
    """Its SigLIP of the published sizes, its file, and its embedding of the scan."""
    from transformers import Qwen3Config, Qwen3Model

    import published_whole_scan_goldens as whole

    nibabel.save(nibabel.load(OUT / "fvlm-scan.nii.gz").slicer[:48, :48, :16], out / "scan.nii.gz")
    processor, model_class, build = whole.radfinder_own(repository, monai)
    torch.manual_seed(0)
    qwen = dict(hidden_size=1024, intermediate_size=3072, num_hidden_layers=28, num_attention_heads=16, num_key_value_heads=8,
                head_dim=128, vocab_size=151669)
    with torch.device("meta"):
        text = Qwen3Model(Qwen3Config(**qwen))
    net = build(dict(embed_dim=1080, depth=24, num_heads=12), dict(embed_dim=1080, depth=4, num_heads=12), {}, text)
    text.to_empty(device="cpu")
    for parameter in text.parameters():
        parameter.data.zero_()
    for part in (net.backbone_image, net.feature_comb_image, net.projection_image):
        vits.randomize(part)
    net.eval()
    save_file({f"model.{k}": v.contiguous() for k, v in net.state_dict().items()}, str(out / "model.safetensors"))
    net.backbone_text = None
    inputs = processor(dtype="float32")(out / "scan.nii.gz")
    windows, grid = inputs["pixel_values"].float(), inputs["grid_size"]
    start = time.process_time()
    embedding = model_class.encode_image_retrieval(vits.types.SimpleNamespace(model=net), windows, grid)
    told(f"PyTorch, {tuple(grid[0].tolist())} windows", start)
    g, w = grid[0].tolist(), windows.shape[2:]
    scan = windows.view(*g, *w).permute(0, 3, 1, 4, 2, 5).reshape([a * b for a, b in zip(g, w)]).permute(2, 1, 0)
    save_file(
        {"embedding": torch.nn.functional.normalize(embedding, dim=-1), "views": scan.contiguous()[None, None]},
        str(out / "own.safetensors"),
    )


def fvlm(repository, monai, out):
    """Its BlipPretrain of the published sizes, its file, and its embeddings of the scan's organs."""
    import fvlm_goldens as goldens

    sys.path.insert(0, str(monai))
    sys.meta_path.insert(0, Stubs("ignite", "skimage", "itk", "pandas", "tqdm"))
    goldens.simple_itk()
    vit, blip, evaluation, resize, preprocess = goldens.code(repository.absolute())
    from monai import transforms

    torch.manual_seed(0)
    image = vit(in_channels=1, img_size=(112, 256, 352), patch_size=(16, 16, 32), num_classes=0, dropout_rate=0.1, qkv_bias=True)
    text = goldens.Text(goldens.BertConfig(vocab_size=30522))
    text.config = text.bert.config
    model = vits.randomize(blip(image, text, None, embed_dim=256, tie_enc_dec_weights=False, max_txt_len=384))
    with torch.no_grad():
        model.temp.fill_(0.07)
        model.query_tokens.normal_(0, 1)
    state = {k.replace("text_encoder.bert.", "text_encoder."): v.contiguous() for k, v in model.state_dict().items()}
    save_file(state, str(out / "model.safetensors"))
    (out / "tokenizer").mkdir(exist_ok=True)
    words = goldens.WORDS + [f"[unused{i}]" for i in range(30522 - len(goldens.WORDS))]
    (out / "tokenizer" / "vocab.txt").write_text("\n".join(words) + "\n")
    goldens.OUT = out
    here = os.getcwd()
    (out / "prepared").mkdir(exist_ok=True)
    os.chdir(out / "prepared")
    scan, mask = goldens.prepared(pathlib.Path.cwd(), resize, preprocess)
    os.chdir(here)
    shutil.move(out / "fvlm-scan.nii.gz", out / "scan.nii.gz")
    shutil.move(out / "fvlm-labels.nii.gz", out / "labels.nii.gz")
    pad = transforms.DivisiblePadd(keys=["image", "label"], k=(16, 16, 32), mode="constant", constant_values=0, method="end")
    held = {o: torch.eq(mask, i + 1).sum().item() for i, o in enumerate(ORGANS)}
    there = [o for o in ORGANS if held[o] > 0]
    own = {}
    for organ in there:
        at = ORGANS.index(organ)
        patch, window = evaluation.center_crop(scan, torch.eq(mask, at + 1), crop_size=(112, 288, 352))
        window = window.float()
        window[window == 1] = at + 1
        data = pad({"image": patch[0], "label": window[0]})
        features = {}
        start = time.process_time()
        model.forward_test_win(data["image"][None], data["label"][None], {}, there, {}, features, held, skip_organ=at)
        told(f"PyTorch, {organ}, a window of {tuple(data['image'].shape[1:])}", start)
        own[organ] = torch.tensor(features[organ])
        own[f"{organ}_views"] = data["image"].as_tensor()[None].float().contiguous()
        own[f"{organ}_mask"] = (data["label"].as_tensor() > 0)[None].float().contiguous()
    save_file(own, str(out / "own.safetensors"))


def session(out):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    print("ONNX Runtime", onnxruntime.__version__, (out / "onnx" / "vision.onnx").stat().st_size >> 20, "MiB")
    return onnxruntime.InferenceSession(str(out / "onnx" / "vision.onnx"), options)


def apart(what, a, b):
    a, b = np.asarray(a), np.asarray(b)
    print(f"{what}: largest difference {np.abs(a - b).max():.1e}, cosine {(a * b).sum():.7f}")


def compare(model, out):
    own, seen = load_file(out / "own.safetensors"), load_file(out / "embedded.safetensors")
    run = session(out)
    if model == "radfinder":
        start = time.process_time()
        onnx = run.run(["embedding"], {"views": own["views"].numpy()})[0]
        told("ONNX Runtime", start)
        apart("T3D and its own code", seen["volumes"], own["embedding"])
        apart("ONNX Runtime and T3D", onnx, seen["volumes"])
        return
    for at, organ in enumerate(ORGANS):
        if organ not in own:
            print(organ, "is not there, in T3D", seen["organs"][0, at].isnan().all().item())
            continue
        inputs = {"views": own[f"{organ}_views"].numpy(), "mask": own[f"{organ}_mask"].numpy(), "organ": np.array([at])}
        start = time.process_time()
        onnx = run.run(["embedding"], inputs)[0]
        told(f"ONNX Runtime, {organ}, a window of {tuple(inputs['views'].shape[2:])}", start)
        apart(f"{organ}, T3D and its own code", seen["organs"][0, at], own[organ][0])
        apart(f"{organ}, ONNX Runtime and T3D", onnx[0], seen["organs"][0, at])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=("radfinder", "fvlm"))
    parser.add_argument("step", choices=("make", "compare"))
    parser.add_argument("out", type=pathlib.Path)
    for name in ("radfinder", "fvlm", "monai"):
        parser.add_argument(f"--{name}", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    out = args.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    if args.step == "compare":
        compare(args.model, out)
    elif args.model == "radfinder":
        radfinder(args.radfinder, args.monai, out)
    else:
        fvlm(args.fvlm, args.monai, out)


if __name__ == "__main__":
    main()
