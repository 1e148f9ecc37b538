"""What a message means beyond its letters: sentence vectors of a local encoder, an optional tier.

Any sentence encoder in ONNX form serves: a folder with `model.onnx` (or `onnx/model.onnx`) and
`tokenizer.json`, as the usual libraries write them. Its vector stands beside the sparse features of
the intent model (`encoder`). Where even that millisecond is too long, every token of the
encoder's vocabulary is run through it once in training and a message is the weighed sum of its
tokens' vectors (`table`): 50 µs, and half of the gain.

Needs the extra `semantic` (onnxruntime, tokenizers). Nothing here downloads anything.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import orjson
from msgspec import Struct

from nlp.errors import BadEncoder
from nlp.understanding import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnxruntime
    from tokenizers import Tokenizer

Tier = Literal["encoder", "table"]
Vectors = npt.NDArray[np.float32]

LONGEST_TOKENS = 128
"""Of a message that are encoded; what a customer wants stands within the first hundred words."""

_TABLE_WIDTH = 256
"""Dimensions kept of a token's vector; more add nothing that can be measured."""
_BATCH = 256
"""Tokens encoded at once when a table is made."""
_REMEMBERED = 1024
"""Texts: a message is read whole, then searched for in the articles."""
_TINY = 1e-12

_MODEL, _TOKENIZER, _ABOUT = "model.onnx", "tokenizer.json", "semantic.json"
_PLACES = ("model.onnx", "onnx/model.onnx")
_TABLE, _SCALES = "table.npy", "scales.npy"


class SemanticSpec(Struct, frozen=True, kw_only=True):
    """Which encoder to use, and how."""

    encoder: Path
    """The folder of the encoder."""
    tier: Tier = "encoder"
    languages: tuple[Language, ...] = LANGUAGES
    """What the encoder reads; other languages do without."""

    def to_json(self) -> dict[str, Any]:
        """Return what tells this tier from another: the encoder's content, not its place.

        Raises:
            BadEncoder: the folder lacks something.
        """
        model, tokenizer = _files(self.encoder)
        return {
            "tier": self.tier,
            "languages": list(self.languages),
            "files": [_digest(model), _digest(tokenizer)],
        }


class SentenceVectors(Protocol):
    """Something that turns messages into vectors."""

    width: int
    languages: tuple[Language, ...]

    def encode(self, text: str) -> Vectors:
        """Return the vector of a text: shape (width,), of length 1, or 0 for nothing known."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""
        ...


def matrix(
    semantic: SentenceVectors, texts: Sequence[str], languages: Sequence[Language]
) -> Vectors:
    """Return the vectors of many texts, shape (texts, width); 0 where the language is not read."""
    vectors = np.zeros((len(texts), semantic.width), np.float32)
    for row, (text, language) in enumerate(zip(texts, languages, strict=True)):
        if language in semantic.languages:
            vectors[row] = semantic.encode(text)
    return vectors


class Encoder:
    """An encoder, run for each message; threads may share it."""

    def __init__(
        self,
        model: Path,
        tokenizer: Path,
        languages: tuple[Language, ...],
        remembered: int = _REMEMBERED,
    ) -> None:
        """Open an encoder.

        Args:
            model: The ONNX file.
            tokenizer: The tokenizer's JSON file.
            languages: What the encoder reads.
            remembered: Texts whose vectors are kept for the next time.

        Raises:
            BadEncoder: it cannot be read, or is no sentence encoder.
        """
        _require_extra()
        self.languages = languages
        self._paths = model, tokenizer
        self.tokenizer = _tokenizer(tokenizer)
        self._session = _session(model)
        known = {"input_ids", "attention_mask", "token_type_ids"}
        self._inputs = {i.name: _integer(i.type) for i in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs.keys() <= known:
            names = ", ".join(self._inputs)
            raise BadEncoder(f"{model}: takes {names}, not the tokens of a sentence encoder")
        outputs = self._session.get_outputs()
        self._output = min(outputs, key=_fitness).name
        self._remembering = lru_cache(remembered)(self._encode)
        try:
            # The last token too: a tokenizer may know more of them than the model.
            self.width = len(self._run([[0, self.tokenizer.get_vocab_size() - 1]])[0])
        except Exception as error:  # onnxruntime's errors derive from nothing narrower
            raise BadEncoder(f"{model}: does not turn tokens into vectors") from error

    def encode(self, text: str) -> Vectors:
        """Return the vector of a text: shape (width,), of length 1, or 0 for nothing known."""
        return self._remembering(text)

    def forget(self) -> None:
        """Forget the vectors of texts."""
        self._remembering.cache_clear()

    def save(self, folder: Path) -> None:
        """Write the encoder beside the model that was trained with it."""
        folder.mkdir(parents=True, exist_ok=True)
        for path, name in zip(self._paths, (_MODEL, _TOKENIZER), strict=True):
            shutil.copyfile(path, folder / name)
        about = {"tier": "encoder", "languages": self.languages}
        (folder / _ABOUT).write_bytes(orjson.dumps(about))

    def pieces(self, tokens: Sequence[int]) -> Vectors:
        """Return the vectors of single tokens, shape (tokens, width)."""
        start, end = self._frame()
        return self._run([[*start, token, *end] for token in tokens])

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the tokens before and after a sentence's own."""
        encoding = self.tokenizer.encode("a")
        own = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        ids = encoding.ids
        return ids[: own[0]], ids[own[-1] + 1 :]

    def _encode(self, text: str) -> Vectors:
        ids = self.tokenizer.encode(text).ids
        if not ids:
            return np.zeros(self.width, np.float32)
        vector: Vectors = self._run([ids])[0]
        return vector

    def _run(self, tokens: list[list[int]]) -> Vectors:
        ids = np.array(tokens, np.int64)
        whole = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        given = {name: whole[name].astype(kind) for name, kind in self._inputs.items()}
        vectors: Vectors = np.asarray(self._session.run([self._output], given)[0], np.float32)
        return _unit(vectors.mean(axis=1) if vectors.ndim == 3 else vectors)


