import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from bot.errors import ConfigError, Fault
from bot.settings.known import Known
from bot.settings.load import load
from bot.settings.strict_yaml import Steps

Edit = Callable[[str, str, str], Path]
FaultsOf = Callable[[Path], tuple[Fault, ...]]


SMALL = Path(__file__).parent / "small"
FILES = sorted(path.relative_to(SMALL).as_posix() for path in SMALL.rglob("*.yaml"))


def test_a_good_configuration_loads(small: Path, known: Known) -> None:
    settings = load(small, known)
    assert settings.general.name["zh"] == "小店"
    assert set(settings.intents) == {"track_order", "greet", "refund_rules"}
    assert set(settings.needs) == {"order_and_delivery", "other"}
    assert settings.flows.flows["track_order"].slots[0].kind == "order"
    assert settings.flows.answers["greet"].reply == "greet"
    assert settings.replies["zh"]["greet"] == "您好，这里是{shop}。"
    assert settings.catalogue is not None
    assert settings.demo is not None
    assert re.fullmatch("c-[0-9a-f]{12}", settings.config_id)


def test_the_shop_may_be_left_out(small: Path, known: Known, edit: Edit) -> None:
    shutil.rmtree(small / "shop")
    shutil.rmtree(small / "tests")
    edit("frontdesk.yaml", "demo: true", "demo: false")
    settings = load(small, known)
    assert settings.catalogue is None
    assert settings.demo is None


@pytest.mark.parametrize(
    ("path", "file", "line"),
    [
        (("flows", "track_order"), "flows.yaml", 2),
        (("flows", "track_order", "slots", 1, "take"), "flows.yaml", 15),
        (("answers", "greet"), "flows.yaml", 27),
        (("intents", "greet"), "intents/smalltalk.yaml", 2),
        (("intents", "track_order", "examples", "en", 1), "intents/orders.yaml", 10),
        (("out_of_scope", "examples", "zh", 0), "out_of_scope.yaml", 5),
        (("replies", "zh", "ask_order"), "replies/zh.yaml", 2),
        (("routing", "queue_rules", 1), "routing.yaml", 10),
        (("articles", "refunds", "zh", "body"), "knowledge/refunds.yaml", 9),
        (("knowledge", "refunds"), "knowledge/refunds.yaml", 1),
        (("needs", "other", "label"), "needs/other.yaml", 1),
        (("phrases", "stop"), "phrases.yaml", 2),
        (("entities", "order_number"), "entities.yaml", 1),
        (("general", "bands"), "frontdesk.yaml", 5),
        (("frontdesk", "bands", "offer"), "frontdesk.yaml", 7),
        (("products", "rug"), "shop/products.yaml", 9),
        (("customers", "ada", "email"), "shop/customers.yaml", 4),
        (("orders", "AB123456"), "shop/customers.yaml", 10),
        (("intents", "unheard_of"), "intents/orders.yaml", 2),
    ],
)
def test_everything_knows_where_it_stands(
    small: Path, known: Known, path: Steps, file: str, line: int
) -> None:
    place = load(small, known).where(*path)
    assert (place.file.relative_to(small).as_posix(), place.line) == (file, line)


@pytest.mark.parametrize("path", [(), ("nothing",), ("nothing", 3)])
def test_what_stands_nowhere_stands_in_the_folder(small: Path, known: Known, path: Steps) -> None:
    place = load(small, known).where(*path)
    assert (place.file, place.line) == (small, 1)


def test_the_id_follows_every_read_file_and_no_other(small: Path, known: Known) -> None:
    before = load(small, known).config_id
    (small / "README.md").write_text("changed", encoding="utf-8")
    (small / ".hidden.yaml").write_text("not: read", encoding="utf-8")
    (small / "intents" / ".#orders.yaml").write_text("not: read", encoding="utf-8")
    (small / "tests" / "first.yaml").unlink()
    assert load(small, known).config_id == before
    with (small / "replies" / "en.yaml").open("a", encoding="utf-8") as file:
        file.write("# a comment\n")
    assert load(small, known).config_id != before


def test_all_faults_of_all_files_are_found_at_once(small: Path, known: Known, edit: Edit) -> None:
    edit("flows.yaml", "action: order_status", "action:\n    - a")
    edit("routing.yaml", "queues:", "quees:")
    edit("frontdesk.yaml", "demo: true", "demo: &x true")
    (small / "phrases.yaml").unlink()
    with pytest.raises(ConfigError) as raised:
        load(small, known)
    found = {(fault.path.name, fault.code) for fault in raised.value.faults}
    assert found == {
        ("flows.yaml", "CFG012"), ("routing.yaml", "CFG010"), ("routing.yaml", "CFG011"),
        ("frontdesk.yaml", "YAML003"), ("phrases.yaml", "CFG002"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("flow.yaml", "did you mean 'flows.yaml'?"),
        ("replies/fr.yaml", "nothing reads the file 'fr.yaml'"),
        ("intents/more.yml", "configuration files end in .yaml"),
        ("shop/product.yaml", "did you mean 'products.yaml'?"),
        ("intents/deeper/x.yaml", "nothing reads the folder 'deeper'"),
        ("tests/deeper/x.yaml", "nothing reads the folder 'deeper'"),
        ("knowlege/x.yaml", "nothing reads the folder 'knowlege' here, did you mean 'knowledge'?"),
    ],
)
def test_what_nobody_reads_is_a_fault(
    edit: Edit, faults_of: FaultsOf, name: str, hint: str
) -> None:
    (fault,) = faults_of(edit(name, "*", "greet: hi" if "replies" in name else "a: 1"))
    assert fault.code == "CFG004"
    assert hint in fault.message


