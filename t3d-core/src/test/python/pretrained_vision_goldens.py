"""State dicts of vision networks in the forms in which they are published, and what PyTorch makes of them: referees for
Pretrained.loadVision. MONAI's, MedicalNet's and timm's layouts are written here anew; HuggingFace's ViT is its own.

    python3 t3d-core/src/test/python/pretrained_vision_goldens.py

resnet-monai.pt       `state_dict` wrapper with optimizer, `module.` prefix, biased shortcuts, fc
resnet-medicalnet.pth stream of before 1.6, shortcuts of type A, first convolution over 3 channels, biased convolutions
vit-monai.pt          perceptron patch embedding, class token, cross-attention that is never used
vit-timm.pth          2D ViT under `model`, biased query, key and value, class token
vit-huggingface.safetensors   transformers.ViTModel
Each has NAME.expected.safetensors with input and tokens.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from transformers import ViTConfig, ViTModel

import vision_goldens as nets

OUT = Path(__file__).parent / "../resources/golden/pretrained/vision"


class TypeA(nn.Module):
    """MedicalNet's shortcut without weights: every second voxel, zeros for the new channels."""

    def __init__(self, stride, outputs):
        super().__init__()
        self.stride, self.outputs = stride, outputs

    def forward(self, x):
        x = F.avg_pool3d(x, kernel_size=1, stride=self.stride)
        return torch.cat([x, x.new_zeros(x.shape[0], self.outputs - x.shape[1], *x.shape[2:])], dim=1)


def save_expected(name, x, tokens):
    save_file({"input": x.contiguous(), "tokens": tokens.contiguous()}, OUT / f"{name}.expected.safetensors")


@torch.no_grad()
def resnet_monai():
    net = nets.ResNet(nets.Basic, [1, 2, 1, 1], [2, 3, 4, 5], 7, 2, True)
    for stage in (2, 3, 4):
        block = getattr(net, f"layer{stage}")[0]
        old = block.downsample[0]
        block.downsample[0] = nn.Conv3d(old.in_channels, old.out_channels, 1, 2)  # MONAI's default has a bias
    nets.randomize(net)
    net.eval()
    x = nets.wave((2, 1, 18, 16, 20))
    save_expected("resnet-monai", x, net(x))
    net.fc = nn.Linear(5, 3)
    state = {"module." + k: v for k, v in net.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with torch.enable_grad():
        net.fc(torch.ones(1, 5)).sum().backward()
    optimizer.step()
    saved = {k: v.clone() for k, v in state.items()}
    torch.save({"epoch": 3, "best": 0.5, "state_dict": saved, "optimizer": optimizer.state_dict()}, OUT / "resnet-monai.pt")


@torch.no_grad()
def resnet_medicalnet():
    net = nets.ResNet(nets.Basic, [1, 1, 1, 1], [2, 3, 4, 5], 5, 1, True)
    net.conv1 = nn.Conv3d(3, 2, 5, 1, 2)
    for stage in (1, 2, 3, 4):
        block = getattr(net, f"layer{stage}")[0]
        for i in (1, 2):
            old = getattr(block, f"conv{i}")
            setattr(block, f"conv{i}", nn.Conv3d(old.in_channels, old.out_channels, 3, old.stride, 1))
        if block.downsample is not None:
            block.downsample = TypeA(2, block.conv1.out_channels)
    nets.randomize(net)
    net.eval()
    x = nets.wave((2, 1, 12, 16, 14))
    save_expected("resnet-medicalnet", x, net(x.expand(-1, 3, -1, -1, -1)))
    net.conv_seg = nn.Sequential(nn.ConvTranspose3d(5, 2, 2), nn.BatchNorm3d(2))
    state = {"module." + k: v for k, v in net.state_dict().items()}
    torch.save({"state_dict": state}, OUT / "resnet-medicalnet.pth", _use_new_zipfile_serialization=False)


@torch.no_grad()
def vit_monai():
    dim, patch = 12, (2, 4, 4)
    net = nets.ViT(patch, dim, 2, 3, 16, (2, 3, 2))
    nets.randomize(net)
    net.eval()
    x = nets.wave((2, 1, 4, 12, 8))
    save_expected("vit-monai", x, net(x))
    state = net.state_dict()
    kernel = state.pop("patch_embedding.patch_embeddings.weight")
    state["patch_embedding.patch_embeddings.1.weight"] = kernel.flatten(1)  # rows of (pd ph pw c), c = 1
    state["patch_embedding.patch_embeddings.1.bias"] = state.pop("patch_embedding.patch_embeddings.bias")
    state["cls_token"] = torch.ones(1, 1, dim)
    for i in range(2):
        state[f"blocks.{i}.norm_cross_attn.weight"] = torch.ones(dim)
        state[f"blocks.{i}.cross_attn.to_q.weight"] = torch.ones(dim, dim)
    state["classification_head.0.weight"] = torch.ones(2, dim)
    torch.save(state, OUT / "vit-monai.pt")


class Attention2d(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))


