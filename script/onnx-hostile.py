#!/usr/bin/env python3
"""Writes ONNX files that must be refused, and an index with the reason: Fixtures/policies/onnx/hostile.

Usage: script/onnx-hostile.py FOLDER

Needs nothing beyond Python: messages are encoded by hand, so that they can be wrong. The stage is "read" where the
reader refuses the file, and "build" where it is a graph that cannot be computed (observation [1, 4], head "y").
"""

import json
import os
import struct
import sys

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
index = []


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value=None, kind=None, extra=b""):
    out = data(1, name)
    if isinstance(value, float):
        out += varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, kind or 1)
    elif isinstance(value, int):
        out += number(3, value) + number(20, kind or 2)
    elif isinstance(value, str):
        out += data(4, value) + number(20, kind or 3)
    elif isinstance(value, bytes):
        out += data(5, value) + number(20, kind or 4)
    elif isinstance(value, list) and value and isinstance(value[0], str):
        out += b"".join(data(9, v) for v in value) + number(20, kind or 8)
    elif isinstance(value, list):
        out += b"".join(number(8, v) for v in value) + number(20, kind or 7)
    elif kind:
        out += number(20, kind)
    return out + extra


def node(operation, inputs, outputs, *attributes, name="", domain=None):
    out = b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in outputs)
    out += data(3, name) + data(4, operation) + b"".join(data(5, a) for a in attributes)
    return out + (data(7, domain) if domain else b"")


def tensor(name, shape, values, kind=1, extra=b""):
    formats = {1: "f", 7: "q", 11: "d", 9: "?", 6: "i"}
    raw = struct.pack(f"<{len(values)}{formats[kind]}", *values)
    return b"".join(number(1, d) for d in shape) + number(2, kind) + data(8, name) + data(9, raw) + extra


def bare(name, shape, kind, *fields):
    return b"".join(number(1, d) for d in shape) + number(2, kind) + data(8, name) + b"".join(fields)


def value(name, shape=(1, 4), kind=1):
    dims = b"".join(data(1, number(1, d) if isinstance(d, int) else data(2, d)) for d in shape)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, dims)))


def graph(nodes, initialisers=(), inputs=None, outputs=None, extra=b""):
    out = b"".join(data(1, n) for n in nodes) + data(2, "g") + b"".join(data(5, t) for t in initialisers)
    out += b"".join(data(11, i) for i in (inputs if inputs is not None else [value("x")]))
    return out + b"".join(data(12, o) for o in (outputs if outputs is not None else [value("y")])) + extra


def model(graphs, opset=17, extra=b"", domain=""):
    graphs = graphs if isinstance(graphs, list) else [graphs]
    out = number(1, 8) + data(2, "test")
    if opset is not None:
        out += data(8, data(1, domain) + number(2, opset))
    return out + b"".join(data(7, g) for g in graphs) + extra


def case(name, stage, reason, content):
    with open(f"{folder}/{name}.onnx", "wb") as file:
        file.write(content)
    index.append({"file": f"{name}.onnx", "stage": stage, "reason": reason})


def read(name, reason, content):
    case(name, "read", reason, content)


def build(name, reason, nodes, initialisers=(), **options):
    case(name, "build", reason, model(graph(nodes, initialisers, **options)))


relu = node("Relu", ["x"], ["y"])
good = model(graph([relu]))
weights = tensor("w", (4, 4), [0.5] * 16)
gemm = node("Gemm", ["x", "w"], ["y"])

