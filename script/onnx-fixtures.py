#!/usr/bin/env python3
"""Exports small networks to ONNX and writes what PyTorch and onnxruntime compute: the files of Fixtures/policies/onnx.

Usage: script/onnx-fixtures.py FOLDER

Needs torch, onnx, onnxscript and onnxruntime. Each case of cases.json names a file, the observation's shape, how inputs
and outputs of the graph are used, observations, and the expected outputs. "exact" outputs were computed by PyTorch in
float64 (the graph is in float64 too, tolerance 1e-12), the others by onnxruntime in float32 (tolerance 1e-5). Constants
of the networks are numbers that float32 holds exactly, because the exporter rounds them also in graphs of float64.
"""

import json
import math
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(11)
torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)  # the old exporter does not know the fused layer
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
cases = []


def strip(model):
    """Takes out paths and stack traces that exporters write."""
    model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in list(model.graph.input) + list(model.graph.output) + list(model.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    return model


def case(name, net, shape, opset, dynamo, double=False, heads=None, states=(), count=4, batch=False, scale=1.0):
    """Exports a network and computes its outputs; `states` are the shapes of recurrent states."""
    net = net.eval()
    net = net.double() if double else net.float()
    kind = torch.float64 if double else torch.float32
    example = (torch.zeros(1, *shape, dtype=kind), *[torch.zeros(*s, dtype=kind) for s in states])
    inputs = ["obs"] + [f"in{i}" for i in range(len(states))]
    heads = heads or ["policy"]
    outputs = heads + [f"out{i}" for i in range(len(states))]
    path = f"{folder}/{name}.onnx"
    options = {}
    if batch and dynamo:
        options["dynamic_shapes"] = ({0: torch.export.Dim("batch", min=1, max=64)},)
        example = (torch.zeros(2, *shape, dtype=kind),)
    elif batch:
        options["dynamic_axes"] = {"obs": {0: "batch"}, outputs[0]: {0: "batch"}}
    with torch.no_grad():
        if dynamo:
            torch.onnx.export(net, example, path, dynamo=True, external_data=False, opset_version=opset, verbose=False,
                              input_names=inputs, output_names=outputs, **options)
        else:
            torch.onnx.export(net, example, path, dynamo=False, opset_version=opset, input_names=inputs,
                              output_names=outputs, **options)
    model = strip(onnx.load(path))
    found = [o.version for o in model.opset_import if o.domain == ""]
    onnx.save(model, path)
    generator = np.random.default_rng(5)
    observations = np.round(generator.standard_normal((count, *shape)) * scale, 4)
    rows = []
    if double:
        carried = list(example[1:])
        for observation in observations:
            with torch.no_grad():
                result = net(torch.tensor(observation[None], dtype=kind), *carried)
            result = result if isinstance(result, tuple) else (result,)
            rows.append([float(x) for r in result[:len(heads)] for x in r.reshape(-1)])
            carried = list(result[len(heads):])
    else:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [i.name for i in session.get_inputs()]
        carried = [x.numpy() for x in example[1:]]
        for observation in observations:
            result = session.run(outputs, dict(zip(names, [observation[None].astype(np.float32), *carried])))
            rows.append([float(f"{x:.9g}") for r in result[:len(heads)] for x in np.asarray(r).reshape(-1)])
            carried = result[len(heads):]
    cases.append({
        "name": name, "file": f"{name}.onnx", "exporter": "dynamo" if dynamo else "torchscript", "opset": found[0],
        "shape": list(shape), "observation": "obs", "heads": heads,
        "states": [[f"in{i}", f"out{i}"] for i in range(len(states))], "exact": double,
        "inputs": [[float(x) for x in o.reshape(-1)] for o in observations], "outputs": rows,
        "operators": sorted({n.op_type for n in model.graph.node})})
    print(f"{name}: opset {found[0]}, {os.path.getsize(path)} bytes, {' '.join(cases[-1]['operators'])}", flush=True)


def attempt(name, *arguments, **options):
    try:
        case(name, *arguments, **options)
    except Exception as error:  # an exporter that cannot do it; the others still count
        print(f"{name}: NOT EXPORTED: {type(error).__name__}: {str(error)[:200]}", flush=True)
        if os.path.exists(f"{folder}/{name}.onnx"):
            os.remove(f"{folder}/{name}.onnx")


def mlp(activation, inputs=12, width=16, outputs=3):
    return nn.Sequential(nn.Linear(inputs, width), activation(), nn.Linear(width, width), activation(),
                         nn.Linear(width, outputs))


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(10, 16), nn.LayerNorm(16), nn.Linear(16, 2)

    def forward(self, x):
        return self.last(torch.nn.functional.gelu(self.norm(self.first(x))))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(16, 12), nn.Linear(6, 4)

    def forward(self, x):
        y = x + torch.relu(self.a(x))
        z = torch.cat([y, torch.where(x > 0, self.b(y), 0.125 * x)], dim=-1)
        left, right = self.c(z).chunk(2, dim=-1)
        return self.d(left * torch.sigmoid(right)).clamp(-0.75, 0.875)


class Dueling(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.value, self.advantage = nn.Linear(9, 16), nn.Linear(16, 1), nn.Linear(16, 5)

    def forward(self, x):
        y = torch.relu(self.body(x))
        a = self.advantage(y)
        return self.value(y) + a - a.mean(dim=1, keepdim=True), self.value(y)


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(5, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 3, dilation=2, padding=2, groups=4),
            nn.ELU(), nn.MaxPool1d(2), nn.Conv1d(8, 6, 2, stride=2, padding=1), nn.AvgPool1d(2), nn.Flatten())
        self.head = nn.Linear(12, 3)
        with torch.no_grad():
            self.net[1].running_mean.normal_()
            self.net[1].running_var.uniform_(0.5, 2)

    def forward(self, x):
        return self.head(self.net(x.transpose(1, 2)))


class Plane(nn.Module):
    """A window as an image of one channel."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Conv2d(4, 6, (2, 3), stride=(1, 2)), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.net(x.unsqueeze(1)))


class Recurrent(nn.Module):
    def __init__(self, kind, layers=1, bidirectional=False, hidden=10):
        super().__init__()
        self.net = kind(6, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(hidden * (2 if bidirectional else 1), 3)

    def forward(self, x):
        y, _ = self.net(x)
        return torch.log_softmax(self.head(y[:, -1]), dim=-1)


class Stateful(nn.Module):
    """One step of a recurrent policy, its state in and out."""

    def __init__(self, kind, layers=1):
        super().__init__()
        self.net, self.actor, self.critic = kind(7, 8, layers), nn.Linear(8, 3), nn.Linear(8, 1)
        self.isLSTM = kind is nn.LSTM

    def forward(self, x, *state):
        y, state = self.net(x.unsqueeze(0), state if self.isLSTM else state[0])
        state = state if self.isLSTM else (state,)
        return (torch.tanh(self.actor(y[0])), self.critic(y[0]), *state)


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(7, 8), nn.Linear(8, 2)

    def forward(self, x, h, c):
        h, c = self.cell(x, (h, c))
        return self.head(h), h, c


class Encoder(nn.Module):
    def __init__(self, first=False, causal=False, pool="last", activation="gelu", layers=2):
        super().__init__()
        self.embed = nn.Linear(6, 16)
        self.position = nn.Parameter(torch.randn(9, 16) * 0.1)
        layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, norm_first=first, activation=activation)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.causal, self.pool = causal, pool
        self.token = nn.Parameter(torch.randn(1, 1, 16) * 0.1)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        y = self.embed(x)
        if self.pool == "token":
            y = torch.cat([self.token.expand(y.shape[0], -1, -1), y], dim=1)
        y = y + self.position[:y.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(y.shape[1]).to(y.dtype) if self.causal else None
        y = self.encoder(y, mask=mask)
        y = {"last": lambda: y[:, -1], "mean": lambda: y.mean(dim=1), "token": lambda: y[:, 0]}[self.pool]()
        return torch.softmax(self.head(y), dim=-1)


class Sinusoidal(nn.Module):
    """Positions computed in the graph, attention written out, and a mask from positions."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = nn.Linear(8, 16), nn.Linear(8, 16), nn.Linear(8, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        times = torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
        rates = torch.exp(torch.arange(0, 8, 2, dtype=x.dtype) * (-math.log(10000.0) / 8))
        angles = times[:, None] * rates
        y = x + torch.stack([torch.sin(angles), torch.cos(angles)], dim=-1).flatten(1)
        scores = self.q(y) @ self.k(y).transpose(1, 2) / math.sqrt(16)
        ahead = times[None, :] > times[:, None]
        scores = scores.masked_fill(ahead, float("-inf"))
        return self.head((self.o(torch.softmax(scores, dim=-1) @ self.v(y))).amax(dim=1))


class Deterministic(nn.Module):
    """What the documentation of Stable-Baselines3 exports: an action, its value, its log probability."""

    def __init__(self):
        super().__init__()
        self.body, self.actor, self.critic = nn.Linear(11, 16), nn.Linear(16, 4), nn.Linear(16, 1)

    def forward(self, x):
        y = torch.tanh(self.body(x.float() if x.dtype == torch.float32 else x))
        logits = self.actor(y)
        logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        action = torch.argmax(torch.softmax(logits, dim=-1), dim=1)
        return action, self.critic(y), logits.gather(-1, action.unsqueeze(-1)).squeeze(-1)


class Squashed(nn.Module):
    """SAC with its mean and deviation."""

    def __init__(self):
        super().__init__()
        self.body, self.mean, self.deviation = nn.Linear(11, 16), nn.Linear(16, 2), nn.Linear(16, 2)

    def forward(self, x):
        y = torch.relu(self.body(x))
        return torch.tanh(self.mean(y)), torch.exp(torch.clamp(self.deviation(y), -20, 2))


class Channels(nn.Module):
    """Normalisation by groups, instances and by hand."""

    def __init__(self):
        super().__init__()
        self.conv, self.group, self.instance = nn.Conv1d(4, 8, 1), nn.GroupNorm(2, 8), nn.InstanceNorm1d(8, affine=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        y = self.instance(torch.nn.functional.leaky_relu(self.group(self.conv(x.transpose(1, 2))), 0.2))
        y = (y - y.mean(-1, keepdim=True)) / (y.var(-1, keepdim=True, unbiased=False) + 2 ** -10).sqrt()
        return self.head((y ** 2).mean(-1) + y.std(-1))


class Odd(nn.Module):
    """Many small operators."""

    def forward(self, x):
        a = torch.nn.functional.softsign(x) + torch.nn.functional.hardswish(x) - torch.nn.functional.hardsigmoid(x)
        b = torch.sign(x) * torch.sqrt(torch.abs(x)) + torch.floor(x) - torch.ceil(x) + torch.round(x)
        c = torch.minimum(x, a) + torch.maximum(b, x) + torch.erf(x) + torch.reciprocal(x * x + 1)
        d = torch.flip(c, dims=[1])[:, ::2]
        e = torch.nn.functional.pad(d, (1, 2), value=0.5).repeat(1, 2)
        f = torch.cumprod(torch.ones_like(e), 1) if False else torch.tril(e[:, :, None] * e[:, None, :]).sum(2)
        return torch.cat([f, c.norm(dim=1, keepdim=True), c.prod(dim=1, keepdim=True) * 1e-3], dim=1)


class Smooth(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(7, 9), nn.Linear(9, 9), nn.Linear(9, 2)

    def forward(self, x):
        y = torch.nn.functional.mish(self.a(x))
        return self.c(torch.nn.functional.softplus(self.b(y)) + torch.nn.functional.selu(y))


# Graphs in the text form of ONNX, for what exporters write rarely: shape, text.
WRITTEN = {
    "reductions": ([3, 4], 17, """(float[1,3,4] obs) => (float[N] policy) {
        a = ReduceL1 <axes: ints = [2], keepdims: int = 0> (obs)   b = ReduceL2 <axes: ints = [1]> (obs)
        c = ReduceMin <axes: ints = [-1], keepdims: int = 0> (obs) d = ReduceSumSquare <keepdims: int = 1> (obs)
        s = Mul (obs, obs)                                       e = ReduceLogSum <axes: ints = [1, 2], keepdims: int = 0> (s)
        f = ReduceLogSumExp <axes: ints = [1]> (obs)              g = ReduceProd <axes: ints = [2], keepdims: int = 0> (obs)
        i = ArgMin <axis: int = 2, select_last_index: int = 1> (obs) j = Cast <to: int = 1> (i)
        m = Constant <value: tensor = int64[1] {-1}> ()
        a1 = Reshape (a, m) b1 = Reshape (b, m) c1 = Reshape (c, m) d1 = Reshape (d, m) e1 = Reshape (e, m)
        f1 = Reshape (f, m) g1 = Reshape (g, m) j1 = Reshape (j, m)
        policy = Concat <axis: int = 0> (a1, b1, c1, d1, e1, f1, g1, j1) }"""),
    "pools": ([2, 9], 19, """(float[1,2,9] obs) => (float[N] policy) {
        a = AveragePool <kernel_shape: ints = [3], pads: ints = [1, 2], strides: ints = [2]> (obs)
        b = AveragePool <kernel_shape: ints = [3], pads: ints = [1, 1], count_include_pad: int = 1> (obs)
        c = MaxPool <kernel_shape: ints = [2], pads: ints = [1, 1], dilations: ints = [2]> (obs)
        d = GlobalAveragePool (obs)                              e = GlobalMaxPool (obs)
        m = Constant <value: tensor = int64[1] {-1}> ()
        a1 = Reshape (a, m) b1 = Reshape (b, m) c1 = Reshape (c, m) d1 = Reshape (d, m) e1 = Reshape (e, m)
        policy = Concat <axis: int = 0> (a1, b1, c1, d1, e1) }"""),
    "logic": ([6], 17, """(float[1,6] obs) => (float[1,6] policy) {
        zero = Constant <value: tensor = float {0}> ()            one = Constant <value: tensor = float[1] {1}> ()
        p = Greater (obs, zero)     q = LessOrEqual (obs, one)    r = And (p, q)   s = Not (r)  t = Xor (s, p)  u = Or (t, q)
        v = Where (u, obs, one)     n = Neg (obs)                 w = Less (v, n)  k = Equal (v, obs) l = GreaterOrEqual (v, n)
        f = Cast <to: int = 1> (w)  g = Cast <to: int = 1> (k)    h = Cast <to: int = 1> (l)
        z = Div (zero, zero)        y = Add (obs, z)              x = IsNaN (y)    x1 = Cast <to: int = 1> (x)
        i = Div (one, zero)         j = IsInf (i)                 j1 = CastLike (j, obs)
        policy = Sum (f, g, h, x1, j1, v) }"""),
    "remainders": ([6], 17, """(float[1,6] obs) => (float[1,12] policy) {
        three = Constant <value: tensor = float {3}> ()           half = Constant <value: tensor = float {0.5}> ()
        a = Mod <fmod: int = 1> (obs, half)  ten = Constant <value: tensor = float {10}> ()  b = Mul (obs, ten)
        c = Cast <to: int = 7> (b) d = Constant <value: tensor = int64 {4}> () e = Mod (c, d) f = Div (c, d) g = Pow (c, d)
        h = Add (e, f) i = Cast <to: int = 1> (h) big = Constant <value: tensor = float {0.0001}> () j = Cast <to: int = 1> (g)
        k = Mul (j, big) l = Abs (obs) m = Pow (l, half) n = Pow (obs, three) o = Constant <value: tensor = float {1.7}> ()
        p = Pow (l, o) q = Sum (i, k, m, n, p) policy = Concat <axis: int = 1> (a, q) }"""),
    "moves": ([3, 5], 18, """(float[1,3,5] obs) => (float[N] policy) {
        t = Constant <value: tensor = int64[2] {2, 1}> ()  a, b = Split <axis: int = 1> (obs, t)
        c, d, e = Split <axis: int = 2, num_outputs: int = 3> (obs)
        s = Constant <value: tensor = int64[2] {-1, 4}> () f = Constant <value: tensor = int64[2] {-9, 0}> ()
        g = Constant <value: tensor = int64[2] {1, 2}> ()  h = Constant <value: tensor = int64[2] {-1, -3}> () i = Slice (obs, s, f, g, h)
        j = Constant <value: tensor = int64[6] {0, 1, -1, 0, 0, 2}> () k = Constant <value: tensor = float {0.25}> () l = Pad (obs, j, k)
        m = Constant <value: tensor = int64[3] {2, 1, 3}> () n = Tile (obs, m)
        o = Constant <value: tensor = int64 {-1}> () p = Trilu <upper: int = 0> (obs, o)
        q = Constant <value: tensor = int64[2,2] {1, -1, 0, 2}> () r = Gather <axis: int = 1> (obs, q)
        u = Constant <value: tensor = int64[1,2,3] {0, -1, 2, 4, 1, -5}> () v = GatherElements <axis: int = 2> (obs, u)
        w = Flatten <axis: int = 2> (p) x = Transpose <perm: ints = [1, 0]> (w) y = Constant <value: tensor = int64[1] {-1}> ()
        a1 = Reshape (a, y) b1 = Reshape (b, y) c1 = Reshape (c, y) d1 = Reshape (d, y) e1 = Reshape (e, y) i1 = Reshape (i, y)
        l1 = Reshape (l, y) n1 = Reshape (n, y) r1 = Reshape (r, y) v1 = Reshape (v, y) x1 = Reshape (x, y)
        policy = Concat <axis: int = 0> (a1, b1, c1, d1, e1, i1, l1, n1, r1, v1, x1) }"""),
    "indices": ([5], 17, """(float[1,5] obs) => (float[1,4] policy)
        <float[5,4] table = {1,2,3,4, 5,6,7,8, 9,10,11,12, 13,14,15,16, 17,18,19,20}> {
        i = ArgMax <axis: int = 1, keepdims: int = 0> (obs) a = Gather (table, i)
        s = Shape <start: int = 1> (obs) n = Size (obs) m = Cast <to: int = 1> (n) k = ConstantOfShape <value: tensor = float[1] {2}> (s)
        j = ReduceSum <keepdims: int = 0> (k) b = Mul (a, m) policy = Add (b, j) }"""),
    "activations": ([6], 20, """(float[1,6] obs) => (float[1,60] policy) <float[6] slope = {0.1, 0.2, 0.3, -0.4, 0.5, 0.6}> {
        a = Elu <alpha: float = 0.7> (obs) b = LeakyRelu <alpha: float = 0.3> (obs) c = PRelu (obs, slope)
        d = HardSigmoid <alpha: float = 0.3, beta: float = 0.4> (obs) e = ThresholdedRelu <alpha: float = 0.5> (obs)
        f = Gelu <approximate: string = "tanh"> (obs) g = Gelu (obs) h = HardSwish (obs) i = Softsign (obs)
        low = Constant <value: tensor = float {-0.5}> () j = Clip (obs, low) policy = Concat <axis: int = -1> (a, b, c, d, e, f, g, h, i, j) }"""),
    "variadic": ([4], 13, """(float[1,4] obs) => (float[1,4] policy) <float[4] w = {0.1, -0.2, 0.3, 0.4}, float[1] v = {0.05}> {
        a = Max (obs, w, v) b = Min (obs, w) c = Mean (a, b, obs) d = Sum (c) e = Sin (d) f = Cos (e) g = Reciprocal (f)
        h = Round (g) i = Floor (d) j = Ceil (d) k = Sign (obs) l = Exp (k) m = Log (l) n = Sqrt (l) policy = Sum (g, h, i, j, m, n) }"""),
    "products": ([4, 4], 17, """(float[1,4,4] obs) => (float[N] policy) <float[4] w = {0.1, -0.2, 0.3, 0.4}, float[2,1,4,2] m = {
        1,2,3,4,5,6,7,8, -1,2,-3,4,-5,6,-7,8}> {
        s = Constant <value: tensor = int64[1] {0}> () q = Squeeze (obs, s)
        a = Gemm <transA: int = 1, alpha: float = 0.5, beta: float = 2.0> (q, q, w) b = Gemm <transB: int = 1> (q, q, q)
        c = MatMul (obs, w) d = MatMul (w, q) e = MatMul (obs, m) f = MatMul (w, w) g = Softmax <axis: int = 0> (q)
        h = LogSoftmax <axis: int = 1> (obs) y = Constant <value: tensor = int64[1] {-1}> ()
        a1 = Reshape (a, y) b1 = Reshape (b, y) c1 = Reshape (c, y) d1 = Reshape (d, y) e1 = Reshape (e, y) f1 = Reshape (f, y)
        g1 = Reshape (g, y) h1 = Reshape (h, y) policy = Concat <axis: int = 0> (a1, b1, c1, d1, e1, f1, g1, h1) }"""),
    "shared": ([4], 18, """(float[1,4] obs) => (float[1,16] policy) {
        a = Exp (obs) b = Dropout (a) c = Tanh (b) d = Identity (a) e = Relu (d) f = Sum (a) g = Neg (f)
        one = Constant <value: tensor = float {1}> () h = Pow (a, one) i = Sigmoid (h) j = Reshape (i, s) k = Neg (j)
        policy = Concat <axis: int = 1> (c, e, g, k) }""".replace("policy) {", "policy) <int64[2] s = {1, 4}> {")),
    "norms": ([3, 4], 17, """(float[1,3,4] obs) => (float[1,3,4] policy) <float[3] a = {1, 2, 3}, float[3] b = {0.1, 0.2, 0.3},
        float[3] c = {0.5, -0.5, 0}, float[3] d = {1, 0.5, 2}, float[3,4] w = {1,2,3,4,5,6,7,8,9,10,11,12}> {
        e = BatchNormalization <epsilon: float = 0.001> (obs, a, b, c, d) f = InstanceNormalization (e, a, b)
        policy = LayerNormalization <axis: int = 1> (f, w, w) }"""),
    "groups": ([4, 3], 18, """(float[1,4,3] obs) => (float[1,4,3] policy) <float[2] a = {1, 2}, float[2] b = {0.1, -0.2}> {
        policy = GroupNormalization <num_groups: int = 2, epsilon: float = 0.001> (obs, a, b) }"""),
    "sums": ([3, 4], 13, """(float[1,3,4] obs) => (float[N] policy) <float[4,2,3] w = {0.1,0.2,-0.3,0.4,0.5,-0.6,0.7,0.8,0.9,
        -0.1,0.3,0.2,0.6,0.1,-0.2,0.5,0.4,0.3,-0.7,0.1,0.2,0.8,-0.5,0.6}, int64[2] row = {1, 2}> {
        u = Celu <alpha: float = 0.5> (obs)
        a = Einsum <equation: string = "bij,jkl->blki"> (obs, w) b = Einsum <equation: string = "bij, bkj -> bki"> (obs, u)
        c = Einsum <equation: string = "bij,bij->b"> (obs, u)    d = Einsum <equation: string = "bij,jki->kb"> (u, w)
        e = Einsum <equation: string = "bij->jib"> (u)           f = Einsum <equation: string = "bij,bjc->bic"> (b, u)
        h = Reshape (d, row)                                     g = Einsum <equation: string = "bi,bj->bji"> (h, h)
        m = Constant <value: tensor = int64[1] {-1}> () a1 = Reshape (a, m) b1 = Reshape (b, m) d1 = Reshape (d, m)
        e1 = Reshape (e, m) f1 = Reshape (f, m) g1 = Reshape (g, m)
        policy = Concat <axis: int = 0> (a1, b1, c, d1, e1, f1, g1) }"""),
    "reverse": ([4, 2], 14, """(float[1,4,2] obs) => (float[N] policy) <float[1,8,2] w = {0.1,0.2,-0.3,0.4,0.5,-0.6,0.7,0.8,0.9,-1,0.1,0.3,0.2,0.4,0.6,-0.2},
        float[1,8,2] r = {0.3,0.2,0.1,-0.4,0.2,0.6,0.1,0.8,-0.9,0.1,0.1,0.2,0.3,0.4,0.6,0.2}, float[1,1,2] h = {0.5, -0.5},
        float[1,1,2] k = {0.25, 0.75}, int32[1] n = {4}> {
        x = Transpose <perm: ints = [1, 0, 2]> (obs) y, z, c = LSTM <direction: string = "reverse", hidden_size: int = 2> (x, w, r, , n, h, k)
        m = Constant <value: tensor = int64[1] {-1}> () a = Reshape (y, m) b = Reshape (z, m) d = Reshape (c, m)
        policy = Concat <axis: int = 0> (a, b, d) }"""),
    "clip_bounds": ([6], 17, """(float[1,6] obs) => (float[1,12] policy) <float l = {0.5}, float h = {-0.25}> {
        a = Clip (obs, l, h) b = Clip (obs, h, l) policy = Concat <axis: int = 1> (a, b) }"""),
    "same_padding": ([2, 7], 17, """(float[1,2,7] obs) => (float[N] policy) <float[2,2,4] w = {0.1,0.2,-0.3,0.4,0.5,-0.6,0.7,0.8,0.9,-1,0.1,0.3,0.2,0.4,0.6,-0.2},
        float[2,2,3] v = {0.3,0.2,0.1,-0.4,0.2,0.6,0.1,0.8,-0.9,0.1,0.1,0.2}> {
        a = Conv <auto_pad: string = "SAME_UPPER", strides: ints = [2]> (obs, w)
        b = Conv <auto_pad: string = "SAME_LOWER"> (obs, v)
        c = MaxPool <auto_pad: string = "SAME_LOWER", kernel_shape: ints = [4], strides: ints = [3]> (b)
        d = AveragePool <auto_pad: string = "SAME_UPPER", kernel_shape: ints = [2], strides: ints = [2]> (b)
        e = Conv <auto_pad: string = "VALID"> (obs, v)
        m = Constant <value: tensor = int64[1] {-1}> () f = Reshape (a, m) g = Reshape (b, m) h = Reshape (c, m) i = Reshape (d, m) j = Reshape (e, m)
        policy = Concat <axis: int = 0> (f, g, h, i, j) }"""),
    "recurrent": ([4, 2], 14, """(float[1,4,2] obs) => (float[N] policy) <float[2,2,2] w = {0.1,0.2,-0.3,0.4,0.5,-0.6,0.7,0.8},
        float[2,2,2] r = {0.3,0.2,0.1,-0.4,0.2,0.6,0.1,0.8}, float[2,4] b = {0.1,0.2,0.3,0.4,0.5,-0.6,0.7,0.8}> {
        x = Transpose <perm: ints = [1, 0, 2]> (obs) y, z = RNN <direction: string = "bidirectional", hidden_size: int = 2> (x, w, r, b)
        m = Constant <value: tensor = int64[1] {-1}> () a = Reshape (y, m) c = Reshape (z, m) policy = Concat <axis: int = 0> (a, c) }"""),
}


def written(name, shape, opset, text):
    """A graph in the text form of ONNX, held to onnxruntime."""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> {name} {text}')
    save(name, model, shape, opset)


def save(name, model, shape, opset):
    path = f"{folder}/{name}.onnx"
    onnx.save(model, path)
    generator = np.random.default_rng(7)
    observations = np.round(generator.standard_normal((4, *shape)), 4)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = [[float(f"{x:.9g}") for x in session.run(["policy"], {"obs": o[None].astype(np.float32)})[0].reshape(-1)]
            for o in observations]
    cases.append({
        "name": name, "file": f"{name}.onnx", "exporter": "written", "opset": opset, "shape": list(shape),
        "observation": "obs", "heads": ["policy"], "states": [], "exact": False,
        "inputs": [[float(x) for x in o.reshape(-1)] for o in observations], "outputs": rows,
        "operators": sorted({n.op_type for n in model.graph.node})})
    print(f"{name}: opset {opset}, {os.path.getsize(path)} bytes", flush=True)


def fields():
    """Elements in typed fields, and of all types."""
    helper, kinds = onnx.helper, onnx.TensorProto
    tensors = [
        helper.make_tensor("f", kinds.FLOAT, [4], [0.5, -1, 2, 3]),
        helper.make_tensor("d", kinds.DOUBLE, [4], [0.25, 1, -2, 1e-3]),
        helper.make_tensor("h", kinds.FLOAT16, [4], [0.5, -65504, 6e-8, 1]),
        helper.make_tensor("b", kinds.BFLOAT16, [4], [0.5, -3, 1e-3, 1]),
        helper.make_tensor("i", kinds.INT32, [4], [1, -2, 3, 4]),
        helper.make_tensor("l", kinds.INT64, [4], [1, -2, 3, 1 << 40]),
        helper.make_tensor("s", kinds.INT16, [4], [1, -2, 300, 4]),
        helper.make_tensor("y", kinds.INT8, [4], [1, -2, 3, -128]),
        helper.make_tensor("u", kinds.UINT8, [4], [1, 2, 3, 255]),
        helper.make_tensor("o", kinds.BOOL, [4], [True, False, True, True])]
    nodes = [helper.make_node("Cast", [t.name], [t.name + "1"], to=kinds.FLOAT) for t in tensors]
    nodes += [helper.make_node("Mul", ["obs", t.name + "1"], [t.name + "2"]) for t in tensors]
    nodes.append(helper.make_node("Concat", [t.name + "2" for t in tensors], ["policy"], axis=1))
    graph = helper.make_graph(nodes, "fields", [helper.make_tensor_value_info("obs", kinds.FLOAT, [1, 4])],
                              [helper.make_tensor_value_info("policy", kinds.FLOAT, [1, 40])], tensors)
    save("fields", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), [4], 17)


def everything():
    for opset in range(13, 18):
        attempt(f"norm_ts{opset}", Normalised(), (10,), opset, False, double=opset % 2 == 1)
    for opset in range(18, 22):
        attempt(f"norm_dynamo{opset}", Normalised(), (10,), opset, True, double=opset % 2 == 1)
    for dynamo in (False, True):
        for double in (False, True):
            tag = ("dynamo" if dynamo else "ts") + ("_f64" if double else "")
            opset = 18 if dynamo else (14 if double else 17)
            options = dict(opset=opset, dynamo=dynamo, double=double)
            attempt(f"mlp_{tag}", mlp(nn.Tanh if double else nn.ReLU), (12,), batch=not double, **options)
            attempt(f"residual_{tag}", Residual(), (8,), **options)
            attempt(f"dueling_{tag}", Dueling(), (9,), heads=["policy", "value"], **options)
            attempt(f"cnn_{tag}", Convolution(), (14, 5), **options)
            attempt(f"plane_{tag}", Plane(), (8, 9), **options)
            attempt(f"lstm_{tag}", Recurrent(nn.LSTM, 2), (6, 6), **options)
            attempt(f"lstm_both_{tag}", Recurrent(nn.LSTM, 1, True), (5, 6), **options)
            attempt(f"gru_{tag}", Recurrent(nn.GRU, 2, True), (6, 6), **options)
            attempt(f"stateful_lstm_{tag}", Stateful(nn.LSTM, 2), (7,), heads=["policy", "value"],
                    states=[(2, 1, 8), (2, 1, 8)], count=6, **options)
            attempt(f"stateful_gru_{tag}", Stateful(nn.GRU), (7,), heads=["policy", "value"], states=[(1, 1, 8)],
                    count=6, **options)
            attempt(f"cell_{tag}", Cell(), (7,), states=[(1, 8), (1, 8)], count=6, **options)
            attempt(f"encoder_{tag}", Encoder(), (8, 6), **options)
            attempt(f"encoder_first_{tag}", Encoder(True, True, "token", "relu"), (8, 6), **options)
            attempt(f"attention_{tag}", Sinusoidal(), (7, 8), **options)
            attempt(f"argmax_{tag}", Deterministic(), (11,), heads=["policy", "value", "log_probability"], **options)
            attempt(f"squashed_{tag}", Squashed(), (11,), heads=["policy", "deviation"], **options)
            attempt(f"channels_{tag}", Channels(), (9, 4), **options)
            if not (dynamo and double):  # this exporter writes 1/6 in 32 bits
                attempt(f"odd_{tag}", Odd(), (6,), scale=2.0, **options)
            attempt(f"rnn_{tag}", Recurrent(nn.RNN, 2), (6, 6), **options)
            if not double:  # the constants of Selu are attributes of 32 bits
                attempt(f"smooth_{tag}", Smooth(), (7,), **options)
    attempt("encoder_mean_dynamo20", Encoder(pool="mean", layers=1), (8, 6), 20, True)
    attempt("wide_f64", mlp(nn.ELU, 40, 33, 5), (40,), 17, False, double=True)
    attempt("window_f64", nn.Sequential(nn.Flatten(), mlp(nn.SiLU, 60, 20, 3)), (10, 6), 17, False, double=True)
    attempt("channels_dynamo21", Channels(), (9, 4), 21, True, double=True)
    for name, (shape, opset, text) in WRITTEN.items():
        written(name, shape, opset, text)
    fields()


everything()
json.dump({"torch": torch.__version__, "onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__,
           "cases": cases}, open(f"{folder}/cases.json", "w"), separators=(",", ":"))
print(len(cases), "cases", sum(os.path.getsize(f"{folder}/{f}") for f in os.listdir(folder)), "bytes")