def test_a_folder_that_is_not_there(tmp_path: Path, known: Known) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "nowhere", known)
    assert [fault.code for fault in raised.value.faults] == ["CFG001"]


def test_a_file_that_cannot_be_read(small: Path, faults_of: FaultsOf) -> None:
    (small / "knowledge" / "lost.yaml").symlink_to(small / "nowhere")
    (fault,) = faults_of(small)
    assert fault.code == "CFG003"


def test_a_folder_where_a_file_should_be(small: Path, faults_of: FaultsOf) -> None:
    (small / "flows.yaml").unlink()
    (small / "flows.yaml").mkdir()
    assert {fault.code for fault in faults_of(small)} == {"CFG002", "CFG004"}


def test_an_intent_in_two_files(edit: Edit, faults_of: FaultsOf) -> None:
    faults = faults_of(edit("intents/orders.yaml", "  track_order:", "  greet:"))
    (fault,) = (fault for fault in faults if fault.code == "CFG005")
    assert (fault.path.name, fault.line) == ("smalltalk.yaml", 2)


def test_a_fault_of_form_hides_no_other(edit: Edit, faults_of: FaultsOf) -> None:
    edit("phrases.yaml", "human:", "humann:")  # a kind that routing does not look into
    edit("routing.yaml", "    priority: normal", "    priority: normal\n    colour: red")
    faults = faults_of(edit("routing.yaml", "queue: orders", "queue: nowhere"))
    assert {"CFG010", "CFG011", "CFG070"} <= {fault.code for fault in faults}


def test_a_file_whose_name_is_no_name(small: Path, faults_of: FaultsOf) -> None:
    (small / "knowledge" / "refunds.yaml").rename(small / "knowledge" / "Re funds.yaml")
    (fault,) = faults_of(small)
    assert (fault.code, fault.line) == ("CFG006", 1)


def test_faults_read_like_those_of_a_compiler(
    small: Path, edit: Edit, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("routing.yaml", "    priority: normal", "    priority: normall")
    monkeypatch.chdir(small.parent)
    with pytest.raises(ConfigError) as raised:
        load(Path("small"), known)
    assert str(raised.value) == (
        "small/routing.yaml:17: CFG012 priority_rules.2.priority: 'normall' is not one of "
        "'low', 'normal', 'high' or 'urgent', did you mean 'normal'?"
    )
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError) as raised:
        load(small, known)
    assert str(raised.value).split(":")[0].endswith("small/routing.yaml")


def test_the_training_set_is_what_feeds_the_model(small: Path, known: Known, edit: Edit) -> None:
    pytest.importorskip("nlp.examples")
    before = load(small, known).training_set()
    assert {example.intent for example in before.examples} == set(load(small, known).intents)
    assert [need.category for need in before.needs][:1] == ["order_and_delivery"]
    assert before.entities is not None
    assert before.entities.products[0].names == ("Desk lamp", "台灯", "reading lamp")
    edit("replies/en.yaml", "Which order?", "Which one?")
    edit("flows.yaml", "en: the order", "en: your order")
    edit("routing.yaml", "high: 1h", "high: 2h")
    (small / "intents" / "orders.yaml").rename(small / "intents" / "zz.yaml")
    assert load(small, known).training_set().fingerprint() == before.fingerprint()
    edit("knowledge/refunds.yaml", "Within five days.", "Within six days.")
    assert load(small, known).training_set().fingerprint() != before.fingerprint()


VALUES = [
    "", "null", "true", "5", "-1", "0.5", "[]", "{}", "[a]", "{a: b}", "1e400", "9" * 17,
    "x" * 5000,
]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, str]:
    """A file and a new text for it: one line deleted, doubled, altered, moved or cut."""
    name = draw(st.sampled_from(FILES))
    lines = (SMALL / name).read_text(encoding="utf-8").splitlines()
    index = draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    change = draw(st.sampled_from(["delete", "double", "alter", "move", "cut", "value"]))
    if change == "delete":
        del lines[index]
    elif change == "double":
        lines.insert(index, line)
    elif change == "alter":
        at = draw(st.integers(0, len(line)))
        lines[index] = line[:at] + draw(st.text(max_size=4)) + line[at:]
    elif change == "move":
        lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(index))
    elif change == "cut":
        lines[index] = line[draw(st.integers(0, len(line))) :]
    else:
        lines[index] = line.split(":")[0] + ": " + draw(st.sampled_from(VALUES))
    return name, "\n".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy for all mutations, each of which is undone."""
    folder = tmp_path_factory.mktemp("mutated") / "small"
    shutil.copytree(SMALL, folder)
    return folder


@given(mutations())
@hypothesis(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_mutation_is_a_fault_or_a_valid_configuration(
    folder: Path, faults_of: FaultsOf, mutation: tuple[str, str]
) -> None:
    name, text = mutation
    (folder / name).write_bytes(text.encode("utf-8", errors="surrogatepass"))
    faults = faults_of(folder)
    shutil.copyfile(SMALL / name, folder / name)
    for fault in faults:
        assert 1 <= fault.line <= text.count("\n") + 2 or fault.path != folder / name
