"""Turns a BERT-like sentence encoder into the ONNX folder that the semantic tier reads.

    python -m nlp.encoder_export SOURCE OUT

SOURCE is a folder of the sentence-transformers form: `config.json`, `model.safetensors` and
`tokenizer.json`. OUT gets `model.onnx` and `tokenizer.json`. Weights become 8-bit integers, a scale
for each channel: a quarter of the size, a third of the time, and vectors that are the same to a
cosine of 0.994. Needs the extra `encoder` (onnx, onnxruntime, safetensors), and no torch.

Encoders of other families come with tools of their own makers; the semantic tier reads their ONNX
files just as well.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlp.errors import BadEncoder, NlpError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

Array = npt.NDArray[Any]

_OPSET = 17
_FORMAT = 8
"""Version of the ONNX file format; every onnxruntime of the last years reads it."""
_LAYERS_WITH_OUTLIERS = 2
"""Of MiniLM: with these whole the rounding of all-MiniLM-L6-v2 is two thirds of what it was."""

_MASKED = -10_000.0
"""Added to the attention to what is padding: e to this power is nothing."""


def export(source: Path, out: Path) -> None:
    """Write an encoder's ONNX folder.

    Args:
        source: The encoder as its maker wrote it.
        out: A folder, made if need be; what stands there under these names is replaced.

    Raises:
        BadEncoder: the source lacks a file, or is no BERT.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (source / name).is_file():
            raise BadEncoder(f"{source}: there is no {name}")
    try:
        config = json.loads((source / "config.json").read_text("utf-8"))
        weights = load_file(source / "model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise BadEncoder(f"{source}: cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise BadEncoder(f"{source}: config.json is not an object")
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise BadEncoder(f"{source}: only BERT-like encoders can be exported here")
    whole_weights = {n.removeprefix("bert."): w.astype(np.float32) for n, w in weights.items()}
    pooling = source / "1_Pooling" / "config.json"
    if pooling.is_file() and b'"pooling_mode_mean_tokens": true' not in pooling.read_bytes():
        raise BadEncoder(f"{source}: only encoders that average their tokens can be exported here")
    try:
        graph = _Graph(whole_weights, config)
        model = graph.model()
    except KeyError as error:
        raise BadEncoder(f"{source}: {error} is missing") from error
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as workshop:
        whole, small = Path(workshop, "whole.onnx"), Path(workshop, "small.onnx")
        onnx.save(model, whole)
        # Seven bits: processors without VNNI add products in pairs, and of eight they overflow.
        # Unsigned weights would not, but take those with VNNI 1.4 times as long.
        quantize_dynamic(
            whole,
            small,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=graph.kept_whole,
        )
        shutil.copyfile(small, out / "model.onnx")
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")


class _Graph:
    """The computation of a BERT with its mean pooling, as ONNX nodes."""

    def __init__(self, weights: Mapping[str, Array], config: Mapping[str, Any]) -> None:
        self.weights = weights
        self.layers: int = config["num_hidden_layers"]
        self.heads: int = config["num_attention_heads"]
        self.width: int = config["hidden_size"]
        self.epsilon: float = config["layer_norm_eps"]
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.kept_whole: list[str] = []
        """Nodes whose inputs hold a few large numbers, beside which few bits leave of the others
        too little."""

    def model(self) -> onnx.ModelProto:
        """Return the model: token ids and mask in, a vector of length 1 a sentence out."""
        from onnx import TensorProto, helper

        mask = self.add("Cast", "attention_mask", to=TensorProto.FLOAT)
        state = self.embeddings()
        keep = self.add("Unsqueeze", mask, self.integers(1, 2))
        bias = self.add("Mul", self.add("Sub", self.number(1), keep), self.number(_MASKED))
        for layer in range(self.layers):
            state, last = self.layer(state, bias, f"encoder.layer.{layer}.")
            if layer < _LAYERS_WITH_OUTLIERS:
                self.kept_whole.append(last)
        shown = self.add("Mul", state, self.add("Unsqueeze", mask, self.integers(2)))
        total = self.add("ReduceSum", shown, self.integers(1), keepdims=0)
        mean = self.add("Div", total, self.add("ReduceSum", mask, self.integers(1), keepdims=1))
        self.add("Div", mean, self.add("ReduceL2", mean, axes=[1], keepdims=1))
        self.nodes[-1].output[0] = "sentence_embedding"
        graph = helper.make_graph(
            self.nodes,
            "sentence encoder",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, ["sentences", "tokens"])
                for name in ("input_ids", "attention_mask")
            ],
            [
                helper.make_tensor_value_info(
                    "sentence_embedding", TensorProto.FLOAT, ["sentences", self.width]
                )
            ],
            self.constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=_FORMAT)

    def embeddings(self) -> str:
        """Add the sum of what a token is and where it stands."""
        weights = self.weights
        kind = "embeddings.token_type_embeddings.weight"
        word = self.add(
            "Gather", self.constant(weights["embeddings.word_embeddings.weight"]), "input_ids"
        )
        length = self.add("Gather", self.add("Shape", "input_ids"), self.integers(1))
        place = self.add(
            "Slice",
            self.constant(weights["embeddings.position_embeddings.weight"]),
            self.integers(0),
            length,
            self.integers(0),
        )
        both = self.add("Add", self.add("Add", word, place), self.constant(weights[kind][0]))
        return self.norm(both, "embeddings.LayerNorm")

    def layer(self, state: str, bias: str, name: str) -> tuple[str, str]:
        """Add a layer: every token looks at the others, then thinks.

        Returns:
            Its output, and the node of its last matrix.
        """
        size = self.width // self.heads
        shape = self.integers(0, 0, self.heads, size)
        parts = [
            self.add("Reshape", self.dense(state, f"{name}attention.self.{part}"), shape)
            for part in ("query", "key", "value")
        ]
        turns = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        query, key, value = (
            self.add("Transpose", part, perm=turn) for part, turn in zip(parts, turns, strict=True)
        )
        likeness = self.add("Mul", self.add("MatMul", query, key), self.number(size**-0.5))
        attention = self.add("Softmax", self.add("Add", likeness, bias), axis=-1)
        seen = self.add("Transpose", self.add("MatMul", attention, value), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", seen, self.integers(0, 0, self.width))
        looked = self.dense(joined, f"{name}attention.output.dense")
        state = self.norm(self.add("Add", state, looked), f"{name}attention.output.LayerNorm")
        inner = self.gelu(self.dense(state, f"{name}intermediate.dense"))
        thought = self.dense(inner, f"{name}output.dense")
        last = self.nodes[-2].name  # the product; behind it only the bias is added
        total = self.add("Add", state, thought)
        return self.norm(total, f"{name}output.LayerNorm"), last

    def gelu(self, value: str) -> str:
        """Add x/2 · (1 + erf(x/√2))."""
        error = self.add("Erf", self.add("Mul", value, self.number(0.5**0.5)))
        half = self.add("Mul", value, self.number(0.5))
        return self.add("Mul", half, self.add("Add", error, self.number(1)))

    def dense(self, value: str, name: str) -> str:
        """Add a linear map with its bias."""
        weight = self.constant(self.weights[f"{name}.weight"].T)
        return self.add(
            "Add", self.add("MatMul", value, weight), self.constant(self.weights[f"{name}.bias"])
        )

    def norm(self, value: str, name: str) -> str:
        """Add a layer normalisation."""
        scale, bias = (self.constant(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=self.epsilon)

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:  # noqa: ANN401 - ONNX's own
        """Add a node; return the name of its output."""
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **settings))
        return name

    def constant(self, value: Array) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        # `ascontiguousarray` would make a number a list of one.
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def number(self, value: float) -> str:
        """Add a constant number."""
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """Add a constant list of integers, of shape (values,)."""
        return self.constant(np.array(values, np.int64))


def main() -> None:
    """Export what the arguments name."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m nlp.encoder_export SOURCE OUT")
    try:
        export(Path(sys.argv[1]), Path(sys.argv[2]))
    except ImportError as error:
        sys.exit(f"the export needs more libraries: pip install 'frontdesk[encoder]' ({error})")
    except NlpError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
