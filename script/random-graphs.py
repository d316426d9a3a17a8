#!/usr/bin/env python3
"""Builds random ONNX graphs and compares what bt-run computes from them with ONNX Runtime.

    python3 script/random-graphs.py .build/release/bt-run [--count N] [--from SEED]

Needs onnx and onnxruntime. Each graph has one to eight operators with random attributes behind an
observation of 24 features, and a layer of three outputs at its end. It is imported with the outputs
of ONNX Runtime on five observations as golden decisions, and verified. A graph that is refused by
name is counted; one that computes something else is an error, and its folder is kept.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FEATURES = 24
LARGEST = 600
onnxruntime.set_default_logger_severity(4)


class Invalid(Exception):
    """ONNX Runtime does not accept the graph, or nothing is left of its values."""


class Graph:
    """A graph that grows by one operator at a time."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.opset = int(self.random.integers(13, 22))
        self.is_double = self.random.random() < 0.2
        self.kind = TensorProto.DOUBLE if self.is_double else TensorProto.FLOAT
        self.type = np.float64 if self.is_double else np.float32
        self.nodes, self.weights, self.count = [], [], 0
        first = self.node("Reshape", "obs", self.whole(1, 4, 6))
        self.values = [("obs", (1, FEATURES)), (first, (1, 4, 6))]

    # What graphs are made of

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def constant(self, array):
        name = self.name()
        tensor = numpy_helper.from_array(np.asarray(array), name)
        if self.random.random() < 0.5:
            self.weights.append(tensor)
        else:
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        return name

    def numbers(self, *shape):
        return self.constant(self.random.normal(0, 0.5, shape).astype(self.type))

    def number(self, value):
        return self.constant(np.array(value, self.type))

    def whole(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, operator, *inputs, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def pick(self, *choices):
        return choices[int(self.random.integers(len(choices)))]

    def chance(self, share):
        return self.random.random() < share

    def integer(self, low, high):
        return int(self.random.integers(low, high))

    def model(self, output, shape=None):
        graph = helper.make_graph(
            self.nodes, "random",
            [helper.make_tensor_value_info("obs", self.kind, (1, FEATURES))],
            [helper.make_tensor_value_info(output, self.kind, shape)], self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def run(self, model, observations):
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), providers=["CPUExecutionProvider"])
            return [session.run(None, {"obs": row[None]})[0] for row in observations]
        except Exception as error:
            raise Invalid(str(error)) from error

    # How it grows

    def grow(self):
        """Adds an operator behind one of the last values."""
        name, shape = self.values[self.integer(max(0, len(self.values) - 3), len(self.values))]
        if not shape:
            return
        operator = self.pick(*OPERATORS)
        output = operator(self, name, shape, self.integer(-len(shape), len(shape)))
        if output is None:
            return
        found = self.run(self.model(output), [np.zeros(FEATURES, self.type)])[0]
        if not 0 < found.size <= LARGEST:
            raise Invalid("nothing or too much is left")
        self.values.append((output, found.shape))

    def finish(self):
        """A layer over the last value."""
        name, shape = self.values[-1]
        size = int(np.prod(shape))
        flat = self.node("Reshape", name, self.whole(1, size))
        weights = self.random.normal(0, 1 / np.sqrt(size), (size, 3)).astype(self.type)
        output = self.node("Gemm", flat, self.constant(weights), self.numbers(3))
        return self.model(output, (1, 3))


# Each operator takes the graph, a value with its shape, and one of its axes. It returns its output,
# or nothing where it does not fit the value.


def elementwise(g, x, shape, axis):
    return g.node(g.pick(
        "Relu", "Tanh", "Sigmoid", "Abs", "Neg", "Exp", "Softplus", "Softsign", "Erf", "Sin", "Cos",
        "Identity", "Sign", "Floor", "Ceil", "Round"), x)


def activation(g, x, shape, axis):
    operator = g.pick("LeakyRelu", "Elu", "ThresholdedRelu", "Celu", "HardSigmoid", "Selu", "Mish",
                      "Gelu", "HardSwish")
    if g.opset < {"Mish": 18, "Gelu": 20, "HardSwish": 14}.get(operator, 13):
        return None
    attributes = {}
    if operator in ("LeakyRelu", "Elu", "ThresholdedRelu", "Celu") and g.chance(0.7):
        attributes["alpha"] = float(g.random.uniform(0.1, 1.5))
    if operator == "HardSigmoid" and g.chance(0.5):
        attributes = {"alpha": 0.3, "beta": 0.4}
    if operator == "Gelu" and g.chance(0.5):
        attributes["approximate"] = "tanh"
    return g.node(operator, x, **attributes)


