import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from multimodal.errors import UserError
from multimodal.sketching.model import SketchConfig, SketchNetwork
from multimodal.sketching.sketcher import Sketcher
from multimodal.strokes import Drawing, read_drawings
from multimodal.strokes.saving import _ENCODERS
from pipelines import cli
from pipelines import sketch as jobs
from pipelines.output import free_path, named_after, require_output

CATEGORIES = ("duck", "pig", "umbrella", "crab")
HALF = Drawing([[(0, 0), (40, 10), (60, 50)], [(20, 20), (25, 60)]])


class Left(NamedTuple):
    """How the command left."""

    code: int
    out: str
    err: str


def untrained(latent_size: int) -> Sketcher:
    torch.manual_seed(3)
    config = SketchConfig(
        decoder_size=16,
        encoder_size=8,
        latent_size=latent_size,
        categories=len(CATEGORIES),
        category_size=4,
        components=3,
    )
    network = SketchNetwork(config)
    with torch.no_grad():
        network.readout.bias[2] = -20  # of all pen states, the end is unlikely
    return Sketcher(network, CATEGORIES, scale=20.0, limit=30, low_quality=("pig", "crab"))


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return untrained(latent_size=4)


@pytest.fixture(scope="module")
def model(sketcher, tmp_path_factory) -> Path:
    return sketcher.save_pretrained(tmp_path_factory.mktemp("models") / "sketcher")


@pytest.fixture
def half(tmp_path) -> Path:
    return HALF.save(tmp_path / "half.svg")