# The wire format
full = model(graph([gemm], [weights]))
read("truncated", "reaches past the end", full[:len(full) * 2 // 3])
read("truncated_number", "ends inside of a number", good + b"\x08\xff\xff")
read("long_number", "more than 64 bits", good + b"\x08" + b"\xff" * 10 + b"\x01")
read("wire_type_6", "unknown wire type 6", good + varint(16 << 3 | 6) + b"\x00")
read("field_zero", "has the number 0", good + b"\x00\x01")
read("open_group", "a group does not end", good + bytes([17 << 3 & 0x7F | 0x80 | 3, 1]))
read("closed_group", "ends that did not begin", good + varint(17 << 3 | 4))
read("deep_groups", "groups nest too deeply", good + varint(17 << 3 | 3) * 1000)
read("long_part", "reaches past the end", good + varint(7 << 3 | 2) + varint(1 << 62))
read("negative_part", "reaches past the end", good + varint(7 << 3 | 2) + varint(-1))
read("wrong_wire_type", "another type than in ONNX", model([]) + number(7, 5))
read("no_utf8", "not UTF-8", model(graph([node("Relu", ["x"], ["y"]) + data(3, b"\xff\xfe")])))
read("long_name", "more than 512", model(graph([node("Relu", ["x"], ["y"], name="n" * 10000)])))
# The model
read("no_graph", "without a graph", model([]))
read("two_graphs", "two graphs", model([graph([relu]), graph([relu])]))
read("opset_12", "expected version 13", model(graph([relu]), opset=12))
read("opset_22", "expected version 13", model(graph([relu]), opset=22))
read("opset_huge", "expected version 13", model(graph([relu]), opset=(1 << 63) - 1))
read("opset_none", "its operator set is none", model(graph([relu]), opset=None))
read("opset_other", "its operator set is none", model(graph([relu]), domain="com.example"))
read("functions", "defines functions", model(graph([relu]), extra=data(25, data(1, "f"))))
read("custom_domain", "belongs to 'com.microsoft'",
     model(graph([node("FusedGemm", ["x"], ["y"], domain="com.microsoft")])))
read("ml_domain", "belongs to 'ai.onnx.ml'", model(graph([node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml")])))
body = graph([node("Identity", ["x"], ["z"])], outputs=[value("z")])
for operation, field in (("Loop", "body"), ("If", "then_branch"), ("Scan", "body")):
    read(f"operator_{operation.lower()}", "loops and conditionals",
         model(graph([node(operation, ["x"], ["y"], attribute(field, kind=5, extra=data(6, body)))])))
read("list_of_graphs", "loops and conditionals",
     model(graph([node("Relu", ["x"], ["y"], attribute("a", kind=10, extra=data(11, body)))])))
for name, field, text in (("sequence", 4, "a sequence"), ("map", 5, "a map"), ("sparse", 8, "a sparse tensor"),
                          ("optional", 9, "optional")):
    read(f"input_{name}", text, model(graph([relu], inputs=[data(1, "x") + data(2, data(field, b""))])))
read("input_texts", "elements of type string", model(graph([relu], inputs=[value("x", kind=8)])))
read("input_no_type", "has no type", model(graph([relu], inputs=[data(1, "x")])))
read("input_negative", "bad dimension", model(graph([relu], inputs=[value("x", (1, -4))])))
read("input_rank", "more than 8 dimensions", model(graph([relu], inputs=[value("x", [1] * 9)])))
read("sparse_initialiser", "sparse initialisers", model(graph([relu], extra=data(15, b""))))
read("many_nodes", "more than 10000 nodes", model(graph([b""] * 10001)))
read("many_connections", "more than 1024 inputs", model(graph([node("Sum", ["x"] * 1025, ["y"])])))
read("many_attributes", "more than 64 attributes",
     model(graph([node("Relu", ["x"], ["y"], *[attribute(f"a{i}", 1) for i in range(65)])])))
read("attribute_twice", "given twice", model(graph([node("Elu", ["x"], ["y"], *[attribute("alpha", 1.0)] * 2)])))
read("attribute_type", "has the type 99", model(graph([node("Relu", ["x"], ["y"], attribute("a", kind=99))])))
read("attribute_sparse", "a sparse tensor", model(graph([node("Constant", [], ["y"], attribute("v", extra=data(22, b"")))])))
read("attribute_reference", "a reference to an attribute",
     model(graph([node("Relu", ["x"], ["y"], attribute("a", extra=data(21, "b")))])))
read("attribute_tensors", "a list of tensors",
     model(graph([node("Relu", ["x"], ["y"], attribute("a", kind=9, extra=data(10, weights)))])))
# Names
read("defined_twice", "'x' is defined twice", model(graph([node("Relu", ["x"], ["x"])])))
read("weights_twice", "'w' is defined twice", model(graph([gemm], [weights, weights])))
read("undefined", "'z' is not defined before it", model(graph([node("Relu", ["z"], ["y"])])))
read("circle", "'b' is not defined before it", model(graph([node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])])))
read("escape", "'\\u{1b}[31mred' is not defined", model(graph([node("Relu", ["\x1b[31mred"], ["y"])])))
read("escape_weights", "holds a control character", model(graph([gemm], [tensor("w\x1b[2J", (1,), [1.0])])))
read("no_outputs", "has no outputs", model(graph([relu], outputs=[])))
read("output_missing", "no node computes the output 'q'", model(graph([relu], outputs=[value("q")])))
# Tensors


def weight(name, reason, content):
    read(name, reason, model(graph([gemm], [content])))


weight("external_location", "external data", bare("w", (4, 4), 1, number(14, 1)))
weight("external_path", "external data",
       bare("w", (4, 4), 1, data(13, data(1, "location") + data(2, "../../etc/passwd"))))
weight("segment", "in segments", bare("w", (4, 4), 1, data(3, b"")))
weight("texts", "a tensor of texts", bare("w", (1,), 8, data(6, "a")))
weight("unsigned", "unsigned integers", bare("w", (1,), 13, data(11, b"\x01")))
weight("complex", "type complex64", bare("w", (1,), 14, data(9, bytes(8))))
weight("float8", "type float8e4m3fn", bare("w", (1,), 17, data(9, bytes(1))))
weight("no_type", "type undefined", bare("w", (1,), 0, data(9, bytes(4))))
weight("negative_shape", "bad shape", bare("w", (-4, -4), 1, data(9, bytes(64))))
weight("huge_shape", "bad shape", bare("w", (1 << 62, 4), 1, data(9, bytes(64))))
weight("large_shape", "more than 2^26 elements", bare("w", (1 << 39, 1 << 39), 1, data(9, bytes(64))))
weight("claimed_shape", "more than 2^26 elements", bare("w", (1 << 20, 1 << 13), 1, data(9, bytes(64))))
weight("claimed_small", "does not match the elements", bare("w", (1 << 12, 1 << 12), 1, data(9, bytes(64))))
weight("zero_shape", "more than 2^26 elements", bare("w", (0, 1 << 39, 1 << 39), 1, data(9, b"")))
weight("nine_dimensions", "more than 8 dimensions", bare("w", [1] * 9, 1, data(9, bytes(4))))
weight("short", "does not match the elements", bare("w", (4, 4), 1, data(9, bytes(60))))
weight("long", "does not match the elements", bare("w", (4, 4), 1, data(9, bytes(68))))
weight("two_fields", "elements in two fields", bare("w", (1,), 1, data(4, bytes(4)), data(9, bytes(4))))
weight("two_typed_fields", "elements in two fields", bare("w", (1,), 1, data(4, bytes(4)), data(10, bytes(8))))
weight("other_field", "field of another type", bare("w", (1,), 1, data(5, b"\x01")))
weight("half_too_large", "does not fit F16", bare("w", (1,), 10, data(5, varint(70000))))
weight("boolean_seven", "a boolean is 7", bare("w", (1,), 9, data(9, b"\x07")))
# Graphs that cannot be computed
nan, infinity = float("nan"), float("inf")


def integers(name, values):
    return tensor(name, (len(values),), values, 7)


def scalar(name, content, kind=1):
    return tensor(name, (), [content], kind)


build("operator_unknown", "(Frobnicate): the operator is not supported", [node("Frobnicate", ["x"], ["y"])])
build("operator_random", "(RandomNormal): the operator is not supported", [node("RandomNormal", [], ["y"])])
build("operator_sequence", "(SequenceConstruct): the operator", [node("SequenceConstruct", ["x"], ["y"])])
build("weights_nan", "not a number", [gemm], [tensor("w", (4, 4), [0.5] * 15 + [nan])])
build("weights_infinite", "not finite", [gemm], [tensor("w", (4, 4), [0.5] * 15 + [infinity])])
build("gemm_shape", "does not fit a matrix", [gemm], [tensor("w", (5, 4), [0.5] * 20)])
build("matmul_shape", "do not fit together", [node("Transpose", ["x"], ["t"]), node("MatMul", ["t", "t"], ["y"])])
for name, reason, equation, inputs in (
    ("trace", "is not supported", "bb->b", ["x"]), ("dots", "is not supported", "...j->j...", ["x"]),
    ("sum", "is not supported", "bj->b", ["x"]), ("none", "is not supported", "", ["x"]),
    ("new", "is not supported", "bj->bjk", ["x"]), ("inputs", "is not supported", "bi,bj->ij", ["x"]),
    ("rank", "does not fit", "bij->jib", ["x"]), ("length", "does not fit", "bi,ij->bj", ["x", "w"]),
):
    build(f"einsum_{name}", reason, [node("Einsum", inputs, ["y"], attribute("equation", equation))],
          [tensor("w", (3, 4), [0.5] * 12)])
for name, reason, groups, width in (("groups", "do not divide", 3, 3), ("none", "do not divide", 0, 4), ("width", "expected 2", 2, 3)):
    build(f"group_norm_{name}", reason,
          [node("GroupNormalization", ["x", "w", "w"], ["y"], attribute("num_groups", groups))], [tensor("w", (width,), [0.5] * width)])
build("celu_alpha", "is not positive", [node("Celu", ["x"], ["y"], attribute("alpha", -1.0))])
build("reshape_count", "cannot have the shape", [node("Reshape", ["x", "s"], ["y"])], [integers("s", [3, 2])])
build("reshape_twice", "has a negative size", [node("Reshape", ["x", "s"], ["y"])], [integers("s", [-1, -1])])
build("reshape_by_observation", "may not depend on the observation",
      [node("Cast", ["x"], ["s"], attribute("to", 7)), node("Reshape", ["x", "s"], ["y"])])
build("expand_huge", "is too large", [node("Expand", ["x", "s"], ["y"])], [integers("s", [1 << 20, 1 << 20, 4])])
build("shape_huge", "is too large", [node("ConstantOfShape", ["s"], ["c"]), node("Add", ["x", "c"], ["y"])],
      [integers("s", [1 << 62, 1 << 62])])
build("shape_negative", "has a negative size", [node("ConstantOfShape", ["s"], ["c"]), node("Add", ["x", "c"], ["y"])],
      [integers("s", [-5])])
build("range_huge", "numbers", [node("Range", ["a", "b", "c"], ["r"]), node("Add", ["x", "r"], ["y"])],
      [scalar("a", 0, 7), scalar("b", 1 << 60, 7), scalar("c", 1, 7)])
build("range_zero", "a step that is not 0", [node("Range", ["a", "b", "a"], ["r"]), node("Add", ["x", "r"], ["y"])],
      [scalar("a", 0, 7), scalar("b", 4, 7)])
build("tile_huge", "is too large", [node("Tile", ["x", "s"], ["y"])], [integers("s", [1, 1 << 23])])
build("pad_huge", "is too large", [node("Pad", ["x", "s"], ["y"])], [integers("s", [0, 0, 0, 1 << 24])])
build("pad_cut", "", [node("Pad", ["x", "s"], ["y"])], [integers("s", [0, -9, 0, 0])])
build("unsqueeze_rank", "more than 8", [node("Unsqueeze", ["x", "s"], ["y"])], [integers("s", list(range(8)))])
build("squeeze", "is not 1", [node("Squeeze", ["x", "s"], ["y"])], [integers("s", [1])])
build("transpose", "listed twice", [node("Transpose", ["x"], ["y"], attribute("perm", [0, 0]))])
build("transpose_axis", "outside of 2 dimensions", [node("Transpose", ["x"], ["y"], attribute("perm", [0, 7]))])
build("slice_step", "the step 0", [node("Slice", ["x", "a", "b", "c", "a"], ["y"])],
      [integers("a", [0]), integers("b", [1]), integers("c", [1])])
build("slice_backwards", "takes nothing", [node("Slice", ["x", "a", "b", "c", "d"], ["y"])],
      [integers("a", [-1]), integers("b", [(1 << 63) - 1]), integers("c", [1]), integers("d", [-1])])
build("split", "do not make up", [node("Split", ["x", "s"], ["y", "z"], attribute("axis", 1))], [integers("s", [1, 2])])
build("concat", "differ in their shapes", [node("Concat", ["x", "w"], ["y"], attribute("axis", 1))], [weights])
build("gather", "outside of a dimension of 4", [node("Gather", ["x", "i"], ["y"], attribute("axis", 1))],
      [scalar("i", 4, 7)])
build("broadcast", "do not fit together", [node("Add", ["x", "w"], ["y"])], [tensor("w", (3,), [1.0] * 3)])
build("condition", "not a boolean", [node("Where", ["x", "x", "x"], ["y"])])
build("cast_text", "a type that is not computed with", [node("Cast", ["x"], ["y"], attribute("to", 8))])
build("constant_text", "is a text", [node("Constant", [], ["c"], attribute("value_string", "a")),
                                    node("Add", ["x", "c"], ["y"])])
build("ignored_attribute", "'mode' is not supported", [node("Relu", ["x"], ["y"], attribute("mode", "x"))])
build("ignored_input", "expected 1", [node("Relu", ["x", "x"], ["y"])])
build("missing_input", "its input 1 is missing", [node("Add", ["x"], ["y"])])
build("attribute_kind", "another type than in ONNX", [node("Elu", ["x"], ["y"], attribute("alpha", "big"))])
build("dropout", "in evaluation mode", [node("Dropout", ["x", "", "t"], ["y"])], [tensor("t", (), [True], 9)])
four = [tensor(n, (4,), [1.0] * 4) for n in "abcd"]
build("batch_norm", "in training mode",
      [node("BatchNormalization", ["x", "a", "b", "c", "d"], ["y"], attribute("training_mode", 1))], four)
rows = node("Unsqueeze", ["x", "s"], ["u"])
zero = integers("s", [0])


def layer(name, reason, operation, gates, *attributes, inputs=("", "", "", ""), more=(), features=4):
    matrices = [tensor("w", (1, gates * 2, features), [0.1] * (gates * 2 * features)),
                tensor("r", (1, gates * 2, 2), [0.1] * (gates * 4))]
    build(name, reason, [rows, node(operation, ["u", "w", "r", *inputs], ["y"], *attributes)], [zero, *matrices, *more])


layer("lstm_shape", "do not fit 4 features", "LSTM", 4, features=3)
layer("lstm_hidden", "'hidden_size' is not 2", "LSTM", 4, attribute("hidden_size", 3))
layer("lstm_peepholes", "peephole", "LSTM", 4, inputs=("", "", "", "", "p"), more=[tensor("p", (1, 6), [1.0] * 6)])
layer("lstm_activation", "activations", "LSTM", 4, attribute("activations", ["Relu", "Tanh", "Tanh"]))
layer("lstm_direction", "is unknown", "LSTM", 4, attribute("direction", "sideways"))
layer("lstm_clip", "'clip' is not supported", "LSTM", 4, attribute("clip", 1.0))
layer("lstm_lengths", "sequences of other lengths", "LSTM", 4, inputs=("", "n", "", ""), more=[tensor("n", (1,), [7], 6)])
layer("gru_reset", "linear_before_reset", "GRU", 3, inputs=("", "", ""))
kernel = tensor("k", (2, 1, 9), [0.1] * 18)
build("conv_kernel", "does not fit a dimension", [rows, node("Conv", ["u", "k"], ["y"])], [zero, kernel])
build("conv_groups", "groups do not fit", [rows, node("Conv", ["u", "k"], ["y"], attribute("group", 2))], [zero, kernel])
build("conv_padding", "'SAME' is unknown",
      [rows, node("Conv", ["u", "k"], ["y"], attribute("auto_pad", "SAME"))], [zero, kernel])
build("conv_paddings", "both 'auto_pad' and 'pads'",
      [rows, node("Conv", ["u", "k"], ["y"], attribute("auto_pad", "VALID"), attribute("pads", [1, 1]))], [zero, kernel])
build("conv_padding_stride", "longer than the window",
      [rows, node("Conv", ["u", "l"], ["y"], attribute("auto_pad", "SAME_UPPER"), attribute("strides", [4]))],
      [zero, tensor("l", (2, 1, 1), [0.1] * 2)])
build("conv_stride", "do not fit 1 dimensions",
      [rows, node("Conv", ["u", "k"], ["y"], attribute("strides", [0]))], [zero, kernel])
build("pool_pads", "do not fit 1 dimensions",
      [rows, node("MaxPool", ["u"], ["y"], attribute("kernel_shape", [2]), attribute("pads", [1 << 40, 0]))], [zero])
# Work and memory
big = integers("s", [2048, 2048])
build("work_constants", "more than 67108864 operations",
      [node("ConstantOfShape", ["s"], ["c"]), node("MatMul", ["c", "c"], ["d"]), node("ReduceSum", ["d"], ["e"]),
       node("Add", ["x", "e"], ["y"])], [big])
squares = [node("MatMul", [f"d{i}"] * 2, [f"d{i + 1}"]) for i in range(10)]
build("work_evaluation", "operations",
      [node("Reshape", ["x", "r"], ["c"]), node("ReduceSum", ["c"], ["e"]), node("Expand", ["e", "s"], ["d0"]), *squares,
       node("Identity", ["d10"], ["y"])], [integers("r", [4, 1]), integers("s", [1024, 1024])])
chain = [node("Expand", ["x", "s"], ["a0"])] + [node("Add", [f"a{i}", "x"], [f"a{i + 1}"]) for i in range(40)]
build("memory", "numbers of memory", chain + [node("Identity", ["a40"], ["y"])], [integers("s", [1 << 18, 4])])
copies = [node("ConstantOfShape", ["s"], ["c"])] + [node("Identity", ["c"], [f"c{i}"]) for i in range(40)]
build("constants", "numbers", copies + [node("Sum", ["x"] + [f"c{i}" for i in range(40)], ["y"])],
      [integers("s", [1 << 20, 4])])
build("batch_of_two", "takes no observation", [relu], inputs=[value("x", (2, 4))])
build("other_width", "takes no observation", [relu], inputs=[value("x", (1, 5))])
build("two_inputs", "say which is the observation", [node("Add", ["x", "z"], ["y"])], inputs=[value("x"), value("z")])
json.dump(index, open(f"{folder}/index.json", "w"), indent=0)
print(len(index), "files,", sum(os.path.getsize(f"{folder}/{i['file']}") for i in index), "bytes")
