import orjson
import pytest

from nlp import model_files
from nlp.errors import BrokenModel, NlpError, NotTrained, StaleModel


def a_model(folder, fingerprint="f1", content="one"):
    with model_files.replacing(folder, fingerprint) as fresh:
        (fresh / "a.json").write_text(content)
    return folder


def test_a_written_model_is_verified(tmp_path):
    manifest = model_files.verify(a_model(tmp_path / "m"), "f1")
    assert manifest.model_id == model_files.model_id("f1")
    assert manifest.model_id.startswith("m-")


def test_a_failure_leaves_the_old_model_in_place(tmp_path):
    folder = a_model(tmp_path / "m")

    def fail():
        with model_files.replacing(folder, "f2") as fresh:
            (fresh / "a.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert model_files.verify(folder).fingerprint == "f1"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_new_model_takes_the_place_whole(tmp_path):
    folder = a_model(tmp_path / "m")
    a_model(folder, "f2", "two")
    assert (folder / "a.json").read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_what_is_not_a_model_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(NlpError, match="not a model"):
        a_model(tmp_path)


@pytest.mark.parametrize("change", [{"format": 0}, {"versions": {}}])
def test_other_versions_are_stale(tmp_path, change):
    folder = a_model(tmp_path / "m")
    path = folder / "manifest.json"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **change}))
    with pytest.raises(StaleModel):
        model_files.verify(folder)


def test_another_configuration_is_stale(tmp_path):
    with pytest.raises(StaleModel, match="changed"):
        model_files.verify(a_model(tmp_path / "m"), "f2")


def test_altered_and_missing_files_are_told(tmp_path):
    folder = a_model(tmp_path / "m")
    (folder / "a.json").write_text("eno")
    with pytest.raises(BrokenModel, match="altered"):
        model_files.verify(folder)
    (folder / "a.json").unlink()
    with pytest.raises(BrokenModel, match="cannot be read"):
        model_files.verify(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BrokenModel):
        model_files.verify(folder)


def test_no_model_is_not_trained(tmp_path):
    with pytest.raises(NotTrained):
        model_files.verify(tmp_path / "none")
