import orjson
import pytest

from nlp import model_files
from nlp.errors import BrokenModel, NlpError, NotTrained, StaleModel

FILES = (
    *(f"intents/{name}" for name in ("intents.json", "vocabulary.json")),
    *(f"intents/{name}" for name in ("weights.npy", "intercept.npy")),
    "knowledge.json",
    "parts.json",
    "seen.npy",
)
NEEDS = tuple(f"needs/{name}" for name in ("evidence.npy", "intercept.npy", "needs.json"))


def a_model(folder, fingerprint="f1", content="one", files=FILES):
    with model_files.replacing(folder, fingerprint) as fresh:
        for name in files:
            (fresh / name).parent.mkdir(exist_ok=True)
            (fresh / name).write_text(content)
    return folder


def change_manifest(folder, **changed):
    path = folder / "manifest.json"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **changed}))


def listed(folder):
    return orjson.loads((folder / "manifest.json").read_bytes())["files"]


def test_a_written_model_is_verified(tmp_path):
    manifest = model_files.verify(a_model(tmp_path / "m"), "f1")
    assert manifest.model_id == model_files.model_id("f1")
    assert manifest.model_id.startswith("m-")


def test_a_failure_leaves_the_old_model_in_place(tmp_path):
    folder = a_model(tmp_path / "m")

    def fail():
        with model_files.replacing(folder, "f2") as fresh:
            (fresh / "parts.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert model_files.verify(folder).fingerprint == "f1"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_new_model_takes_the_place_whole(tmp_path):
    folder = a_model(tmp_path / "m")
    a_model(folder, "f2", "two")
    assert (folder / "parts.json").read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_what_is_not_a_model_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(NlpError, match="not a model"):
        a_model(tmp_path)


@pytest.mark.parametrize("change", [{"format": 0}, {"versions": {}}])
def test_other_versions_are_stale(tmp_path, change):
    folder = a_model(tmp_path / "m")
    change_manifest(folder, **change)
    with pytest.raises(StaleModel):
        model_files.verify(folder)


def test_another_configuration_is_stale(tmp_path):
    with pytest.raises(StaleModel, match="changed"):
        model_files.verify(a_model(tmp_path / "m"), "f2")


def test_altered_and_missing_files_are_told(tmp_path):
    folder = a_model(tmp_path / "m")
    (folder / "parts.json").write_text("eno")
    with pytest.raises(BrokenModel, match="altered"):
        model_files.verify(folder)
    (folder / "parts.json").unlink()
    with pytest.raises(BrokenModel, match="cannot be read"):
        model_files.verify(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BrokenModel):
        model_files.verify(folder)


def test_no_model_is_not_trained(tmp_path):
    with pytest.raises(NotTrained):
        model_files.verify(tmp_path / "none")


def test_a_place_that_cannot_be_written_is_named_as_it_was_asked_for(tmp_path, monkeypatch):
    def refuse(prefix, dir):
        raise PermissionError(13, "Permission denied", f"{dir}/{prefix}x7f")

    monkeypatch.setattr(model_files.tempfile, "mkdtemp", refuse)
    folder = tmp_path / "m"
    with pytest.raises(NlpError) as caught:
        a_model(folder)
    assert str(caught.value) == f"{folder}: cannot be made: Permission denied"


@pytest.mark.parametrize("left_out", FILES)
def test_a_manifest_lists_every_file_of_the_format(tmp_path, left_out):
    folder = a_model(tmp_path / "m")
    files = listed(folder)
    del files[left_out]
    change_manifest(folder, files=files)
    with pytest.raises(BrokenModel, match=f"does not list {left_out}"):
        model_files.verify(folder)


def test_an_emptied_manifest_vouches_for_nothing_and_the_model_can_be_replaced(tmp_path):
    folder = a_model(tmp_path / "m")
    change_manifest(folder, files={})
    with pytest.raises(BrokenModel, match="does not list"):
        model_files.verify(folder)
    a_model(folder)
    assert model_files.verify(folder)


def test_a_part_is_listed_whole_or_is_not_there(tmp_path):
    folder = a_model(tmp_path / "m", files=(*FILES, *NEEDS))
    with pytest.raises(BrokenModel, match=r"does not list needs/weights\.npy"):
        model_files.verify(folder)
    a_model(folder, files=(*FILES, *NEEDS, "needs/weights.npy"))
    assert model_files.verify(folder)
    change_manifest(
        folder, files={n: sum_ for n, sum_ in listed(folder).items() if "needs" not in n}
    )
    with pytest.raises(BrokenModel, match="does not list needs/"):
        model_files.verify(folder)


@pytest.mark.parametrize("name", ["../elsewhere.json", "/etc/passwd", "intents/more.json"])
def test_a_manifest_lists_nothing_else(tmp_path, name):
    folder = a_model(tmp_path / "m")
    change_manifest(folder, files={**listed(folder), name: "0"})
    with pytest.raises(BrokenModel, match="no file of a model"):
        model_files.verify(folder)


def test_what_an_editor_leaves_behind_does_no_harm(tmp_path):
    folder = a_model(tmp_path / "m")
    (folder / ".DS_Store").write_text("")
    assert model_files.verify(folder)


@pytest.mark.parametrize("change", [{"model_id": "m-0123456789ab"}, {"fingerprint": "f2"}])
def test_an_id_that_does_not_follow_from_the_rest_is_told(tmp_path, change):
    folder = a_model(tmp_path / "m")
    change_manifest(folder, **change)
    with pytest.raises(BrokenModel, match="does not fit the fingerprint"):
        model_files.verify(folder)