class TokenTable:
    """A vector for every token, distilled from an encoder; threads may share it."""

    def __init__(
        self,
        tokenizer: Path | str,
        table: npt.NDArray[np.int8],
        scales: Vectors,
        languages: tuple[Language, ...],
    ) -> None:
        """Make a table of its parts.

        Args:
            tokenizer: The encoder's: a file, or its content.
            table: Shape (tokens, width); a token's row times its scale is its vector.
            scales: Shape (tokens,); rarity in the training data is part of it.
            languages: What the encoder reads.
        """
        _require_extra()
        self._content = tokenizer if isinstance(tokenizer, str) else tokenizer.read_text("utf-8")
        self._tokenizer = _plain(self._content)
        self._table, self._scales = table, scales
        self.languages = languages
        self.width = table.shape[1]

    def encode(self, text: str) -> Vectors:
        """Return the vector of a text: shape (width,), of length 1, or 0 for nothing known."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        vector: Vectors = self._scales.take(ids) @ self._table.take(ids, 0).astype(np.float32)
        unit: Vectors = _unit(vector[None])[0]
        return unit

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / _TABLE, self._table, allow_pickle=False)
        np.save(folder / _SCALES, self._scales, allow_pickle=False)
        (folder / _TOKENIZER).write_text(self._content, encoding="utf-8")
        about = {"tier": "table", "languages": self.languages}
        (folder / _ABOUT).write_bytes(orjson.dumps(about))


def prepare(spec: SemanticSpec, texts: Sequence[str]) -> SentenceVectors:
    """Return the tier that a specification asks for.

    Args:
        spec: Names the encoder.
        texts: The training data: rare tokens weigh more in a table.

    Raises:
        BadEncoder: the folder holds no encoder that can be used, or the extra is missing.
    """
    model, tokenizer = _files(spec.encoder)
    # Training asks for every text once a fold.
    encoder = Encoder(model, tokenizer, spec.languages, max(_REMEMBERED, 2 * len(texts)))
    return encoder if spec.tier == "encoder" else _distilled(encoder, tokenizer, texts)


def load(folder: Path) -> SentenceVectors | None:
    """Read what `save` wrote, or return None where nothing stands; errors are the caller's."""
    if not folder.is_dir():
        return None
    about = orjson.loads((folder / _ABOUT).read_bytes())
    languages = tuple(about["languages"])
    if about["tier"] == "encoder":
        return Encoder(folder / _MODEL, folder / _TOKENIZER, languages)
    table = np.load(folder / _TABLE, allow_pickle=False)
    scales = np.load(folder / _SCALES, allow_pickle=False)
    return TokenTable(folder / _TOKENIZER, table, scales, languages)


