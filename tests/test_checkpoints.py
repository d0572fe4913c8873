"""Checkpoints: what is saved comes back, what is damaged is refused, and no death corrupts."""

import errno
import json
import os
import resource
import zlib
from pathlib import Path

import huggingface_hub
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from multimodal import checkpoints
from multimodal.checkpoints import (
    average_checkpoints,
    load_tensors,
    pack_checkpoint,
    push_to_hub,
    quantize_rows,
    read_checkpoint,
    read_tensors,
    save_checkpoint,
    shipped_models,
    write_tensors,
)
from multimodal.errors import UserError

CONFIG = {"task": "captioner", "vocabulary": ["a", "träd", "\u2028"], "size": [224, 224]}


class Net(nn.Module):
    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(size, 2)
        self.norm = nn.BatchNorm1d(2)  # has an integer buffer


class TiedNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.project = nn.Linear(4, 7, bias=False)
        self.project.weight = self.embed.weight


def marked(value: float) -> dict[str, Tensor]:
    return {"weight": torch.full((4,), value)}


def mark_in(folder: Path) -> float:
    """The value of a checkpoint whose config and tensors must have been saved together."""
    checkpoint = read_checkpoint(folder)
    value = float(checkpoint.tensors["weight"][0])
    assert checkpoint.config["mark"] == value
    return value


def save_marked(folder: Path, value: float) -> None:
    save_checkpoint(folder, {"task": "toy", "mark": value}, marked(value))


def test_a_checkpoint_comes_back_whole(tmp_path: Path) -> None:
    net, other = Net(), Net()
    folder = save_checkpoint(tmp_path / "deep" / "mine", CONFIG, net.state_dict(), card="# Mine")
    assert {entry.name for entry in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "README.md",
    }
    checkpoint = read_checkpoint(folder, task="captioner")
    assert checkpoint.config == {"format": 3, **CONFIG}
    load_tensors(other, checkpoint)
    for name, tensor in net.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)
    assert (folder / "README.md").read_text() == "# Mine"
    assert os.listdir(tmp_path / "deep") == ["mine"]  # noqa: PTH208 - hidden leftovers count too


