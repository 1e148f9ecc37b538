"""The semantic tier, with a tiny BERT of random weights: real in everything but its knowledge."""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import onnx
import onnxruntime
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from scipy.special import erf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from nlp import encoder_export, intents, semantic
from nlp.engine import Engine
from nlp.errors import BadEncoder, BrokenModel
from nlp.evaluation.evaluate import evaluate
from nlp.examples import ArticleText, Example, TrainingSet
from nlp.intents import IntentModel
from nlp.language import detect
from nlp.semantic import Encoder, SemanticSpec, TokenTable
from nlp.training import train
from nlp.understanding import OUT_OF_SCOPE

NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
TEXTS = {
    "track_order": "where is my order|has my parcel shipped yet|track my package|"
    "any news on my delivery|when will my order arrive|my parcel is still not here|我的订单到哪了|"
    "快递到哪里了|查一下物流|发货了吗",
    "get_refund": "i want my money back|please refund me|can i get a refund for this lamp|"
    "refund my card|give me back what i paid|how do i claim a refund|"
    "我要退款|把钱退给我|申请退款|退我钱",
    "cancel_order": "cancel my order|stop the order i placed|please cancel the purchase|"
    "can i still cancel|call off my order|i ordered by mistake, cancel please|取消订单|"
    "帮我取消|撤销我的订单|订单能取消吗",
    OUT_OF_SCOPE: "what is the weather today|tell me a joke|who won the game|write me a poem|"
    "how old is the moon|sing a song|今天天气怎么样|讲个笑话|写一首诗|唱首歌",
}
ROWS = [(text, intent) for intent, texts in TEXTS.items() for text in texts.split("|")]
SENTENCES = [text for text, _ in ROWS if text.isascii()]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ["my", "order", "refund", "cancel", "the", "me", "parcel", "is", "where", "want"]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    ",",
    *WORDS,
    *LETTERS,
    *(f"##{c}" for c in LETTERS),
]
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_size": 32,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "type_vocab_size": 2,
    "vocab_size": len(VOCABULARY),
    "layer_norm_eps": 1e-12,
}


def a_tokenizer():
    ids = {piece: n for n, piece in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")]
    )
    return tokenizer


