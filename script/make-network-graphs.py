#!/usr/bin/env python3
"""Writes Fixtures/policies/graphs: networks of PyTorch, their manifests, and what they answer.

Needs torch, numpy and safetensors:  python3 script/make-network-graphs.py Fixtures/policies/graphs

Weights are stored in 64 bits, and the answers are computed in 64 bits. Each case is a small module
written with PyTorch's own layers; the nodes beside it say the same in the manifest's terms.
"""
import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

torch.set_default_dtype(torch.float64)
CASES = {}


def case(shape):
    def register(function):
        CASES[function.__name__] = (function, shape)
        return function
    return register


def node(op, name=None, inputs=None, **keys):
    item = {"op": op, **keys}
    if name:
        item["name"] = name
    if inputs:
        item["inputs"] = inputs
    return item


class Model(nn.Module):
    """A module whose forward pass is a function of its parts and one observation."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, nn.Parameter):
                self.register_parameter(name, part)
            else:
                setattr(self, name, part)
        self.function = forward

    def forward(self, x):
        return self.function(self, x)


def first(pair):
    return pair[0]


@case([12])
def residual_without_bias():
    def forward(m, x):
        a = torch.relu(m.a(x))
        return m.out(a + m.b(a))
    return Model(forward, a=nn.Linear(12, 10, bias=False), b=nn.Linear(10, 10, bias=False),
                 out=nn.Linear(10, 3)), [
        node("linear", params="a", bias=False), node("relu", "a"),
        node("linear", "b", params="b", bias=False), node("add", inputs=["a", "b"]),
        node("linear", params="out")]


@case([9])
def wide_and_deep_concat():
    def forward(m, x):
        deep = torch.tanh(m.deep(x))
        gate = torch.sigmoid(m.gate(x))
        both = torch.cat([deep * gate, x, deep], dim=-1)
        return m.out(both)
    return Model(forward, deep=nn.Linear(9, 5), gate=nn.Linear(9, 5), out=nn.Linear(19, 4)), [
        node("linear", "wide", ["observation"], params="deep"), node("tanh", "deep"),
        node("linear", "lever", ["observation"], params="gate"), node("sigmoid", "gate"),
        node("multiply", "gated", ["deep", "gate"]),
        node("concat", inputs=["gated", "observation", "deep"]), node("linear", params="out")]


@case([7])
def nodes_in_any_order_with_mean():
    def forward(m, x):
        a, b, c = m.a(x), m.b(x), torch.nn.functional.softplus(x)
        return m.out((a + b + c) / 3)
    return Model(forward, a=nn.Linear(7, 7), b=nn.Linear(7, 7), out=nn.Linear(7, 2)), [
        node("mean", "mean", ["a", "b", "c"]), node("linear", "b", ["observation"], params="b"),
        node("linear", "a", ["observation"], params="a"), node("softplus", "c", ["observation"]),
        node("linear", inputs=["mean"], params="out")]


@case([16])
def smooth_activations():
    def forward(m, x):
        x = nn.functional.mish(m.a(x) * 8)
        x = nn.functional.selu(m.b(x) * 3)
        x = nn.functional.softplus(m.c(x) * 12)
        return m.out(x)
    # The factors lie in the weights of the manifest's network.
    model = Model(lambda m, x: m.out(nn.functional.softplus(m.c(
        nn.functional.selu(m.b(nn.functional.mish(m.a(x))))))),
        a=nn.Linear(16, 16), b=nn.Linear(16, 16), c=nn.Linear(16, 16), out=nn.Linear(16, 4))
    with torch.no_grad():
        model.a.weight *= 8
        model.b.weight *= 3
        model.c.weight *= 5
    return model, [
        node("linear", params="a"), node("mish"), node("linear", params="b"), node("selu"),
        node("linear", params="c"), node("softplus"), node("linear", params="out")]


def encoder(name, norm_first, activation, bias=True, causal=False, pool="last_step"):
    def make():
        layer = nn.TransformerEncoderLayer(
            8, 2, 20, dropout=0.1, activation=activation, batch_first=True, norm_first=norm_first,
            layer_norm_eps=1e-5 if bias else 1e-4, bias=bias)
        parts = dict(inner=nn.Linear(5, 8),
                     encoder=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False),
                     out=nn.Linear(8, 3))
        # TransformerEncoder copies its layer; different weights show which one is used.
        for parameter in parts["encoder"].parameters():
            nn.init.normal_(parameter, std=0.4)
        mask = nn.Transformer.generate_square_subsequent_mask(11, dtype=torch.float64)

        def forward(m, x):
            x = m.encoder(m.inner(x)[None], mask=mask if causal else None, is_causal=causal)[0]
            return m.out(x[-1] if pool == "last_step" else x.mean(dim=0))
        keys = dict(heads=2, norm_first=norm_first, activation=activation)
        if causal:
            keys["causal"] = True
        if not bias:
            keys.update(bias=False, eps=1e-4)
        return Model(forward, **parts), [
            node("linear", params="inner"),
            node("transformer_encoder_layer", params="encoder.layers.0", **keys),
            node("transformer_encoder_layer", params="encoder.layers.1", **keys),
            node(pool), node("linear", params="out")]
    make.__name__ = name
    case([11, 5])(make)


encoder("encoder_post_norm_relu", False, "relu")
encoder("encoder_post_norm_gelu_mean", False, "gelu", pool="mean_over_time")
encoder("encoder_pre_norm_gelu", True, "gelu")
encoder("encoder_pre_norm_relu_causal", True, "relu", causal=True, pool="mean_over_time")
encoder("encoder_pre_norm_without_bias", True, "relu", bias=False)


def sinusoids(rows, width):
    place = torch.arange(rows)[:, None].double()
    rate = torch.exp(torch.arange(0, width, 2).double() * (-math.log(10000.0) / width))
    table = torch.zeros(rows, width)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate[: width // 2])
    return table


@case([13, 4])
def sinusoidal_encoder_with_norm():
    layer = nn.TransformerEncoderLayer(7 + 1, 4, 16, batch_first=True)
    model = Model(
        lambda m, x: m.out(m.encoder((m.inner(x) + sinusoids(13, 8))[None])[0].amax(dim=0)),
        inner=nn.Linear(4, 8), out=nn.Linear(8, 2),
        encoder=nn.TransformerEncoder(layer, 1, norm=nn.LayerNorm(8), enable_nested_tensor=False))
    for parameter in model.encoder.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model, [
        node("linear", params="inner"), node("sinusoidal_positions"),
        node("transformer_encoder_layer", params="encoder.layers.0", heads=4),
        node("layer_norm", params="encoder.norm"), node("max_over_time"),
        node("linear", params="out")]


@case([600, 7])
def sinusoids_of_an_odd_width():
    return Model(lambda m, x: m.out((x + sinusoids(600, 7))[-1]), out=nn.Linear(7, 7)), [
        node("sinusoidal_positions"), node("last_step"), node("linear", params="out")]


@case([6, 8])
def learned_positions_and_attention():
    def forward(m, x):
        x = x + m.positions[:, : x.shape[0]][0]
        x = x + m.attention(x[None], x[None], x[None], need_weights=False)[0][0]
        return m.out(x.flatten())
    return Model(forward, positions=nn.Parameter(torch.randn(1, 9, 8)),
                 attention=nn.MultiheadAttention(8, 4, bias=False, batch_first=True),
                 out=nn.Linear(48, 3)), [
        node("learned_positions", "seen", tensor="positions"),
        node("self_attention", "mixed", params="attention", heads=4, bias=False),
        node("add", inputs=["seen", "mixed"]), node("flatten"), node("linear", params="out")]


@case([20, 3])
def dilated_causal_convolutions():
    def block(conv, x, reach):
        return torch.relu(conv(x)[..., :-reach])
    def forward(m, x):
        x = x.T[None]
        first = block(m.a, x, 2)
        second = block(m.b, first, 4) + first
        third = block(m.c, second, 8) + second
        return m.out(third[0, :, -1])
    return Model(forward, a=nn.Conv1d(3, 6, 3, padding=2),
                 b=nn.Conv1d(6, 6, 3, padding=4, dilation=2, bias=False),
                 c=nn.Conv1d(6, 6, 3, padding=8, dilation=4), out=nn.Linear(6, 2)), [
        node("transpose_time_channel"), node("conv1d", params="a", kernel=3, causal=True),
        node("relu", "first"),
        node("conv1d", params="b", kernel=3, dilation=2, causal=True, bias=False),
        node("relu", "b"), node("add", "second", ["b", "first"]),
        node("conv1d", params="c", kernel=3, dilation=4, causal=True), node("relu", "c"),
        node("add", inputs=["c", "second"]), node("transpose_time_channel"), node("last_step"),
        node("linear", params="out")]


@case([17, 4])
def pooling():
    def forward(m, x):
        x = torch.relu(m.a(x.T[None]))
        left = nn.functional.avg_pool1d(x, 3, 2, 1)
        right = nn.functional.max_pool1d(x, 3, 2, 1)
        both = torch.cat([left, right], dim=1)
        both = nn.functional.max_pool1d(nn.functional.avg_pool1d(both, 2), 2)
        top = nn.functional.adaptive_max_pool1d(x, 1).flatten(1)
        mean = nn.functional.adaptive_avg_pool1d(x, 1).flatten(1)
        return m.out(torch.cat([both.flatten(1), top, mean], dim=1))[0]
    return Model(forward, a=nn.Conv1d(4, 5, 2, dilation=3), out=nn.Linear(20, 3)), [
        node("transpose_time_channel"), node("conv1d", params="a", kernel=2, dilation=3),
        node("relu", "a"), node("avg_pool1d", "left", ["a"], kernel=3, stride=2, padding=1),
        node("max_pool1d", "right", ["a"], kernel=3, stride=2, padding=1),
        node("concat", inputs=["left", "right"], dimension=0), node("avg_pool1d", kernel=2),
        node("max_pool1d", kernel=2), node("flatten", "both"),
        node("adaptive_max_pool1d", "highest", ["a"]), node("flatten", "top"),
        node("adaptive_avg_pool1d", "middle", ["a"]), node("flatten", "mean"),
        node("concat", inputs=["both", "top", "mean"]), node("linear", params="out")]


def recurrent(name, kind, **keys):
    def make():
        hidden = keys.get("hidden", 6)
        directions = 2 if keys.get("bidirectional") else 1
        options = dict(num_layers=keys.get("layers", 1), batch_first=True,
                       bidirectional=directions == 2, bias=keys.get("bias", True))
        if kind == "rnn":
            options["nonlinearity"] = keys.get("activation", "tanh")
        module = getattr(nn, kind.upper())(5, hidden, **options)
        written = {key: value for key, value in keys.items()}
        written.setdefault("hidden", hidden)
        return Model(lambda m, x: m.out(first(m.memory(x[None]))[0].flatten()), memory=module,
                     out=nn.Linear(9 * hidden * directions, 4)), [
            node(kind, params="memory", **written), node("flatten"), node("linear", params="out")]
    make.__name__ = name
    case([9, 5])(make)


recurrent("lstm_bidirectional_two_levels", "lstm", bidirectional=True, layers=2, hidden=7)
recurrent("lstm_without_bias", "lstm", bias=False)
recurrent("gru_bidirectional", "gru", bidirectional=True, hidden=5)
recurrent("gru_without_bias_two_levels", "gru", bias=False, layers=2)
recurrent("rnn_tanh", "rnn", layers=2)
recurrent("rnn_relu_bidirectional", "rnn", activation="relu", bidirectional=True, bias=False)


@case([10, 4])
def last_states_of_both_directions():
    def forward(m, x):
        _, (hidden, _) = m.memory(x[None])
        return m.out(torch.cat([hidden[-2], hidden[-1]], dim=1))[0]
    return Model(forward, memory=nn.LSTM(4, 6, batch_first=True, bidirectional=True),
                 out=nn.Linear(12, 3)), [
        node("lstm", "memory", params="memory", hidden=6, bidirectional=True),
        node("slice", dimension=0, start=9, count=1), node("slice", dimension=1, start=0, count=6),
        node("flatten", "forward"), node("slice", inputs=["memory"], dimension=0, start=0, count=1),
        node("slice", dimension=1, start=6, count=6), node("flatten", "back"),
        node("concat", inputs=["forward", "back"]), node("linear", params="out")]


@case([14, 6])
def weight_norms():
    old = nn.utils.weight_norm
    new = nn.utils.parametrizations.weight_norm
    model = Model(
        lambda m, x: m.out(torch.tanh(m.flat(
            first(m.memory(torch.relu(m.b(torch.relu(m.a(x.T[None])))).transpose(1, 2)))[:, -1])))[0],
        a=old(nn.Conv1d(6, 8, 3)), b=new(nn.Conv1d(8, 4, 2)),
        memory=new(nn.LSTM(4, 5, batch_first=True), "weight_hh_l0"),
        flat=old(nn.Linear(5, 5), dim=None), out=new(nn.Linear(5, 3), dim=1))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("_g") or name.endswith("original0"):
                parameter *= 1.5
    return model, [
        node("transpose_time_channel"), node("conv1d", params="a", kernel=3), node("relu"),
        node("conv1d", params="b", kernel=2), node("relu"), node("transpose_time_channel"),
        node("lstm", params="memory", hidden=5), node("last_step"), node("linear", params="flat"),
        node("tanh"), node("linear", params="out")]


@case([12, 6])
def group_norms():
    model = Model(
        lambda m, x: m.out(m.flat(nn.functional.mish(m.norm(m.a(x.T[None]))).flatten(1)))[0],
        a=nn.Conv1d(6, 8, 3, padding=1), norm=nn.GroupNorm(4, 8, eps=1e-4),
        flat=nn.Sequential(nn.Linear(96, 6), nn.GroupNorm(2, 6)), out=nn.Linear(6, 2))
    for name in ("norm", "flat.1"):
        norm = model.get_submodule(name)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return model, [
        node("transpose_time_channel"), node("conv1d", params="a", kernel=3, padding=1),
        node("group_norm", params="norm", groups=4, eps=1e-4), node("mish"), node("flatten"),
        node("linear", params="flat.0"), node("group_norm", params="flat.1", groups=2),
        node("linear", params="out")]


@case([15, 12])
def shared_convolution_with_a_memory_per_asset():
    """Three assets of four features: one convolution for all, an LSTM for each, one head."""
    def forward(m, x):
        states = []
        for asset in range(3):
            part = x[:, 4 * asset: 4 * asset + 4]
            part = torch.relu(m.conv(part.T[None])).transpose(1, 2)
            states.append(first(m.memories[asset](part))[:, -1])
        return m.out(torch.cat(states, dim=1))[0]
    nodes = []
    for asset in range(3):
        nodes += [
            node("slice", inputs=["observation"], dimension=1, start=4 * asset, count=4),
            node("transpose_time_channel"), node("conv1d", params="conv", kernel=3), node("relu"),
            node("transpose_time_channel"),
            node("lstm", params=f"memories.{asset}", hidden=5), node("last_step", f"asset{asset}")]
    return Model(forward, conv=nn.Conv1d(4, 6, 3), out=nn.Linear(15, 3),
                 memories=nn.ModuleList([nn.LSTM(6, 5, batch_first=True) for _ in range(3)])), nodes + [
        node("concat", inputs=["asset0", "asset1", "asset2"]), node("linear", params="out")]


@case([24])
def reshaped_vector_with_residual_convolutions():
    def forward(m, x):
        x = x.reshape(8, 3).T[None]
        y = m.norm(torch.relu(m.a(x)))
        y = y + m.b(y)
        y = y * torch.sigmoid(m.gate(y))
        return m.out(y.mean(dim=2) + y[:, :, -1])[0]
    model = Model(forward, a=nn.Conv1d(3, 5, 3, padding=1), norm=nn.BatchNorm1d(5),
                  b=nn.Conv1d(5, 5, 1), gate=nn.Conv1d(5, 5, 1), out=nn.Linear(5, 2))
    model.norm.running_mean.normal_()
    model.norm.running_var.uniform_(0.5, 2)
    return model, [
        node("reshape", shape=[8, 3]), node("transpose_time_channel"),
        node("conv1d", params="a", kernel=3, padding=1), node("relu"),
        node("batch_norm", "y", params="norm"), node("conv1d", "b", params="b", kernel=1),
        node("add", "sum", ["y", "b"]), node("conv1d", params="gate", kernel=1),
        node("sigmoid", "gate"), node("multiply", "gated", ["sum", "gate"]),
        node("transpose_time_channel", "rows"), node("mean_over_time", "mean"),
        node("last_step", "last", ["rows"]), node("add", inputs=["mean", "last"]),
        node("linear", params="out")]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for index, (name, (make, shape)) in enumerate(CASES.items()):
        torch.manual_seed(index)
        model, nodes = make()
        model.eval()
        tensors = {key: value.detach().contiguous().clone()
                   for key, value in model.state_dict().items() if value.is_floating_point()}
        save_file({key: value for key, value in tensors.items()},
                  folder / f"{name}.safetensors")
        inputs = torch.randn(4, *shape)
        inputs[3] *= 20
        with torch.no_grad():
            outputs = [model(x).flatten().tolist() for x in inputs]
        cases.append({"name": name, "shape": shape, "network": {"policy": nodes},
                      "inputs": [x.flatten().tolist() for x in inputs], "outputs": outputs})
    (folder / "graphs.json").write_text(
        json.dumps({"torch": torch.__version__, "cases": cases}, indent=None) + "\n")


main(Path(sys.argv[1]))