class Block2d(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention2d(dim, heads)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


class Vit2d(nn.Module):
    def __init__(self, patch, side, dim, layers, heads, hidden):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + side * side, dim))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, dim, patch, patch)
        self.blocks = nn.Sequential(*(Block2d(dim, heads, hidden) for _ in range(layers)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, 5)


def slabs(volume, depth):
    """The slices of a volume (B, 1, D, H, W) that is constant over each depth-thick slab, as grey RGB images."""
    return [s.expand(-1, 3, -1, -1) for s in volume[:, 0, ::depth].unsqueeze(2).unbind(1)]


@torch.no_grad()
def vit_timm():
    net = Vit2d(4, 4, 12, 2, 3, 20)
    nets.randomize(net)
    net.pos_embed.normal_(0, 0.5)
    grid = (2, 3, 5)  # the table's 4x4 resized to 3x5 and repeated over two depths
    x = nets.wave((2, 1, 2, 12, 20)).repeat_interleave(2, dim=2)  # patch 2x4x4
    table = net.pos_embed[:, 1:].transpose(1, 2).view(1, 12, 4, 4)
    table = F.interpolate(table, size=grid[1:], mode="bilinear", align_corners=False).flatten(2).transpose(1, 2)
    tokens = [net.patch_embed.proj(s).flatten(2).transpose(1, 2) + table for s in slabs(x, 2)]
    save_expected("vit-timm", x, net.norm(net.blocks(torch.cat(tokens, 1))))
    torch.save({"model": net.state_dict(), "epoch": 1}, OUT / "vit-timm.pth")


@torch.no_grad()
def vit_huggingface():
    config = ViTConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, image_size=12, patch_size=4
    )
    net = ViTModel(config).eval()
    for p in net.parameters():
        p.normal_(0, 0.3)
    x = nets.wave((2, 1, 1, 12, 12)).repeat_interleave(3, dim=2)  # patch 3x4x4, one slab: the 2D model itself
    image = slabs(x, 3)[0]
    tokens = net.embeddings.patch_embeddings(image) + net.embeddings.position_embeddings[:, 1:]
    layers = net.encoder.layer if hasattr(net, "encoder") else net.layers
    for layer in layers:
        tokens = layer(tokens)
        tokens = tokens[0] if isinstance(tokens, tuple) else tokens
    save_expected("vit-huggingface", x, net.layernorm(tokens))
    net.save_pretrained(OUT / "tmp")
    (OUT / "tmp/model.safetensors").rename(OUT / "vit-huggingface.safetensors")
    for f in (OUT / "tmp").iterdir():
        f.unlink()
    (OUT / "tmp").rmdir()


def strides():
    base = torch.arange(24.0).view(4, 6)
    tensors = {
        "whole": base,
        "transposed": base.t(),
        "corner": base[1:3, 2:5],
        "every_second": base[:, ::2],
        "expanded": base[0, :3].expand(2, 3),
        "half": torch.tensor([1.5, -2.25, 65504.0]).half(),
        "brain": torch.tensor([1.5, -2.25, 3e38]).bfloat16(),
        "double": torch.tensor([[0.1]], dtype=torch.float64),
        "long": torch.tensor([-1, 1 << 40]),
        "int": torch.tensor([7, -7], dtype=torch.int32),
        "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(3.0),
        "empty": torch.zeros(0, 3),
        "parameter": nn.Parameter(torch.ones(2)),
    }
    for name, old in (("views.pt", False), ("views-old.pt", True)):
        torch.save(tensors, OUT / name, _use_new_zipfile_serialization=not old)
    flat = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    flat["brain"] = flat["brain"].float()
    save_file(flat, OUT / "views.expected.safetensors")
    import argparse

    torch.save({"model": {"w": base}, "args": argparse.Namespace(lr=1)}, OUT / "with-args.pt")
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), OUT / "script.pt")


if __name__ == "__main__":
    torch.manual_seed(20240301)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    resnet_monai()
    resnet_medicalnet()
    vit_monai()
    vit_timm()
    vit_huggingface()
    strides()
    for file in sorted(OUT.iterdir()):
        print(file.name, file.stat().st_size)