def some_weights(seed=0):
    """Return random weights under the names of Hugging Face's BERT."""
    dice = np.random.default_rng(seed)
    width, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    weights = {}

    def add(name, *shape, mean=0.0):
        weights[name] = (mean + dice.normal(0, 0.3, shape)).astype(np.float32)

    def add_norm(name):
        add(f"{name}.weight", width, mean=1.0)
        add(f"{name}.bias", width)

    def add_dense(name, given, made):
        add(f"{name}.weight", made, given)
        add(f"{name}.bias", made)

    for name, size in (
        ("word", CONFIG["vocab_size"]),
        ("position", CONFIG["max_position_embeddings"]),
        ("token_type", CONFIG["type_vocab_size"]),
    ):
        add(f"embeddings.{name}_embeddings.weight", size, width)
    add_norm("embeddings.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            add_dense(f"{name}.attention.{part}", width, width)
        add_norm(f"{name}.attention.output.LayerNorm")
        add_dense(f"{name}.intermediate.dense", width, inner)
        add_dense(f"{name}.output.dense", inner, width)
        add_norm(f"{name}.output.LayerNorm")
    return weights


def a_source(folder, weights=None, **changes):
    """Write an encoder as its maker would."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    save_file(some_weights() if weights is None else weights, folder / "model.safetensors")
    a_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def forward(weights, ids):
    """Return the vector of a sentence's tokens, by BERT's formula in float32."""

    def dense(value, name):
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(value, name):
        centred = value - value.mean(-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(-1, keepdims=True) + CONFIG["layer_norm_eps"])
        return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(value):
        return value.reshape(len(ids), CONFIG["num_attention_heads"], -1).swapaxes(0, 1)

    state = weights["embeddings.word_embeddings.weight"][ids]
    state = state + weights["embeddings.position_embeddings.weight"][: len(ids)]
    state = norm(
        state + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"
    )
    for layer in range(CONFIG["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            heads(dense(state, f"{name}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        likeness = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1]))
        seen = likeness / likeness.sum(-1, keepdims=True) @ value
        joined = seen.swapaxes(0, 1).reshape(len(ids), -1)
        looked = dense(joined, f"{name}.attention.output.dense")
        state = norm(state + looked, f"{name}.attention.output.LayerNorm")
        inner = dense(state, f"{name}.intermediate.dense")
        inner = inner / 2 * (1 + erf(inner / np.sqrt(2)))
        state = norm(state + dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = state.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """An encoder as its maker wrote it."""
    return a_source(tmp_path_factory.mktemp("encoders") / "source")


@pytest.fixture(scope="module")
def folder(source):
    """The same after the export."""
    encoder_export.export(source, source.with_name("exported"))
    return source.with_name("exported")


@pytest.fixture(scope="module")
def encoder(folder):
    return opened(folder)


def opened(folder, tier="encoder", languages=("en",)):
    return semantic.prepare(SemanticSpec(encoder=folder, tier=tier, languages=languages), SENTENCES)


def a_graph(path, inputs=("input_ids",), *, kind=TensorProto.INT64, length="tokens", whole=False):
    """Write an ONNX model that looks tokens up; return its table, shape (tokens, 4)."""
    table = np.random.default_rng(1).normal(size=(len(VOCABULARY), 4)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "ids"], ["token_embeddings"]),
        helper.make_node("ReduceMax", ["token_embeddings"], ["sentence"], axes=[1], keepdims=0),
    ]
    shapes = {"token_embeddings": ["sentences", length, 4], "sentence": ["sentences", 4]}
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info(name, kind, ["sentences", length]) for name in inputs],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in list(shapes.items())[: 1 + whole]
        ],
        [numpy_helper.from_array(table, "table")],
    )
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    a_tokenizer().save(str(path.with_name("tokenizer.json")))
    return table


def a_set(**changes):
    examples = [Example(text=text, intent=intent, language=detect(text)) for text, intent in ROWS]
    return replace(TrainingSet.of_examples(examples), **changes)


def tokens_of(text):
    return a_tokenizer().encode(text).ids


# The export.


def test_the_graph_is_berts_formula_and_padding_counts_for_nothing():
    weights = some_weights()
    graph = encoder_export._Graph(weights, CONFIG).model()
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    tokens = [tokens_of(text) for text in SENTENCES]
    longest = max(map(len, tokens))
    ids = np.array([some + [0] * (longest - len(some)) for some in tokens])
    mask = np.array([[1] * len(some) + [0] * (longest - len(some)) for some in tokens])
    ours = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    theirs = [forward(weights, some) for some in tokens]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_exported_model_is_the_same_but_for_rounding(encoder):
    theirs = np.array([forward(some_weights(), tokens_of(text)) for text in SENTENCES])
    ours = np.array([encoder.encode(text) for text in SENTENCES])
    likeness = ours @ theirs.T
    assert likeness.diagonal().min() > 0.98
    assert likeness.argmax(axis=1).tolist() == list(range(len(SENTENCES)))


def test_an_exported_folder_holds_the_model_and_the_tokenizer(folder, source):
    assert sorted(p.name for p in folder.iterdir()) == ["model.onnx", "tokenizer.json"]
    assert (folder / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()


def test_equal_sources_make_equal_files_whatever_the_prefix_of_the_names(folder, tmp_path):
    prefixed = {f"bert.{name}": weight for name, weight in some_weights().items()}
    encoder_export.export(a_source(tmp_path / "source", prefixed), tmp_path / "out")
    assert (tmp_path / "out" / "model.onnx").read_bytes() == (folder / "model.onnx").read_bytes()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_source_that_lacks_a_file_is_told(tmp_path, name):
    place = a_source(tmp_path / "source")
    (place / name).unlink()
    with pytest.raises(BadEncoder, match=rf"^{place}: there is no {name}$"):
        encoder_export.export(place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", [{"model_type": "roberta"}, {"hidden_act": "relu"}])
def test_another_kind_of_encoder_is_not_exported(tmp_path, change):
    with pytest.raises(BadEncoder, match="only BERT"):
        encoder_export.export(a_source(tmp_path / "source", **change), tmp_path / "out")


def test_the_command_tells_in_one_line_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["encoder_export", str(tmp_path), str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=rf"^{tmp_path}: there is no config.json$"):
        encoder_export.main()
    monkeypatch.setattr(sys, "argv", ["encoder_export"])
    with pytest.raises(SystemExit, match=r"^usage: "):
        encoder_export.main()


def test_the_command_exports(tmp_path, monkeypatch, folder, source):
    monkeypatch.setattr(sys, "argv", ["encoder_export", str(source), str(tmp_path / "out")])
    encoder_export.main()
    assert (tmp_path / "out" / "model.onnx").read_bytes() == (folder / "model.onnx").read_bytes()


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors", "weight"])
def test_a_source_that_cannot_be_read_is_told(tmp_path, broken):
    weights = some_weights()
    if broken == "weight":
        del weights["encoder.layer.1.output.dense.bias"]
    place = a_source(tmp_path / "source", weights)
    if broken != "weight":
        (place / broken).write_bytes(b"{")
    with pytest.raises(BadEncoder):
        encoder_export.export(place, tmp_path / "out")


def test_a_config_that_is_no_object_is_told(tmp_path):
    place = a_source(tmp_path / "source")
    (place / "config.json").write_text("[]")
    with pytest.raises(BadEncoder):
        encoder_export.export(place, tmp_path / "out")


def test_weights_of_half_precision_are_exported(tmp_path, encoder):
    half = {name: weight.astype(np.float16) for name, weight in some_weights().items()}
    encoder_export.export(a_source(tmp_path / "source", half), tmp_path / "out")
    assert opened(tmp_path / "out").encode("my order") @ encoder.encode("my order") > 0.98


# Vectors.


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_vectors_have_length_1_and_the_width_of_the_encoder(folder, tier):
    vectors = opened(folder, tier)
    assert vectors.width == CONFIG["hidden_size"]
    for text in SENTENCES:
        vector = vectors.encode(text)
        assert (vector.shape, vector.dtype) == ((vectors.width,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_equal_texts_have_equal_vectors(folder, encoder):
    again = opened(folder)
    for text in SENTENCES:
        before = encoder.encode(text)
        encoder.forget()
        np.testing.assert_array_equal(encoder.encode(text), before)
        np.testing.assert_array_equal(again.encode(text), before)
    assert not np.allclose(encoder.encode("cancel"), encoder.encode("refund"), atol=0.01)


def test_threads_may_share_an_encoder(folder):
    shared = Encoder(folder / "model.onnx", folder / "tokenizer.json", ("en",), remembered=0)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(shared.encode, SENTENCES * 20))
    np.testing.assert_array_equal(found, [shared.encode(text) for text in SENTENCES] * 20)


def test_of_a_long_text_the_beginning_is_encoded(encoder):
    most = "order " * (semantic.LONGEST_TOKENS - 2)
    np.testing.assert_array_equal(encoder.encode("order " * 5_000), encoder.encode(most))
    assert not np.array_equal(encoder.encode(f"refund {most}"), encoder.encode(most))


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_padding_is_undone(folder, tmp_path, tier):
    place = shutil.copytree(folder, tmp_path / "encoder")
    tokenizer = a_tokenizer()
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(place / "tokenizer.json"))
    np.testing.assert_array_equal(
        opened(place, tier).encode("my order"), opened(folder, tier).encode("my order")
    )


def test_an_encoder_of_fewer_positions_reads_long_texts(tmp_path):
    weights = some_weights()
    name = "embeddings.position_embeddings.weight"
    weights[name] = weights[name][:32]
    place = a_source(tmp_path / "source", weights, max_position_embeddings=32)
    tokenizer = a_tokenizer()
    tokenizer.enable_truncation(32)
    tokenizer.save(str(place / "tokenizer.json"))
    encoder_export.export(place, tmp_path / "out")
    assert opened(tmp_path / "out").encode("order " * 100).any()


def test_a_text_of_no_tokens_is_nothing(folder, tmp_path):
    bare = a_tokenizer()
    bare.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    bare.save(str(tmp_path / "tokenizer.json"))
    unframed = Encoder(folder / "model.onnx", tmp_path / "tokenizer.json", ("en",))
    assert not unframed.encode(" ").any()
    assert not opened(folder, "table").encode(" ").any()
    assert unframed.encode("order").any()


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_other_languages_have_no_vectors(folder, tier):
    vectors = opened(folder, tier)
    texts = ["my order", "我的订单", "order"]
    found = semantic.matrix(vectors, texts, ["en", "zh", "zh"])
    assert found.shape == (3, vectors.width)
    np.testing.assert_array_equal(found[0], vectors.encode("my order"))
    assert not found[1:].any()
    assert opened(folder, tier, ("en", "zh")).encode("我的订单").any()


def test_vectors_of_tokens_are_averaged(tmp_path):
    table = a_graph(tmp_path / "model.onnx")
    mean = table[tokens_of("my order is here")].mean(0)
    vectors = opened(tmp_path)
    assert vectors.width == 4
    np.testing.assert_allclose(
        vectors.encode("my order is here"), mean / np.linalg.norm(mean), atol=1e-6
    )


def test_the_vector_of_the_sentence_goes_before_those_of_its_tokens(tmp_path):
    table = a_graph(tmp_path / "model.onnx", whole=True)
    most = table[tokens_of("my order")].max(0)
    np.testing.assert_allclose(
        opened(tmp_path).encode("my order"), most / np.linalg.norm(most), atol=1e-6
    )


def test_inputs_of_32_bits_and_token_types_are_given(tmp_path):
    a_graph(tmp_path / "long" / "model.onnx")
    names = ("input_ids", "attention_mask", "token_type_ids")
    a_graph(tmp_path / "short" / "model.onnx", names, kind=TensorProto.INT32)
    np.testing.assert_array_equal(
        opened(tmp_path / "short").encode("my order"), opened(tmp_path / "long").encode("my order")
    )


def test_the_model_may_stand_in_a_folder_of_its_own(folder, tmp_path, encoder):
    (tmp_path / "onnx").mkdir()
    shutil.copy(folder / "model.onnx", tmp_path / "onnx")
    shutil.copy(folder / "tokenizer.json", tmp_path)
    np.testing.assert_array_equal(opened(tmp_path).encode("order"), encoder.encode("order"))


# The table.


def test_a_text_is_the_weighed_sum_of_its_tokens(folder):
    dice = np.random.default_rng(2)
    table = dice.integers(-127, 128, (len(VOCABULARY), 3)).astype(np.int8)
    scales = dice.random(len(VOCABULARY)).astype(np.float32)
    vectors = TokenTable(folder / "tokenizer.json", table, scales, ("en",))
    my, order = VOCABULARY.index("my"), VOCABULARY.index("order")
    whole = 2.0 * scales[my] * table[my] + scales[order] * table[order]
    np.testing.assert_allclose(
        vectors.encode("my my order"), whole / np.linalg.norm(whole), atol=1e-6
    )


def test_tokens_are_as_alike_as_the_encoder_finds_them(folder, encoder):
    table = opened(folder, "table")
    ids = [VOCABULARY.index(word) for word in WORDS]
    pieces = encoder.pieces(range(len(VOCABULARY)))
    theirs = (pieces - pieces.mean(axis=0))[ids]
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = np.array([table.encode(word) for word in WORDS])
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=0.02)


def test_a_table_is_asked_for_the_whole_text(folder, tmp_path):
    place = shutil.copytree(folder, tmp_path / "encoder")
    tokenizer = a_tokenizer()
    tokenizer.enable_truncation(4)
    tokenizer.save(str(place / "tokenizer.json"))
    text = "where is my order i want my refund"
    np.testing.assert_array_equal(
        opened(place, "table").encode(text), opened(folder, "table").encode(text)
    )


def test_rare_tokens_weigh_more(folder):
    spec = SemanticSpec(encoder=folder, tier="table")

    def share(common):
        """Return how near both words together are to `refund`."""
        table = semantic.prepare(spec, [common] * 50)
        return table.encode("order refund") @ table.encode("refund")

    assert share("order") > share("refund") + 0.1


# Models.


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_a_saved_model_reads_the_same_and_by_its_vectors(folder, tmp_path, tier):
    texts, labels = map(list, zip(*ROWS, strict=True))
    languages = [detect(text) for text in texts]
    model, _ = intents.fit(texts, labels, languages, vectors=opened(folder, tier))
    without, _ = intents.fit(texts, labels, languages)
    model.save(tmp_path)
    again = IntentModel.load(tmp_path)
    assert model.vector("退款", "zh") is None
    for text in ("where is the parcel", "refund my lamp", "我要退款", ""):
        one, two = (some.read(text, detect(text)) for some in (model, again))
        np.testing.assert_array_equal(one.probabilities, two.probabilities)
        assert (one.out_of_scope, one.refused) == (two.out_of_scope, two.refused)
    ours, theirs = (some.read("refund my lamp", "en").probabilities for some in (again, without))
    assert not np.allclose(ours, theirs)


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_a_trained_model_stands_without_its_encoder(folder, tmp_path, tier):
    place = shutil.copytree(folder, tmp_path / "encoder")
    article = ArticleText(
        article_id="refunds",
        language="en",
        title="Refunds",
        questions=("when do I get my money back",),
        body="Five days after the goods are checked.",
    )
    training_set = a_set(semantic=SemanticSpec(encoder=place, tier=tier), articles=(article,))
    train(training_set, tmp_path / "model")
    engine = Engine.load(tmp_path / "model", fingerprint=training_set.fingerprint())
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "model", tmp_path / "moved")
    again = Engine.load(tmp_path / "moved")
    for text in ("where is my order", "please refund me", "取消订单", "sing a song", "", "😀"):
        assert again.understand(text, now=NOW) == engine.understand(text, now=NOW)
        assert again.passages(text, "en") == engine.passages(text, "en")
    assert again.passages("my money", "en")[0].article_id == "refunds"
    assert again.understand("where is my order", now=NOW).intent == "track_order"
    assert again.understand("取消订单", now=NOW).intent == "cancel_order"


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_equal_sets_make_equal_files(folder, tmp_path, tier):
    training_set = a_set(semantic=SemanticSpec(encoder=folder, tier=tier))
    for name in ("one", "two"):
        train(training_set, tmp_path / name)
    files = [p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()]
    assert {"dense.npy", "semantic.json"} <= {p.name for p in files}
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_model_whose_encoder_was_altered_is_broken(folder, tmp_path):
    train(a_set(semantic=SemanticSpec(encoder=folder)), tmp_path / "model")
    with (tmp_path / "model" / "intents" / "semantic" / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BrokenModel, match=r"model\.onnx: has been altered"):
        Engine.load(tmp_path / "model")


def test_a_set_with_an_encoder_is_cross_validated_with_it(folder):
    figures = evaluate(a_set(semantic=SemanticSpec(encoder=folder)))
    assert figures.messages == len(ROWS)
    assert [step.share for step in figures.learning_curve] == [0.25, 0.5, 0.75, 1.0]
    assert figures.first_guess > 0.5


def test_the_fingerprint_is_of_the_encoders_bytes_not_of_its_place(folder, tmp_path):
    def fingerprint(place, **changes):
        return a_set(semantic=SemanticSpec(encoder=place, **changes)).fingerprint()

    before = fingerprint(folder)
    assert fingerprint(shutil.copytree(folder, tmp_path / "another name")) == before
    for name in ("model.onnx", "tokenizer.json"):
        place = shutil.copytree(folder, tmp_path / name)
        content = bytearray((place / name).read_bytes())
        content[len(content) // 2] ^= 1
        (place / name).write_bytes(content)
        assert fingerprint(place) != before
    assert fingerprint(folder, tier="table") != before
    assert fingerprint(folder, languages=("en",)) != before
    assert a_set().fingerprint() != before


# What is no encoder.


def told(folder):
    """Return in what words an encoder is refused, in training as elsewhere."""
    with pytest.raises(BadEncoder) as caught:
        opened(folder)
    with pytest.raises(BadEncoder) as again:
        train(a_set(semantic=SemanticSpec(encoder=folder)), folder.with_name("model"))
    assert not folder.with_name("model").exists()
    assert str(again.value) == str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def copy(folder, tmp_path):
    """An encoder to be broken."""
    return shutil.copytree(folder, tmp_path / "encoder")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_missing_files_are_told(copy, name):
    (copy / name).unlink()
    assert told(copy) == f"{copy}: an encoder's folder holds model.onnx and tokenizer.json"


def test_a_missing_folder_is_told(tmp_path):
    assert told(tmp_path / "none").startswith(f"{tmp_path / 'none'}: ")


@pytest.mark.parametrize("content", [b"", b"not ONNX", None])
def test_a_broken_model_is_told(copy, content):
    path = copy / "model.onnx"
    path.write_bytes(path.read_bytes()[:2_000] if content is None else content)
    assert told(copy) == f"{path}: cannot be read as an ONNX model"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1.0"}', "null"])
def test_a_broken_tokenizer_is_told(copy, content):
    path = copy / "tokenizer.json"
    path.write_text(content)
    assert told(copy) == f"{path}: cannot be read as a tokenizer"


def test_a_tokenizer_that_is_not_utf8_is_told(copy):
    path = copy / "tokenizer.json"
    path.write_bytes(b"\xff\xfe{}")
    assert told(copy) == f"{path}: cannot be read as a tokenizer"


@pytest.mark.parametrize("inputs", [("input_ids", "pixel_values"), ("input_ids", "position_ids")])
def test_a_model_that_takes_something_else_is_told(tmp_path, inputs):
    path = tmp_path / "encoder" / "model.onnx"
    a_graph(path, inputs)
    names = ", ".join(inputs)
    assert told(path.parent) == f"{path}: takes {names}, not the tokens of a sentence encoder"


@pytest.mark.parametrize("change", [{"kind": TensorProto.FLOAT}, {"length": 16}])
def test_a_model_that_does_not_run_on_tokens_is_told(tmp_path, change):
    path = tmp_path / "encoder" / "model.onnx"
    a_graph(path, **change)
    assert told(path.parent).startswith(f"{path}: ")


@pytest.mark.parametrize("tier", ["encoder", "table"])
def test_a_tokenizer_of_more_tokens_than_the_model_has_is_told(copy, tier):
    tokenizer = a_tokenizer()
    tokenizer.add_tokens(["zanzibar"])
    tokenizer.save(str(copy / "tokenizer.json"))
    with pytest.raises(BadEncoder):
        opened(copy, tier).encode("zanzibar")