def positive(g, x, shape, axis):
    above = g.node("Add", g.node("Abs", x), g.number(0.1))
    return g.node(g.pick("Sqrt", "Log", "Reciprocal"), above)


def pair(g, x, shape, axis):
    others = [name for name, other in g.values if other == shape]
    return g.node(g.pick("Add", "Sub", "Mul", "Max", "Min"), x, g.pick(*others))


def broadcast(g, x, shape, axis):
    inputs = [x, g.numbers(*[size if g.chance(0.6) else 1 for size in shape])]
    if g.chance(0.5):
        inputs.reverse()
    return g.node(g.pick("Add", "Sub", "Mul", "Max", "Min"), *inputs)


def divide(g, x, shape, axis):
    divisor = g.random.uniform(0.5, 2, shape[-1]) * g.pick(-1, 1)
    return g.node("Div", x, g.constant(divisor.astype(g.type)))


def several(g, x, shape, axis):
    return g.node(g.pick("Sum", "Mean", "Max", "Min"), x, x, g.numbers(*[1] * len(shape)))


def margins(g, attributes, most):
    """A padding in one of its forms."""
    form = g.pick("pads", "auto_pad", "none")
    if form == "pads":
        attributes["pads"] = [g.integer(0, most), g.integer(0, most)]
    elif form == "auto_pad":
        attributes["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER", "VALID")


