"""Writes golden files of published CT encoders from their own code, with small random weights.

Each model is built by its public repository, checked out where the arguments say, with its true
structure and small widths. For each there are a checkpoint as the model's own code would save it,
what the code makes of an input, and a list of names and shapes of the published size.

Run (torch 2.x, timm, transformers, einops, safetensors):
  python3 published_vit_goldens.py --voxelfm rmaguado/VoxelFM --spectre cclaess/SPECTRE
      --m3d BAAI-DCAI/M3D --monai Project-MONAI/MONAI --merlin StanfordMIMI/Merlin
      --primus MIC-DKFZ/dynamic-network-architectures --hlip Zch0414/hlip --open-clip mlfoundations/open_clip
      --radfinder lmb-freiburg/radfinder
Only the models whose repository is given are written; --m3d, --merlin, --hlip and --radfinder need a run of their own.
torchvision is not needed: names that timm
imports of it are stubs here.
"""

import argparse
import enum
import importlib.machinery
import importlib.util
import logging
import math
import pathlib
import sys
import types

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

OUT = pathlib.Path(__file__).parent.parent / "resources" / "golden" / "published"


class Stub(types.ModuleType):
    """A module with any name in it."""

    __path__ = []
    __file__ = "stub"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "InterpolationMode":
            return enum.Enum(name, {n: n.lower() for n in ("NEAREST", "BILINEAR", "BICUBIC", "BOX", "HAMMING", "LANCZOS")})
        return type(name, (nn.Module,), {})