def test_the_weights_are_a_plain_safetensors_file(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "mine", CONFIG, marked(2))
    assert torch.equal(load_file(folder / "model.safetensors")["weight"], torch.full((4,), 2.0))
    save_file(marked(3), folder / "model.safetensors")
    assert torch.equal(read_checkpoint(folder).tensors["weight"], torch.full((4,), 3.0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_halve_floats_and_spare_integers(tmp_path: Path, dtype: torch.dtype) -> None:
    net, other = Net(), Net()
    checkpoint = read_checkpoint(
        save_checkpoint(tmp_path / "mine", CONFIG, net.state_dict(), dtype=dtype)
    )
    assert checkpoint.tensors["linear.weight"].dtype == dtype
    assert checkpoint.tensors["norm.num_batches_tracked"].dtype == torch.int64
    load_tensors(other, checkpoint)
    assert other.linear.weight.dtype == torch.float32
    assert torch.equal(other.linear.weight, net.linear.weight.to(dtype).float())


def test_tied_tensors_are_stored_once_and_stay_tied(tmp_path: Path) -> None:
    net, other = TiedNet(), TiedNet()
    folder = save_checkpoint(tmp_path / "mine", CONFIG, net.state_dict(), dtype=torch.bfloat16)
    assert (folder / "model.safetensors").stat().st_size < 7 * 4 * 2 + 300
    assert list(load_file(folder / "model.safetensors")) == ["embed.weight"]
    load_tensors(other, read_checkpoint(folder))
    assert other.project.weight is other.embed.weight
    assert torch.equal(other.embed.weight, net.embed.weight.bfloat16().float())


def test_views_of_one_memory_are_stored_apart(tmp_path: Path) -> None:
    base = torch.arange(12.0).view(3, 4)
    write_tensors(tmp_path / "x", {"all": base, "row": base[1], "turned": base.T}, {"note": "hi"})
    tensors, metadata = read_tensors(tmp_path / "x")
    assert metadata == {"note": "hi"}
    assert torch.equal(tensors["row"], base[1])
    assert torch.equal(tensors["turned"], base.T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("linear.bias"), "missing: linear.bias"),
        (lambda t: t.update(more=torch.zeros(1)), "unexpected: more"),
        (lambda t: t.update({"linear.bias": torch.zeros(3)}), "of another shape: linear.bias"),
        (lambda t: t.update({"linear.bias": torch.zeros(2).int()}), "of another kind: linear.bias"),
        (lambda t: t.clear(), "linear.weight, linear.bias, norm.weight and 4 more"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(tmp_path, change, message) -> None:
    tensors = dict(Net().state_dict())
    change(tensors)
    checkpoint = read_checkpoint(save_checkpoint(tmp_path / "mine", CONFIG, tensors))
    net = Net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(UserError, match=message) as caught:
        load_tensors(net, checkpoint)
    assert str(tmp_path / "mine") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_values_that_are_not_finite_are_neither_saved_nor_loaded(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mine: not saved: weight holds"):
        save_checkpoint(tmp_path / "mine", CONFIG, marked(float("nan")))
    with pytest.raises(UserError, match="weight"):  # 1e5 overflows float16 alone
        save_checkpoint(tmp_path / "mine", CONFIG, marked(1e5), dtype=torch.float16)
    assert not (tmp_path / "mine").exists()
    folder = save_checkpoint(tmp_path / "mine", CONFIG, Net().state_dict())
    tensors = Net().state_dict() | {"linear.bias": torch.tensor([1.0, float("inf")])}
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"not finite: linear\.bias"):
        load_tensors(Net(), read_checkpoint(folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[1]", "states no format"),
        ('{"task": "captioner"}', "states no format"),
        ('{"format": true, "task": "captioner"}', "states no format"),
        ('{"format": 4, "task": "captioner"}', "newer than this version"),
        ('{"format": 0, "task": "captioner"}', "no such format"),
        ('{"format": 1}', "no task"),
        ('{"format": 1, "task": "sketcher"}', "for 'sketcher', not for 'captioner'"),
    ],
)
def test_a_wrong_config_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    folder = save_checkpoint(tmp_path / "mine", CONFIG, marked(1))
    (folder / "config.json").write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint(folder, task="captioner")
    assert str(folder / "config.json") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tied", ["[]", "[1]", '{"a": "b"}', '{"a": ["b"]}', "{"])
def test_a_wrong_table_of_tied_names_is_refused(tmp_path: Path, tied: str) -> None:
    save_file(marked(1), tmp_path / "x", {"tied": tied})
    with pytest.raises(UserError, match="x: damaged"):
        read_tensors(tmp_path / "x")


def test_models_of_the_same_task_are_offered_instead_of_an_unknown_one() -> None:
    with pytest.raises(UserError) as refused:
        read_checkpoint("nosuch", task="captioner")
    shipped = [name for name in checkpoints.shipped_models() if name.startswith("captioner")]
    near = f"there are {', '.join(shipped) or 'none'}"
    assert str(refused.value) == f"nosuch: no such folder, and no shipped captioner; {near}"
    with pytest.raises(UserError, match="no shipped translator; there"):
        read_checkpoint("captioner-flickr9k", task="translator")


def test_missing_files_and_folders_are_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "PRETRAINED", tmp_path / "none")
    with pytest.raises(
        UserError, match=r"nowhere: no such folder, and no shipped model; there are none"
    ):
        read_checkpoint(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"holds no config\.json"):
        read_checkpoint(tmp_path)
    folder = save_checkpoint(tmp_path / "run" / "best", CONFIG, marked(1))
    with pytest.raises(UserError, match=r"a training run; its model is .*best"):
        read_checkpoint(tmp_path / "run")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors: no such file"):
        read_checkpoint(folder)
    with pytest.raises(UserError, match="damaged or unreadable"):
        read_checkpoint(folder / "config.json")  # a file where a folder should be
    with pytest.raises(UserError, match="cannot be read"):
        read_checkpoint("x" * 5000)


@pytest.fixture(scope="module")
def tied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tied") / "mine"
    return save_checkpoint(folder, CONFIG, TiedNet().state_dict())


@settings(max_examples=200, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_damage_anywhere_is_an_error_or_a_valid_model(
    tied_folder: Path, name: str, data: st.DataObject
) -> None:
    whole = (tied_folder / name).read_bytes()
    damaged = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    keep = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    try:
        (tied_folder / name).write_bytes(damaged[:keep])
        load_tensors(TiedNet(), read_checkpoint(tied_folder, task="captioner"))
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both endings are right
    finally:
        (tied_folder / name).write_bytes(whole)


class Death(BaseException):
    """Stands in for `kill -9`: once raised, nothing reaches the disk any more."""


def fail_from_call(monkeypatch: pytest.MonkeyPatch, first: int, failure: BaseException) -> list:
    """Make every call from the `first` on that changes the disk raise; returns the calls made."""
    calls: list[str] = []

    def intercepted(name, original):
        def call(*args, **kwargs):
            calls.append(name)
            if len(calls) >= first:
                raise failure
            return original(*args, **kwargs)

        return call

    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, intercepted(name, getattr(os, name)))
    return calls


def steps_of_a_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    save_marked(tmp_path / "probe", 1)
    with monkeypatch.context() as patch:
        calls = fail_from_call(patch, 10**6, Death())
        save_marked(tmp_path / "probe", 2)
    return len(calls)


def test_death_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path, monkeypatch) -> None:
    seen = set()
    steps = steps_of_a_save(tmp_path, monkeypatch)
    assert steps > 6
    for first in range(1, steps + 1):
        folder = tmp_path / str(first)
        save_marked(folder, 1)
        (folder / "notes.txt").write_text("mine")
        with monkeypatch.context() as patch:
            fail_from_call(patch, first, Death())
            with pytest.raises(Death):
                save_marked(folder, 2)
        seen.add(mark_in(folder))
        save_marked(folder, 3)
        assert mark_in(folder) == 3
        assert (folder / "notes.txt").read_text() == "mine"
        assert not list(tmp_path.glob(f".{first}.*"))
    assert seen == {1.0, 2.0}


def test_a_full_disk_at_any_moment_is_one_line_and_harmless(tmp_path: Path, monkeypatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for first in range(1, steps_of_a_save(tmp_path, monkeypatch) + 1):
        folder = tmp_path / str(first)
        save_marked(folder, 1)
        with monkeypatch.context() as patch:
            fail_from_call(patch, first, full)
            with pytest.raises(UserError, match="No space left"):
                save_marked(folder, 2)
        assert mark_in(folder) in {1.0, 2.0}


def test_a_limit_on_file_size_leaves_the_old_files_and_no_litter(tmp_path: Path) -> None:
    save_marked(tmp_path / "mine", 1)
    write_tensors(tmp_path / "x", marked(1))
    large = {"weight": torch.zeros(100_000)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(UserError, match="mine: cannot be written: File too large"):
            save_checkpoint(tmp_path / "mine", {"task": "toy"}, large)
        with pytest.raises(UserError, match="x: cannot be written: File too large"):
            write_tensors(tmp_path / "x", large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert mark_in(tmp_path / "mine") == 1
    assert torch.equal(read_tensors(tmp_path / "x")[0]["weight"], marked(1)["weight"])
    assert {entry.name for entry in tmp_path.iterdir()} == {"mine", "x"}


def test_other_peoples_folders_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "README.md").write_text("years of work")
    with pytest.raises(UserError, match="thesis: holds other things"):
        save_marked(tmp_path / "thesis", 1)
    assert (tmp_path / "thesis" / "README.md").read_text() == "years of work"
    with pytest.raises(UserError, match="a file, not a folder"):
        save_marked(tmp_path / "thesis" / "README.md", 1)
    (tmp_path / "empty").mkdir()
    save_marked(tmp_path / "empty", 1)
    assert mark_in(tmp_path / "empty") == 1


def test_a_former_card_does_not_describe_new_weights(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "mine", CONFIG, marked(1), card="# first")
    save_checkpoint(folder, CONFIG, marked(2))
    assert not (folder / "README.md").exists()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list:
    """A Hub that holds one checkpoint, `me/mine`; the list holds what was asked of it."""
    asked: list = []
    store = save_checkpoint(tmp_path / "cache", CONFIG, marked(5))

    def download(repository, *, allow_patterns):
        asked.append((repository, sorted(allow_patterns)))
        if repository != "me/mine":
            raise RuntimeError("404 Client Error\nRequest ID: 1234")
        return str(store)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return asked


def test_a_name_with_an_owner_is_fetched_from_the_hub(hub: list) -> None:
    assert float(read_checkpoint("me/mine").tensors["weight"][0]) == 5
    assert hub == [("me/mine", ["config.json", "model.safetensors"])]
    with pytest.raises(UserError, match=r"^me/other: the Hugging Face Hub says: 404 Client Error$"):
        read_checkpoint("me/other")


def test_nothing_else_asks_the_hub(hub: list, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_marked(tmp_path / "me" / "mine", 1)
    assert mark_in(Path("me/mine")) == read_checkpoint("me/mine").config["mark"] == 1
    for absent in ("me/typo", "a/b/c", "../x", "~/x", "/no/such", "name", "", Path("owner/name")):
        with pytest.raises(UserError):
            read_checkpoint(absent)
    assert hub == []


def test_shipped_models_are_found_by_name_before_any_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "PRETRAINED", tmp_path / "pretrained")
    save_marked(tmp_path / "pretrained" / "writer-b", 1)
    save_marked(tmp_path / "pretrained" / "captioner-a", 2)
    assert shipped_models() == ["captioner-a", "writer-b"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "captioner-a").mkdir()
    assert read_checkpoint("captioner-a").config["mark"] == 2
    with pytest.raises(UserError, match="holds no config"):
        read_checkpoint(Path("captioner-a"))


def test_only_a_sound_checkpoint_is_pushed(tmp_path: Path, monkeypatch) -> None:
    calls = []

    class Api:
        def create_repo(self, repository, *, exist_ok):
            if repository == "not/mine":
                raise PermissionError("403 Forbidden")
            calls.append(("create", repository, exist_ok))
            return f"https://hub/{repository}"

        def upload_folder(self, *, repo_id, folder_path, allow_patterns):
            calls.append(("upload", repo_id, folder_path, sorted(allow_patterns)))

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    folder = save_checkpoint(tmp_path / "mine", CONFIG, marked(1))
    assert push_to_hub(folder, "me/mine") == "https://hub/me/mine"
    files = ["README.md", "config.json", "model.safetensors"]
    assert calls == [("create", "me/mine", True), ("upload", "me/mine", folder, files)]
    with pytest.raises(UserError, match="not/mine: the Hugging Face Hub says: 403"):
        push_to_hub(folder, "not/mine")
    (folder / "config.json").write_text(json.dumps({"format": 9, "task": "x"}))
    with pytest.raises(UserError, match="newer"):
        push_to_hub(folder, "me/mine")
    assert len(calls) == 2


# ---- averages ----


def test_the_mean_of_checkpoints_counts_each_as_often_as_it_is_named(tmp_path):
    for name, value in (("a", 1.0), ("b", 4.0)):
        save_marked(tmp_path / name, value)
    folder = average_checkpoints([tmp_path / "a", tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    mean = read_checkpoint(folder)
    assert mean.tensors["weight"].tolist() == [2.0] * 4
    assert mean.config["mark"] == 1.0


def test_a_mean_keeps_the_kind_of_number(tmp_path):
    for name, value in (("a", 1), ("b", 2)):
        tensors = {"w": torch.full((2,), float(value)).half(), "steps": torch.tensor(3)}
        save_checkpoint(tmp_path / name, CONFIG, tensors)
    mean = read_checkpoint(average_checkpoints([tmp_path / "a", tmp_path / "b"], tmp_path / "c"))
    assert mean.tensors["w"].dtype == torch.float16
    assert mean.tensors["w"].tolist() == [1.5, 1.5]
    assert mean.tensors["steps"].item() == 3


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"other": torch.zeros(4)}, "only there or in"),
        ({"weight": torch.zeros(1)}, "weight has another shape"),
    ],
)
def test_only_checkpoints_of_one_model_have_a_mean(tmp_path, tensors, fault):
    save_marked(tmp_path / "a", 1.0)
    save_checkpoint(tmp_path / "b", CONFIG, tensors)
    with pytest.raises(UserError, match=fault):
        average_checkpoints([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert not (tmp_path / "c").exists()


# ---- packing ----


def test_rows_are_rounded_to_multiples_of_powers_of_two_by_hand():
    # 127/64 needs steps of 1/64; 2 is 128 of these, so its row takes steps of 1/32.
    matrix = torch.tensor([[127 / 64, 0.0051, -0.0103], [2.0, 0.0157, -0.0469]])
    expected = torch.tensor([[127 / 64, 0.0, -1 / 64], [2.0, 1 / 32, -2 / 32]])
    assert torch.equal(quantize_rows(matrix), expected)


@given(
    st.integers(0, 2**32 - 1),
    st.floats(-12, 12),
    st.integers(4, 8),
)
def test_a_packed_weight_has_its_bits_and_moves_by_half_a_step(seed, magnitude, bits):
    matrix = torch.randn(3, 400, generator=torch.Generator().manual_seed(seed)) * 2.0**magnitude
    packed = quantize_rows(matrix, bits)
    largest = matrix.abs().amax(-1, keepdim=True)
    assert bool(((packed - matrix).abs() <= largest / (2 ** (bits - 2) - 1) / 2).all())
    assert torch.equal(packed.half().float(), packed)
    assert all(len(row.unique()) <= 2**bits - 1 for row in packed)


def test_a_row_of_zeros_stays_zero():
    assert torch.equal(quantize_rows(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_packing_keeps_all_but_the_last_bits_of_the_matrices(tmp_path):
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "matrix": torch.randn(40, 50, generator=generator),
        "bias": torch.randn(40, generator=generator),
        "count": torch.tensor(7),
    }
    save_checkpoint(tmp_path / "a", CONFIG, tensors, dtype=torch.float16, card="mine")
    packed = read_checkpoint(pack_checkpoint(tmp_path / "a", tmp_path / "b"))
    whole = read_checkpoint(tmp_path / "a")
    assert packed.config == whole.config
    assert (tmp_path / "b" / "README.md").read_text() == "mine"
    assert torch.equal(packed.tensors["bias"], whole.tensors["bias"])
    assert torch.equal(packed.tensors["count"], whole.tensors["count"])
    assert torch.equal(packed.tensors["matrix"].float(), quantize_rows(whole.tensors["matrix"]))
    sizes = [
        len(zlib.compress((tmp_path / name / "model.safetensors").read_bytes())) for name in "ab"
    ]
    assert sizes[1] < 0.75 * sizes[0]
    pack_checkpoint(tmp_path / "a", tmp_path / "c", bits=6)
    smaller = len(zlib.compress((tmp_path / "c" / "model.safetensors").read_bytes()))
    assert smaller < 0.85 * sizes[1]
    with pytest.raises(UserError, match="bits=9"):
        pack_checkpoint(tmp_path / "a", tmp_path / "d", bits=9)