@pytest.fixture
def run(model, tmp_path, monkeypatch, capsys) -> Callable[..., Left]:
    """The command, in an empty folder, with the untrained model unless another is named."""

    def leave(*arguments: object, model: Path = model) -> Left:
        monkeypatch.setattr(
            sys, "argv", ["multimodal", "sketch", *map(str, arguments), "--model", str(model)]
        )
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        return Left(left.value.code or 0, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    return leave


# ---- drawing ----


def test_a_prompt_is_drawn_as_often_as_asked(sketcher):
    done = jobs.sketch(sketcher, "two ducks under an umbrella", 3, temperature=0.5, seed=7)
    assert done.title == "two ducks under an umbrella"
    assert len(set(done.drawings)) == 3


def test_the_name_of_a_category_is_the_simplest_prompt(sketcher):
    done = jobs.sketch(sketcher, "a duck", 2, temperature=0.5, seed=7)
    ((*drawings,),) = sketcher.draw_many([("duck", 2)], temperature=0.5, seed=7)
    assert list(done.drawings) == drawings
    assert done.title == "duck"


def test_a_seed_makes_it_repeatable(sketcher):
    def drawings(seed: int) -> tuple[Drawing, ...]:
        return jobs.sketch(sketcher, "a pig and a crab", 2, temperature=0.5, seed=seed).drawings

    assert drawings(7) == drawings(7)
    assert drawings(7) != drawings(8)


def test_what_is_passed_over_or_rough_is_said(sketcher):
    how = {"temperature": 0.5, "seed": 1}
    first, second = jobs.sketch(sketcher, "a red duck, a happy red pig", **how).notes
    assert first.startswith("red, happy: not drawn")
    assert second.startswith("pig: not drawn well yet")
    assert jobs.sketch(sketcher, "a duck", **how).notes == ()


def test_an_unknown_word_is_answered(sketcher):
    with pytest.raises(UserError, match="'dog' is not understood; this model draws duck, pig"):
        jobs.sketch(sketcher, "a dog")


def test_the_beginning_is_kept_and_the_ending_is_new(sketcher, half):
    begun = jobs.read_one(half)
    done = jobs.complete(sketcher, half, 3, temperature=0.5, seed=1)
    assert done.title == "half finished"
    assert len(set(done.drawings)) == 3
    for drawing in done.drawings:
        assert drawing.first(begun.points) == begun
        assert drawing.points > begun.points


def test_a_beginning_of_any_size_and_fineness_is_taken_up(sketcher, tmp_path):
    fine = HALF.scaled(500).resampled(100)
    path = fine.save(tmp_path / "half.json")
    done = jobs.complete(sketcher, path, 3, temperature=0.5, seed=1)
    usual = jobs.complete(sketcher, HALF.save(tmp_path / "usual.json"), 3, temperature=0.5, seed=1)
    for drawing, other in zip(done.drawings, usual.drawings, strict=True):
        assert drawing.first(fine.points) == jobs.read_one(path)
        assert len(drawing) == len(other)
    left, _, right, _ = done.drawings[0].bounds
    assert 500 * 60 <= right - left < 500 * 2000


def test_a_completion_may_be_told_what_it_will_be(sketcher, half):
    how = {"temperature": 0.5, "seed": 1}
    named = jobs.complete(sketcher, half, 2, "a duck", **how)
    assert len(named.drawings) == 2
    with pytest.raises(UserError, match="more than one thing"):
        jobs.complete(sketcher, half, 2, "a duck and a pig", **how)


def test_a_morph_goes_from_prompts_and_files(sketcher, half):
    done = jobs.morph(sketcher, "a pig", jobs.file_or_prompt(str(half)), 5, temperature=0.5, seed=1)
    assert done.title == "a pig to half"
    assert 1 < len(done.drawings) <= 5
    with pytest.raises(UserError, match="more than one thing"):
        jobs.morph(sketcher, "two pigs", "a duck", 5, temperature=0.5, seed=1)


def test_a_morph_of_prompts_knows_what_they_are(sketcher):
    how = {"temperature": 0.5, "seed": 1}
    ends = [sketcher.draw(text, **how)[0] for text in ("a pig", "a duck")]
    several = {"candidates": jobs.CANDIDATES, **how}
    between = sketcher.interpolate(*ends, 4, ("pig", "duck"), **several)[1:-1]
    done = jobs.morph(sketcher, "a pig", "a duck", 4, **how)
    assert list(done.drawings) == [ends[0], *between, ends[1]]
    told = jobs.morph(sketcher, *ends, 4, ("pig", "duck"), **how)
    assert [len(d) for d in told.drawings[1:-1]] == [len(d) for d in between]
    untold = jobs.morph(sketcher, *ends, 4, **how)
    assert untold.drawings[1:-1] != told.drawings[1:-1]


def test_a_prompt_is_never_taken_for_a_file(sketcher, half):
    with pytest.raises(UserError, match="not understood"):
        jobs.morph(sketcher, "a pig", str(half), 5, temperature=0.5, seed=1)


def test_drawings_that_are_in_no_file_are_taken_as_they_are(sketcher, half):
    how = {"temperature": 0.5, "seed": 1}
    begun = jobs.read_one(half)
    done = jobs.complete(sketcher, begun, 2, **how)
    assert done.title == "drawing finished"
    assert done.drawings == jobs.complete(sketcher, half, 2, **how).drawings
    morphed = jobs.morph(sketcher, begun, "a pig", 4, **how)
    assert morphed.title == "drawing to a pig"
    assert morphed.drawings == jobs.morph(sketcher, half, "a pig", 4, **how).drawings


def test_more_like_one_are_drawn_at_its_size_in_the_frame(sketcher):
    how = {"temperature": 0.5, "seed": 1}
    done = jobs.variations(sketcher, HALF.scaled(1000), 3, "a duck", **how)
    assert done.title == "duck"
    assert len(set(done.drawings)) == 3
    again = jobs.variations(sketcher, HALF.scaled(1 / 8), 3, "a duck", **how)
    assert [len(drawing) for drawing in again.drawings] == [len(d) for d in done.drawings]
    with pytest.raises(UserError, match="more than one thing"):
        jobs.variations(sketcher, HALF, 3, "two ducks", **how)


@pytest.mark.parametrize(
    "job",
    [
        lambda s, empty: jobs.complete(s, empty),
        lambda s, empty: jobs.variations(s, empty),
        lambda s, empty: jobs.morph(s, empty, "a pig", 3),
    ],
)
def test_an_empty_drawing_is_nothing_to_begin_with(sketcher, job):
    with pytest.raises(UserError, match="the drawing is empty"):
        job(sketcher, Drawing([]))


def test_a_model_without_a_latent_says_that_it_cannot_morph():
    with pytest.raises(UserError, match="latent"):
        jobs.morph(untrained(latent_size=0), "a pig", "a duck", 5, temperature=0.5, seed=1)


def test_a_file_of_several_drawings_is_refused(tmp_path):
    path = tmp_path / "many.ndjson"
    jobs.save(jobs.Sketches("duck", (HALF, HALF)), path)
    assert [record.word for record in read_drawings(path)] == ["duck", "duck"]
    with pytest.raises(UserError, match=r"many\.ndjson: holds 2 drawings"):
        jobs.read_one(path)


def test_a_drawing_without_a_stroke_is_left_out():
    empty = Drawing([])
    done = jobs._sketches("duck", [HALF, empty, HALF])
    assert done.drawings == (HALF, HALF)
    assert done.notes == ("left out, as they came out empty: 1 of 3",)
    with pytest.raises(UserError, match="another seed"):
        jobs._sketches("duck", [empty])


# ---- where it goes ----


def test_every_ending_that_can_be_written_is_known(tmp_path):
    assert set(jobs.WRITABLE) == set(_ENCODERS)
    for ending in jobs.WRITABLE:
        path = tmp_path / f"duck{ending}"
        require_output(path, jobs.WRITABLE, overwrite=False)
        jobs.save(jobs.Sketches("duck", (HALF, HALF)), path, columns=2)
        assert path.stat().st_size > 0


def test_an_output_that_cannot_be_is_refused(tmp_path):
    taken = tmp_path / "taken.svg"
    taken.write_text("precious")
    with pytest.raises(UserError, match=r"taken\.svg: is there already.*--overwrite"):
        require_output(taken, jobs.WRITABLE, overwrite=False)
    require_output(taken, jobs.WRITABLE, overwrite=True)
    with pytest.raises(UserError, match=r"duck\.bmp: cannot be written: choose one of \.svg"):
        require_output(tmp_path / "duck.bmp", jobs.WRITABLE, overwrite=False)
    with pytest.raises(UserError, match="its folder does not exist"):
        require_output(tmp_path / "gone" / "duck.svg", jobs.WRITABLE, overwrite=False)


def test_a_file_is_named_after_what_it_shows_and_never_replaces_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named_after("the Eiffel tower, t-shirt", ".svg") == "the-eiffel-tower-t-shirt.svg"
    assert named_after("…", ".gif") == "drawing.gif"
    assert len(Path(named_after("duck " * 100, ".svg")).stem) <= 60
    assert free_path("duck.svg") == Path("duck.svg")
    Path("duck.svg").touch()
    assert free_path("duck.svg") == Path("duck-2.svg")
    Path("duck-2.svg").touch()
    assert free_path("duck.svg") == Path("duck-3.svg")


# ---- the command ----


def test_drawings_go_to_a_file_that_is_named_after_the_prompt(run, tmp_path):
    for name in ("duck", "duck-2"):
        left = run("a duck", "-n", 4, "--seed", 7)
        assert left == (0, f"{name}.svg: 4 drawn, seed 7\n", "")
    first, second = (tmp_path / f"{name}.svg" for name in ("duck", "duck-2"))
    assert first.read_bytes() == second.read_bytes()


def test_the_seed_that_was_chosen_is_said(run, tmp_path):
    seed = run("a duck", "-o", "one.ndjson").out.split()[-1]
    run("a duck", "-o", "other.ndjson", "--seed", seed)
    assert (tmp_path / "one.ndjson").read_bytes() == (tmp_path / "other.ndjson").read_bytes()


def test_notes_go_beside_the_result(run):
    left = run("a happy pig", "--seed", 1)
    assert left.out == "pig.svg: 1 drawn, seed 1\n"
    assert [line.partition(":")[0] for line in left.err.splitlines()] == ["happy", "pig"]


def test_endings_and_morphs(run, half, tmp_path):
    left = run("--complete", half, "-n", 6, "--seed", 1, "-o", "endings.png")
    assert left.out == "endings.png: 6 drawn, seed 1\n"
    left = run("--morph", "a pig", "a duck", "--steps", 4, "--seed", 1)
    assert left.code == 0
    assert (tmp_path / "a-pig-to-a-duck.gif").read_bytes().startswith(b"GIF8")


def test_what_can_be_drawn_is_listed(run):
    assert run("--list").out.splitlines() == ["duck", "umbrella", "pig (rough)", "crab (rough)"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of a prompt, --complete, --morph and --list"),
        (["a duck", "--list"], "give one of"),
        (["a dog"], "prompt: 'dog' is not understood"),
        ([""], "prompt: it is empty"),
        (["a duck", "-o", "duck.bmp"], "duck.bmp: cannot be written: choose one of"),
        (["--complete", "gone.svg"], "gone.svg"),
        (["--morph", "gone.svg", "a duck"], "gone.svg"),
        (["a duck", "--temperature", "-1"], "temperature"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(run, tmp_path, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (cli.USER_ERROR, "")
    assert err.startswith("multimodal: ")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_output_is_replaced_only_when_asked(run, tmp_path):
    taken = tmp_path / "taken.svg"
    taken.write_text("precious")
    assert "--overwrite" in run("a duck", "-o", taken).err
    assert taken.read_text() == "precious"
    assert run("a duck", "-o", taken, "--overwrite").code == 0
    assert "<svg" in taken.read_text()


def test_a_published_decoder_draws_and_completes_and_cannot_morph(run, shared, tmp_path):
    dog = shared / "data" / "magenta" / "dog.gen.json"
    assert run("three dogs", "-n", 2, "--seed", 7, "-o", "dogs.png", model=dog).code == 0
    assert run("a dog", "--seed", 7, "-o", "dog.svg", model=dog).code == 0
    assert run("--complete", "dog.svg", "-n", 2, "-o", "ends.json", model=dog).code == 0
    assert len(read_drawings(tmp_path / "ends.json")) == 2
    assert "no latent" in run("--morph", "a dog", "dog.svg", model=dog).err
    assert "this model draws dog" in run("a duck", model=dog).err


def test_an_unknown_word_is_told_and_refused_when_strict(run, model, tmp_path):
    place = tmp_path / "scene.svg"
    command = ("an astronaut riding a duck", "--model", model, "-o", place)
    left = run(*command, "--strict")
    assert left.code == cli.USER_ERROR
    assert "'astronaut' is not understood" in left.err
    assert not place.exists()
    left = run(*command, "--seed", 1)
    assert left.code == 0
    assert left.err.splitlines()[0].startswith("left out: 'astronaut' is not understood")
    assert place.exists()