class Stubs:
    """Finds stubs for packages that the code imports but these models do not use."""

    def __init__(self, *names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Stub(spec.name)

    def exec_module(self, module):
        pass


def load(name, file, package=None):
    """Loads one file of a repository as a module, without its package's own imports."""
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def package(name, **names):
    module = types.ModuleType(name)
    module.__path__ = []
    for key, value in names.items():
        setattr(module, key, value)
    sys.modules[name] = module
    return module


def wave(shape):
    """The input, the same formula as in the Java test."""
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (torch.sin(0.37 * i) + torch.cos(0.011 * i)).float().view(shape)


def randomize(net):
    for name, p in net.named_parameters():
        with torch.no_grad():
            if p.dim() > 1 and "embed" not in name and "token" not in name:
                p.normal_(0, (1 / p[0].numel()) ** 0.5)
            else:
                p.normal_(1 if name.endswith(("weight", "gamma")) and p.dim() == 1 else 0, 0.3)
    for name, b in net.named_buffers():
        if name.endswith("running_mean"):
            b.normal_(0, 0.2)
        elif name.endswith("running_var"):
            b.uniform_(0.5, 1.5)
    return net.eval()


def write(name, tensors, expected):
    for suffix, what in (("", tensors), ("-expected", expected)):
        path = OUT / f"{name}{suffix}.safetensors"
        save_file({k: v.detach().clone().contiguous() for k, v in what.items()}, str(path))
        print(path.name, path.stat().st_size, "bytes")


def names(name, build):
    """Names and shapes of the published size, without memory."""
    real = torch.linspace
    torch.linspace = lambda *a, **k: real(*a, **{**k, "device": "cpu"})  # drop path rates are read
    with torch.device("meta"):
        state = build()
    torch.linspace = real
    lines = [f"{k} {','.join(map(str, v.shape))}".rstrip() for k, v in state.items()]
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(f"{name}.txt", len(lines), "tensors", sum(v.numel() for v in state.values()), "numbers")


def dinov2(repository):
    """VoxelFM: the teacher of a DINOv2 with 3D rotary positions and register tokens."""
    root = pathlib.Path(repository) / "dinov2"
    package("dinov2")
    package("dinov2.layers")
    for part in ("drop_path", "layer_scale", "mlp", "attention", "patch_embed", "swiglu_ffn", "rope"):
        load(f"dinov2.layers.{part}", root / "layers" / f"{part}.py")
    load("dinov2.layers.block", root / "layers" / "block.py")
    layers = sys.modules["dinov2.layers"]
    layers.Mlp = sys.modules["dinov2.layers.mlp"].Mlp
    layers.PatchEmbed3D = sys.modules["dinov2.layers.patch_embed"].PatchEmbed3D
    layers.SwiGLUFFN = sys.modules["dinov2.layers.swiglu_ffn"].SwiGLUFFN
    layers.Block = sys.modules["dinov2.layers.block"].Block
    layers.RopePositionEmbedding3D = sys.modules["dinov2.layers.rope"].RopePositionEmbedding3D
    return load("dinov2.models", root / "models" / "vision_transformer.py").DinoVisionTransformer


def voxelfm(repository):
    model = dinov2(repository)
    torch.manual_seed(1)
    small = randomize(model(**VOXELFM_SMALL))
    x = wave((2, 8, 12, 4))
    out = small(x)
    state = {f"backbone.{k}": v for k, v in small.state_dict().items()}
    state["dino_head.last_layer.weight"] = torch.zeros(3, 2)
    write("voxelfm", state, {"input": x[:, None], "tokens": out["x_norm_patchtokens"], "pooled": out["x_norm_clstoken"]})

    def published():
        net = model(patch_size=14, embed_dim=864, depth=12, num_heads=12, init_values=1e-5, rope_base=100.0, num_register_tokens=4)
        return {f"backbone.{k}": v for k, v in net.state_dict().items()}

    names("voxelfm", published)


def spectre_code(repository):
    """Builds its extractor of the sizes of backbone and combiner."""
    src = pathlib.Path(repository) / "src" / "spectre"
    package("spectre")
    modeling = load("spectre.utils.modeling", src / "utils" / "modeling.py")
    utils = load("spectre.utils._utils", src / "utils" / "_utils.py")
    package(
        "spectre.utils",
        **{k: v for m in (modeling, utils) for k, v in vars(m).items() if not k.startswith("_")},
    )
    sys.modules["spectre.utils.modeling"], sys.modules["spectre.utils._utils"] = modeling, utils
    package("spectre.models")
    package("spectre.models.layers")
    rope = load("spectre.models.layers.rotary_pos_embed", src / "models" / "layers" / "rotary_pos_embed.py")
    attention = load("spectre.models.layers.attention", src / "models" / "layers" / "attention.py")
    patch = load("spectre.models.layers.patch_embed", src / "models" / "layers" / "patch_embed.py")
    layers = sys.modules["spectre.models.layers"]
    layers.PatchEmbed, layers.Attention = patch.PatchEmbed, attention.Attention
    layers.RotaryPositionEmbedding = rope.RotaryPositionEmbedding
    hub = types.ModuleType("huggingface_hub")
    hub.hf_hub_download = hub.load_state_dict_from_file = None
    real = sys.modules.get("huggingface_hub")
    sys.modules["huggingface_hub"] = hub
    vit = load("spectre.models.vision_transformer", src / "models" / "vision_transformer.py")
    combiner = load("spectre.models.vision_transformer_features", src / "models" / "vision_transformer_features.py")
    package("spectre.models", vit=vit.VisionTransformer, combiner=combiner.FeatureVisionTransformer)
    sys.modules["huggingface_hub"] = real
    extractor = load("spectre.model", src / "model.py").SpectreImageFeatureExtractor
    common = dict(num_classes=0, global_pool="", pos_embed="rope", init_values=1.0, qkv_bias=True, norm_layer=nn.LayerNorm)

    def build(sizes, combined):
        models = sys.modules["spectre.models"]
        models.vit = lambda checkpoint_path_or_url=None, **k: vit.VisionTransformer(**k)
        models.combiner = lambda patch_dim, checkpoint_path_or_url=None, **k: combiner.FeatureVisionTransformer(patch_dim=patch_dim, **k)
        return extractor(
            "vit", {**common, **sizes, "rope_kwargs": {"base": 1000.0}}, None,
            "combiner", {**common, **combined, "rope_kwargs": {"base": 100.0}}, None,
        )

    return build


SPECTRE_SMALL = (
    dict(img_size=(8, 8, 4), patch_size=(4, 4, 2), embed_dim=36, depth=1, num_heads=2),
    dict(embed_dim=24, depth=2, num_heads=2),
)
VOXELFM_SMALL = dict(
    patch_size=4, embed_dim=36, depth=2, num_heads=3, init_values=1e-5, rope_base=100.0, num_register_tokens=4
)


def spectre(repository):
    build = spectre_code(repository)
    torch.manual_seed(2)
    net = randomize(build(*SPECTRE_SMALL))
    # Arrays are (x, y, z) here: a volume of 2 x 3 x 2 crops.
    volume = wave((1, 1, 16, 24, 8))
    crops = volume.unfold(2, 8, 8).unfold(3, 8, 8).unfold(4, 4, 4)  # (1, 1, 2, 3, 2, 8, 8, 4)
    crops = crops.reshape(1, 1, 12, 8, 8, 4).permute(0, 2, 1, 3, 4, 5)
    features = net(crops, grid_size=(2, 3, 2))
    local = net.backbone(crops[0])
    write(
        "spectre",
        net.state_dict(),
        {
            "input": volume.permute(0, 1, 4, 3, 2),  # (z, y, x)
            "class_token": features[:, 0],
            "tokens": features[:, 1:].reshape(1, 2, 3, 2, -1).permute(0, 3, 2, 1, 4),  # (1, z, y, x, C)
            "pooled": torch.cat([features[:, 0], features[:, 1:].mean(1)], 1),
            "local_class_token": local[:, 0].reshape(2, 3, 2, -1).permute(2, 1, 0, 3),
        },
    )
    names(
        "spectre",
        lambda: build(
            dict(img_size=(128, 128, 64), patch_size=(16, 16, 8), embed_dim=1080, depth=24, num_heads=12),
            dict(embed_dim=1080, depth=4, num_heads=12),
        ).state_dict(),
    )


def m3d(repository, monai):
    sys.path.insert(0, str(monai))
    sys.meta_path.insert(0, Stubs("ignite", "nibabel", "skimage", "itk", "deepspeed"))
    root = pathlib.Path(repository) / "LaMed" / "src"
    for name in ("LaMed", "LaMed.src", "LaMed.src.model", "LaMed.src.model.multimodal_encoder", "LaMed.src.utils"):
        package(name)
    package("LaMed.src.utils.dist_utils", gather_features=None)
    vit = load("LaMed.src.model.multimodal_encoder.vit", root / "model" / "multimodal_encoder" / "vit.py")
    from transformers import BertConfig, BertModel

    # MONAI calls pos_embed proj_type since 1.4.
    ViT = vit.ViT
    block = vit.PatchEmbeddingBlock
    vit.PatchEmbeddingBlock = lambda pos_embed, **k: block(proj_type=pos_embed, **k)

    class M3d(nn.Module):
        """The parts of M3DCLIP under its names; its class takes BERT from a hub only."""

        def __init__(self, hidden, sizes, bert):
            super().__init__()
            self.vision_encoder = ViT(in_channels=1, hidden_size=hidden, pos_embed="perceptron", spatial_dims=3, classification=True, **sizes)
            self.language_encoder = BertModel(bert)
            self.mm_vision_proj = nn.Linear(hidden, hidden)
            self.mm_language_proj = nn.Linear(hidden, hidden)
            self.logit_scale = nn.Parameter(torch.ones([]) * math.log(1 / 0.07))

    clip = load("LaMed.src.model.CLIP", root / "model" / "CLIP.py").M3DCLIP
    torch.manual_seed(3)
    hidden = 24
    bert = BertConfig(vocab_size=20, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32, max_position_embeddings=16)
    net = M3d(hidden, dict(img_size=(2, 16, 16), patch_size=(1, 4, 4), mlp_dim=32, num_layers=2, num_heads=3), bert)
    net = randomize(net)
    with torch.no_grad():
        net.logit_scale.fill_(2.5)
    x = wave((2, 1, 2, 16, 16))
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
    mask = (ids > 0).long()
    image = clip.encode_image(net, x)
    text = clip.encode_text(net, ids, mask)
    write(
        "m3d-clip",
        net.state_dict(),
        {
            "input": x, "ids": ids, "mask": mask, "embedding": image[:, 0], "tokens": net.mm_vision_proj(net.vision_encoder(x)[0])[:, 1:],
            "text": text[:, 0], "similarities": image[:, 0] @ text[:, 0].T,
        },
    )
    names(
        "m3d-clip",
        lambda: M3d(
            768, dict(img_size=(32, 256, 256), patch_size=(4, 16, 16), mlp_dim=3072, num_layers=12, num_heads=12), BertConfig()
        ).state_dict(),
    )


class Bottleneck(nn.Module):
    """A block of a 2D ResNet with the attributes that the inflation reads."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.stride = stride
        self.downsample = None
        if stride != 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))


class ResNet152(nn.Module):
    def __init__(self, widths, layers=(3, 8, 36, 3)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        inputs = widths[0]
        for i, (count, width) in enumerate(zip(layers, widths)):
            blocks = []
            for j in range(count):
                blocks.append(Bottleneck(inputs, width, 2 if i and not j else 1))
                inputs = 4 * width
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))


def merlin(repository):
    package("merlin")
    package("merlin.models")
    inflate = load("merlin.models.inflate", pathlib.Path(repository) / "merlin" / "models" / "inflate.py")
    sys.modules["merlin.models"].inflate = inflate
    i3res = load("merlin.models.i3res", pathlib.Path(repository) / "merlin" / "models" / "i3res.py")
    from transformers import LongformerConfig, LongformerModel

    class Part(nn.Module):
        pass

    class Merlin(nn.Module):
        """The parts of MerlinArchitecture under its names; its class takes weights from hubs only."""

        def __init__(self, widths, embed, text):
            super().__init__()
            self.encode_image = Part()
            self.encode_image.i3_resnet = i3res.I3ResNet(ResNet152(widths), class_nb=1692, conv_class=True)
            if widths[3] != 512:  # the code has the published width alone
                self.encode_image.i3_resnet.classifier = nn.Conv3d(4 * widths[3], 5, 1)
                self.encode_image.i3_resnet.contrastive_head = nn.Conv3d(4 * widths[3], embed, 1)
            self.encode_text = Part()
            self.encode_text.text_encoder = LongformerModel(text)
            self.encode_text.linear_layer = nn.Linear(text.hidden_size, embed)
            self.logit_scale = nn.Parameter(torch.ones([]))

    torch.manual_seed(4)
    text = LongformerConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=40, attention_window=[4, 4], type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        layer_norm_eps=1e-5,
    )
    net = randomize(Merlin((4, 3, 2, 5), 12, text))
    x = wave((2, 1, 36, 40, 20))  # (x, y, z)
    contrastive, _ = net.encode_image.i3_resnet(x)
    ids = torch.tensor([[0, *range(4, 20), 2], [0, 9, 8, 7, 6, 5, 2, *([1] * 11)]])
    mask = (ids != 1).long()
    hidden = net.encode_text.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    words = net.encode_text.linear_layer(hidden[:, 0])
    image = contrastive / contrastive.norm(dim=-1, keepdim=True)
    words = words / words.norm(dim=-1, keepdim=True)
    write(
        "merlin",
        {k: v for k, v in net.state_dict().items()},
        {"embedding": image, "ids": ids, "mask": mask, "text": words, "hidden": hidden, "similarities": image @ words.T},
    )
    published = LongformerConfig(
        vocab_size=50265, hidden_size=768, max_position_embeddings=4098, attention_window=[512] * 12, type_vocab_size=1,
        pad_token_id=1, layer_norm_eps=1e-5,
    )
    names("merlin", lambda: Merlin((64, 128, 256, 512), 512, published).state_dict())


def primus(repository):
    """Primus-M's structure, which COLIPRI's image encoder is, behind a map and an attention pooling."""
    sys.path.insert(0, str(repository))
    sys.meta_path.insert(0, Stubs("nnunetv2", "batchgenerators"))
    from dynamic_network_architectures.architectures.primus import Primus
    from timm.layers import RotaryEmbeddingCat

    class Rope3d(RotaryEmbeddingCat):
        """As in timm before 1.0.20, whose table had the size that three axes need."""

        def _init_buffers(self):
            self.pos_embed = self._get_pos_embed_values(self.feat_shape)

    def build(dim, depth, heads, size, patch):
        net = Primus(
            1, dim, (patch,) * 3, 1, eva_depth=depth, eva_numheads=heads, input_shape=size, use_abs_pos_embed=False,
            init_values=0.1, scale_attn_inner=True, rope_impl=Rope3d,
        )
        net.up_projection = nn.Identity()
        return net

    torch.manual_seed(5)
    net = randomize(build(24, 2, 2, (8, 12, 4), 4))
    pool = nn.MultiheadAttention(16, 2, batch_first=True)
    project = nn.Conv3d(24, 16, 1)
    randomize(pool), randomize(project)
    x = wave((2, 1, 8, 12, 4))
    features = net(x)
    sequence = project(features).flatten(2).transpose(1, 2)
    pooled, _ = pool(sequence.mean(1, keepdim=True), sequence, sequence)
    state = {f"image_encoder.backbone.{k}": v for k, v in net.state_dict().items()}
    state |= {f"image_encoder.projector.{k}": v for k, v in project.state_dict().items()}
    state |= {f"image_encoder.pooler.attn.{k}": v for k, v in pool.state_dict().items()}
    write("primus", state, {"input": x, "features": features.flatten(2).transpose(1, 2), "pooled": pooled[:, 0]})
    names("primus", lambda: {k: v for k, v in build(864, 16, 12, (192, 192, 192), 8).state_dict().items()})


def hlip(repository, open_clip):
    """HLIP for chest CT: its encoder in open_clip's towers, under the names of open_clip's training."""
    from transformers import BertConfig, BertModel  # before torchvision's stub, which it would use

    assert BertModel
    sys.meta_path.insert(0, Stubs("torchvision", "ftfy"))
    sys.path.insert(0, str(repository / "src"))
    import timm.models.vision_transformer as vit  # before open_clip's files, which need it

    assert vit
    from hlip import visual_encoder

    assert visual_encoder
    package("open_clip")
    source = open_clip / "src" / "open_clip"
    package("open_clip.utils", freeze_batch_norm_2d=None)
    load("open_clip.hf_configs", source / "hf_configs.py")
    vision = load("open_clip.timm_model", source / "timm_model.py").TimmModel
    words = load("open_clip.hf_model", source / "hf_model.py").HFTextEncoder

    class Clip(nn.Module):
        """CustomTextCLIP's parts under its names."""

        def __init__(self, embed, sizes, bert):
            super().__init__()
            self.visual = vision(
                "vit_base_singlescan_h2_token2744", embed, pool="token", proj="linear", pretrained=False,
                drop_path=0.2, model_kwargs=sizes,
            )
            self.text = words("", embed, bert, "cls_last_hidden_state_pooler", "linear", pretrained=False)
            self.logit_scale = nn.Parameter(torch.ones([]) * math.log(1 / 0.07))

    torch.manual_seed(6)
    sizes = dict(img_size=(4, 8, 12), patch_size=(2, 4, 4), depth=6, embed_dim=24, num_heads=3)
    bert = BertConfig(vocab_size=20, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32, max_position_embeddings=16)
    sizes |= dict(slice_attn_indexes=(0, 1, 3, 4), study_attn_indexes=(2, 5))
    net = randomize(Clip(10, sizes, bert))
    with torch.no_grad():
        net.visual.trunk.spatial_posemb.normal_(0, 0.3)
        net.logit_scale.fill_(2.5)
    x = wave((2, 1, 4, 8, 12))
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
    tokens = net.visual.trunk.forward_features(x[:, None])[:, 1:]
    image = F.normalize(net.visual(x[:, None]), dim=-1)
    text = F.normalize(net.text(ids), dim=-1)
    write(
        "hlip",
        {f"module.{k}": v for k, v in net.state_dict().items()},
        {
            "input": x, "ids": ids, "mask": (ids > 0).long(), "features": tokens, "embedding": image, "text": text,
            "similarities": image @ text.T,
        },
    )
    published = BertConfig(vocab_size=30522)  # CXR-BERT's own vocabulary has as many
    names("hlip", lambda: Clip(512, {}, published).state_dict())


def radfinder_code(repository):
    """Builds its SigLIP of the sizes of backbone, combiner and heads, and of a text encoder or None."""
    sys.meta_path.insert(0, Stubs("torchvision", "packg", "typedparser", "visiontext", "loralib", "pandas"))
    package("loguru", logger=logging.getLogger("radfinder"))
    package("packg.constclass", Const=type("Const", (), {"verify_value": classmethod(lambda own, value: None)}))
    sys.path.insert(0, str(repository / "src"))
    from radfinder.models.siglip_head import SigLIPProjectionHead
    from radfinder.models.vision_language import SigLIP
    from radfinder.models.vision_transformer import VisionTransformer
    from radfinder.models.vision_transformer_features import FeatureVisionTransformer
    from radfinder.losses.siglip_loss import SigLIPLoss

    # configs/models/spectre_pretrained_half_patch_embed.yaml and configs/runs/training/train_radfinder_3mm.yaml
    common = dict(num_classes=0, global_pool="", pos_embed="rope", init_values=1.0)
    snippets = dict(enabled=True, projector_mode_image="copy", projector_mode_text="copy", snippet_mode="axis_localization")

    def build(local, combined, head, text):
        backbone = VisionTransformer(
            patch_size=(16, 16, 8), half_patch_embed=True, mlp_ratio=4, qkv_bias=True, rope_kwargs=dict(base=1000.0),
            **common, **local,
        )
        backbone.post_weight_loading()
        features = FeatureVisionTransformer(
            patch_dim=2 * local["embed_dim"], rope_kwargs=dict(base=100.0), stored_init_kwargs={}, **common, **combined,
        )
        features.init_axis_patch_proj()
        image = SigLIPProjectionHead(input_dim=2 * combined["embed_dim"], **head)
        width = 1024 if text is None else text.config.hidden_size
        return SigLIP(
            image_backbone=backbone, image_feature_comb=features, image_projection=image,
            text_backbone=text, text_projection=SigLIPProjectionHead(input_dim=width, **head), criterion=SigLIPLoss(),
            do_snippet_alignment=snippets,
        )

    return build


RADFINDER_SMALL = (
    dict(embed_dim=24, depth=1, num_heads=2),
    dict(embed_dim=24, depth=2, num_heads=2),
    dict(hidden_dim=14, bottleneck_dim=6, output_dim=10),
)


def radfinder(repository):
    """RadFinder's image side: SPECTRE's towers with folded patches, and the head for retrieval."""
    from transformers import Qwen3Config, Qwen3Model  # before torchvision's stub, which it would use

    assert Qwen3Model
    sys.meta_path.insert(0, Stubs("monai", "nibabel"))
    build = radfinder_code(repository)
    torch.manual_seed(7)
    net = build(*RADFINDER_SMALL, None)
    randomize(net)
    net.backbone_image.patch_embed.strict_img_size = False  # its code has the published window alone
    # Arrays are (x, y, z) here: a volume of 1 x 2 x 2 windows of 32 x 32 x 8 voxels.
    volume = wave((1, 1, 32, 64, 16))
    windows = volume.unfold(2, 32, 32).unfold(3, 32, 32).unfold(4, 8, 8)
    windows = windows.reshape(1, 1, 4, 32, 32, 8)[0].permute(1, 0, 2, 3, 4)
    grid = torch.tensor([[1, 2, 2]], dtype=torch.int32)
    batch = {"image": windows, "image_grid_shape": grid, "window_mask": torch.ones(1, 1, 2, 2, dtype=torch.bool)}
    embedding = net.forward_image_only(batch).image_embeddings
    kept = {k: v for k, v in net.state_dict().items() if not k.startswith("projection_text")}
    write(
        "radfinder", {f"model.{k}": v for k, v in kept.items()},
        {"embedding": embedding},
    )

    # Its low-rank pairs bring further names of backbone_text, all of which an import leaves out.
    qwen = dict(hidden_size=1024, intermediate_size=3072, num_hidden_layers=28, num_attention_heads=16, num_key_value_heads=8,
                head_dim=128, vocab_size=151669)

    def published():
        net = build(
            dict(embed_dim=1080, depth=24, num_heads=12), dict(embed_dim=1080, depth=4, num_heads=12), {},
            Qwen3Model(Qwen3Config(**qwen)),
        )
        return {f"model.{k}": v for k, v in net.state_dict().items()}

    names("radfinder", published)


def main():
    parser = argparse.ArgumentParser()
    for name in ("voxelfm", "spectre", "m3d", "monai", "merlin", "primus", "hlip", "open_clip", "radfinder"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.voxelfm or args.spectre or args.primus:
        sys.meta_path.insert(0, Stubs("torchvision", "monai"))
    OUT.mkdir(parents=True, exist_ok=True)
    if args.voxelfm:
        voxelfm(args.voxelfm)
    if args.spectre:
        spectre(args.spectre)
    if args.m3d:
        m3d(args.m3d, args.monai)
    if args.merlin:
        merlin(args.merlin)
    if args.primus:
        primus(args.primus)
    if args.hlip:
        hlip(args.hlip, args.open_clip)
    if args.radfinder:
        radfinder(args.radfinder)


if __name__ == "__main__":
    main()