def _distilled(encoder: Encoder, tokenizer: Path, texts: Sequence[str]) -> TokenTable:
    """Return the table of an encoder: its tokens' vectors, centred, along their main axes."""
    size = encoder.tokenizer.get_vocab_size()
    vectors = np.concatenate(
        [encoder.pieces(range(n, min(n + _BATCH, size))) for n in range(0, size, _BATCH)]
    )
    vectors -= vectors.mean(axis=0)
    _, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    vectors = (vectors @ axes[:, ::-1][:, :_TABLE_WIDTH]).astype(np.float32)
    largest = np.abs(vectors).max(axis=1, keepdims=True) + _TINY
    table = np.rint(vectors / largest * 127).astype(np.int8)
    plain = _plain(tokenizer.read_text("utf-8"))
    seen: Counter[int] = Counter()
    for encoding in plain.encode_batch(list(texts), add_special_tokens=False):
        seen.update(set(encoding.ids))
    counts = np.array([seen[n] for n in range(size)])
    rarity = np.log((1 + len(texts)) / (1 + counts)) + 1
    scales = (largest[:, 0] / 127 * rarity).astype(np.float32)
    return TokenTable(tokenizer, table, scales, encoder.languages)


def _require_extra() -> None:
    if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
        raise BadEncoder(
            "the semantic tier needs two more libraries: pip install 'frontdesk[semantic]'"
        )


def _files(folder: Path) -> tuple[Path, Path]:
    """Return an encoder's model and tokenizer."""
    model = next((folder / p for p in _PLACES if (folder / p).is_file()), None)
    tokenizer = folder / _TOKENIZER
    if model is None or not tokenizer.is_file():
        raise BadEncoder(f"{folder}: an encoder's folder holds {_MODEL} and {_TOKENIZER}")
    return model, tokenizer


@lru_cache(8)
def _digest_of(path: Path, _changed_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(path: Path) -> str:
    state = path.stat()
    return _digest_of(path, state.st_mtime_ns, state.st_size)


def _session(model: Path) -> onnxruntime.InferenceSession:
    import onnxruntime as ort  # an extra

    options = ort.SessionOptions()
    # One thread: messages are many and short, and the same sums in the same order are the same.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors derive from nothing narrower
        raise BadEncoder(f"{model}: cannot be read as an ONNX model") from error


def _tokenizer(path: Path) -> Tokenizer:
    try:
        content = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadEncoder(f"{path}: cannot be read as a tokenizer") from error
    tokenizer = _plain(content, path)
    # Some encoders take less than we would give them; their tokenizer says so.
    own = json.loads(content).get("truncation") or {}
    tokenizer.enable_truncation(min(LONGEST_TOKENS, own.get("max_length", LONGEST_TOKENS)))
    return tokenizer


def _plain(content: str, path: Path | None = None) -> Tokenizer:
    from tokenizers import Tokenizer  # an extra

    try:
        tokenizer = Tokenizer.from_str(content)
    except Exception as error:  # the library raises nothing narrower
        raise BadEncoder(f"{path or _TOKENIZER}: cannot be read as a tokenizer") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _fitness(output: onnxruntime.NodeArg) -> tuple[bool, bool, bool]:
    """Order outputs: a whole sentence's vector first, else those of its tokens, to be averaged.

    What BERT calls its pooler was trained for something else.
    """
    of_sentence = len(output.shape or ()) == 2 and output.name != "pooler_output"
    return (output.name != "sentence_embedding", not of_sentence, len(output.shape or ()) != 3)


def _integer(kind: str) -> type[np.int32 | np.int64]:
    return np.int32 if kind == "tensor(int32)" else np.int64


def _unit(vectors: Vectors) -> Vectors:
    """Return the rows at length 1; what is nothing stays nothing."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    unit: Vectors = vectors / np.maximum(lengths, _TINY)
    return unit