def convolution(g, x, shape, axis):
    if len(shape) != 3:
        return None
    channels, length = shape[1], g.integer(1, 4)
    groups = g.pick(1, channels, 2 if channels % 2 == 0 else 1)
    outputs = groups * g.integer(1, 4)
    attributes = {"group": groups, "kernel_shape": [length], "strides": [g.integer(1, 3)]}
    margins(g, attributes, 3)
    if not attributes.get("auto_pad", "VALID").startswith("SAME"):
        attributes["dilations"] = [g.integer(1, 3)]
    inputs = [x, g.numbers(outputs, channels // groups, length)]
    if g.chance(0.6):
        inputs.append(g.numbers(outputs))
    return g.node("Conv", *inputs, **attributes)


def pool(g, x, shape, axis):
    if len(shape) != 3:
        return None
    length = g.integer(1, 4)
    attributes = {"kernel_shape": [length], "strides": [g.integer(1, 4)]}
    margins(g, attributes, length)
    return g.node(g.pick("AveragePool", "MaxPool"), x, **attributes)


def global_pool(g, x, shape, axis):
    return g.node(g.pick("GlobalAveragePool", "GlobalMaxPool"), x) if len(shape) == 3 else None


def reduction(g, x, shape, axis):
    operator = g.pick("Mean", "Sum", "Max", "Min", "L1", "L2", "Prod", "LogSumExp", "SumSquare", "LogSum")
    if operator == "LogSum":
        x = g.node("Abs", x)
    axes = sorted({axis % len(shape), g.integer(0, len(shape))})
    if g.chance(0.4):
        axes = [one - len(shape) for one in axes]
    keeps = g.integer(0, 2)
    if g.opset >= 18 or operator == "Sum":
        return g.node(f"Reduce{operator}", x, g.whole(*axes), keepdims=keeps)
    return g.node(f"Reduce{operator}", x, axes=axes, keepdims=keeps)


def softmax(g, x, shape, axis):
    return g.node(g.pick("Softmax", "LogSoftmax"), x, axis=axis)


def transpose(g, x, shape, axis):
    return g.node("Transpose", x, perm=[int(one) for one in g.random.permutation(len(shape))])


def concatenate(g, x, shape, axis):
    place = axis % len(shape)
    others = [
        name for name, other in g.values
        if len(other) == len(shape)
        and all(a == b for i, (a, b) in enumerate(zip(shape, other)) if i != place)]
    return g.node("Concat", x, g.pick(*others), axis=axis)


def split(g, x, shape, axis):
    size = shape[axis]
    if size < 2:
        return None
    first = g.integer(1, size)
    return g.pick(*g.node("Split", x, g.whole(first, size - first), outputs=2, axis=axis))


def cut(g, x, shape, axis):
    size, step = shape[axis], g.pick(1, 1, 2, -1, -2)
    limits = np.iinfo(np.int64)
    end = g.pick(size, 100, -100, 1, -1, limits.max, limits.min)
    start = g.integer(-size - 1, size + 1)
    return g.node("Slice", x, g.whole(start), g.whole(end), g.whole(axis), g.whole(step))


def gather(g, x, shape, axis):
    size = () if g.chance(0.4) else g.integer(1, 4)
    places = g.random.integers(-shape[axis], shape[axis], size)
    return g.node("Gather", x, g.constant(np.asarray(places, np.int64)), axis=axis)


def reshape(g, x, shape, axis):
    rank, ones = len(shape), [i for i, size in enumerate(shape) if size == 1]
    form = g.pick("flat", "rows", "flatten", "more", "fewer")
    if form == "more":
        return g.node("Unsqueeze", x, g.whole(g.integer(-rank - 1, rank + 1)))
    if form == "fewer":
        return g.node("Squeeze", x, g.whole(ones[-1])) if ones else None
    if form == "flatten":
        return g.node("Flatten", x, axis=g.integer(-rank, rank + 1))
    return g.node("Reshape", x, g.whole(1, -1) if form == "flat" else g.whole(0, -1))


def product(g, x, shape, axis):
    form = g.pick("right", "left", "own")
    if form == "right":
        return g.node("MatMul", x, g.numbers(shape[-1], g.integer(1, 5)))
    if len(shape) < 2:
        return None
    if form == "left":
        return g.node("MatMul", g.numbers(g.integer(1, 5), shape[-2]), x)
    order = list(range(len(shape)))
    order[-2:] = order[:-3:-1]
    return g.node("MatMul", x, g.node("Transpose", x, perm=order))


def layer(g, x, shape, axis):
    if len(shape) != 2:
        return None
    width, is_transposed = g.integer(1, 6), g.integer(0, 2)
    inputs = [x, g.numbers(width, shape[1]) if is_transposed else g.numbers(shape[1], width)]
    if g.chance(0.7):
        inputs.append(g.numbers(*g.pick((width,), (1, width), (1,), (shape[0], width))))
    return g.node("Gemm", *inputs, transB=is_transposed, alpha=float(g.random.uniform(0.5, 1.5)),
                  beta=float(g.random.uniform(0.5, 1.5)))


def normalisation(g, x, shape, axis):
    operator = g.pick("Layer", "Batch", "Instance")
    if operator == "Layer" and g.opset >= 17:
        part = shape[axis % len(shape):]
        inputs = [x, g.numbers(*part)] + ([g.numbers(*part)] if g.chance(0.5) else [])
        return g.node("LayerNormalization", *inputs, axis=axis, epsilon=1e-3)
    if operator == "Batch" and len(shape) >= 2:
        parts = [g.numbers(shape[1]) for _ in range(3)]
        variances = g.random.uniform(0.1, 1, shape[1]).astype(g.type)
        return g.node("BatchNormalization", x, *parts, g.constant(variances), epsilon=1e-3)
    if operator == "Instance" and len(shape) == 3:
        return g.node("InstanceNormalization", x, g.numbers(shape[1]), g.numbers(shape[1]), epsilon=1e-2)
    return None


def recurrent(g, x, shape, axis):
    if len(shape) != 3:
        return None
    operator, hidden = g.pick("LSTM", "GRU", "RNN"), g.integer(1, 5)
    direction = g.pick("forward", "reverse", "bidirectional")
    directions, gates = 1 + (direction == "bidirectional"), {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    inputs = [g.node("Transpose", x, perm=[1, 0, 2]), g.numbers(directions, gates * hidden, shape[2]),
              g.numbers(directions, gates * hidden, hidden)]
    if g.chance(0.7):
        inputs.append(g.numbers(directions, 2 * gates * hidden))
        if g.chance(0.4):
            states = 2 if operator == "LSTM" else 1
            inputs += [""] + [g.numbers(directions, 1, hidden) for _ in range(states)]
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    if operator == "RNN" and g.chance(0.3):
        attributes["activations"] = ["Relu"] * directions
    return g.pick(*g.node(
        operator, *inputs, outputs=2, hidden_size=hidden, direction=direction, **attributes))


def pad(g, x, shape, axis):
    pads, place = [0] * (2 * len(shape)), axis % len(shape)
    pads[place], pads[place + len(shape)] = g.integer(0, 3), g.integer(0, 3)
    return g.node("Pad", x, g.whole(*pads), *([g.number(0.7)] if g.chance(0.5) else []))


def clip(g, x, shape, axis):
    bounds = g.pick((-0.4,), (None, 0.5), (-0.4, 0.5))
    return g.node("Clip", x, *["" if bound is None else g.number(bound) for bound in bounds])


def choice(g, x, shape, axis):
    condition = g.node(g.pick("Greater", "Less", "GreaterOrEqual", "LessOrEqual"), x, g.number(0.1))
    if g.chance(0.5):
        return g.node("Where", condition, x, g.numbers(*[1] * len(shape)))
    other = g.node("Not", g.node("Less", x, g.number(0.4)))
    return g.node("Cast", g.node(g.pick("And", "Or", "Xor"), condition, other), to=g.kind)


def repeat(g, x, shape, axis):
    if g.chance(0.5):
        return g.node("Expand", g.node("Unsqueeze", x, g.whole(1)), g.whole(1, 2, *shape[1:]))
    times = [1] * len(shape)
    times[axis] = 2
    return g.node("Tile", x, g.whole(*times))


def position(g, x, shape, axis):
    # Equal values may differ by rounding.
    apart = g.node("Add", x, g.numbers(*shape))
    found = g.node(g.pick("ArgMax", "ArgMin"), apart, axis=axis, keepdims=g.integer(0, 2))
    return g.node("Cast", found, to=g.kind)


def size(g, x, shape, axis):
    length = g.node("Gather", g.node("Shape", x), g.constant(np.array(axis % len(shape), np.int64)))
    return g.node("Mul", x, g.node("Cast", length, to=g.kind))


def slope(g, x, shape, axis):
    return g.node("PRelu", x, g.numbers(*(shape[-1:] if g.chance(0.5) else [1] * len(shape))))


def sum_of_products(g, x, shape, axis):
    if len(shape) != 3:
        return None
    return g.node("Einsum", x, g.numbers(shape[2], 3), equation=g.pick("bij,jk->bik", "bij,jk->bki"))


def conversion(g, x, shape, axis):
    kind = g.pick(TensorProto.INT64, TensorProto.INT32, TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.BOOL)
    return g.node("Cast", g.node("Cast", x, to=kind), to=g.kind)


def triangle(g, x, shape, axis):
    return g.node("Trilu", x, upper=g.integer(0, 2)) if len(shape) >= 2 and g.opset >= 14 else None


OPERATORS = [
    elementwise, activation, positive, pair, broadcast, divide, several, convolution, pool, global_pool,
    reduction, softmax, transpose, concatenate, split, cut, gather, reshape, product, layer, normalisation,
    recurrent, pad, clip, choice, repeat, position, size, slope, sum_of_products, conversion, triangle]


def golden(graph, model):
    """The decisions of ONNX Runtime."""
    observations = np.random.default_rng(1).normal(0, 0.6, (5, FEATURES)).astype(graph.type)
    outputs = [found[0] for found in graph.run(model, observations)]
    if not np.isfinite(outputs).all():
        raise Invalid("a value is not finite")
    return [
        {"observation": row.astype(float).tolist(), "outputs": found.astype(float).tolist(),
         "action": int(np.argmax(found))}
        for row, found in zip(observations, outputs)]


def judge(program, folder, model, decisions):
    """Nothing where the program decides the same; else what it says, and whether it only refuses."""
    onnx.save(model, folder / "model.onnx")
    answers = {
        "name": "random",
        "observation": {
            "features": [{"name": "log_return", "lag": lag} for lag in range(FEATURES)],
            "normalise": {"kind": "none"}},
        "action": {"kind": "discrete", "size": 3, "meaning": "target_weights", "targets": [0, 1, -1],
                   "rule": "argmax"},
        "golden": decisions}
    (folder / "answers.json").write_text(json.dumps(answers))
    words = [program, "policy", "import", folder / "model.onnx", "--with", folder / "answers.json",
             "--out", folder / "policy"]
    made = subprocess.run(words, capture_output=True, text=True)
    if made.returncode:
        return made.stderr.strip(), made.returncode == 2 and ": onnx: " in made.stderr
    checked = subprocess.run([program, "policy", "verify", folder / "policy"], capture_output=True, text=True)
    return (checked.stderr.strip(), False) if checked.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--from", dest="first", type=int, default=0)
    options = parser.parse_args()
    tally, reasons = collections.Counter(), collections.Counter()
    for seed in range(options.first, options.first + options.count):
        graph = Graph(seed)
        try:
            for _ in range(graph.integer(1, 9)):
                graph.grow()
            model = graph.finish()
            decisions = golden(graph, model)
        except Invalid:
            tally["invalid"] += 1
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"graph-{seed}-"))
        problem = judge(options.program, folder, model, decisions)
        if problem is None:
            tally["equal"] += 1
        elif problem[1]:
            tally["refused"] += 1
            reasons[re.sub(r"-?\d+", "#", problem[0].split("onnx: ")[-1])[:90]] += 1
        else:
            tally["different"] += 1
            print(f"seed {seed}, {folder}: {problem[0]}", file=sys.stderr)
            continue
        shutil.rmtree(folder)
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")
    print(", ".join(f"{count} {what}" for what, count in sorted(tally.items())))
    return 1 if tally["different"] or not tally["equal"] else 0


if __name__ == "__main__":
    sys.exit(main())
