"""The programs in `examples/`, each run as its page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import multimodal
from pipelines.caption.inputs import sample_pictures

ROOT = Path(__file__).parents[1]


def run(name, *arguments, folder, code=0):
    """What an example prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, path in enumerate(sample_pictures()[:3]):
        Image.open(path).convert("RGB").resize((224, 224)).save(folder / f"{number}.jpg")
    return folder


def test_alt_texts_are_drafted_where_there_are_none(photos):
    page = photos / "index.html"
    page.write_text(
        '<p>é<img src="0.jpg"> <IMG\n src=\'1.jpg\' width=9></p>\n<img src="0.jpg" alt="">\n'
        '<img src="https://example.org/a.jpg"><img src="missing.jpg">\n',
        encoding="utf-8",
    )
    said = run("alt_texts", photos, folder=photos)
    text = page.read_text(encoding="utf-8")
    caption = multimodal.load_captioner().caption(str(photos / "0.jpg")).text
    assert f'<p>é<img alt="{caption}" data-alt-draft src="0.jpg"> <IMG alt="' in text
    assert '<img src="0.jpg" alt="">\n<img src="https://example.org/a.jpg">' in text
    assert text.count("data-alt-draft") == 2
    assert said.endswith("index.html: 2 drafts to check\n")
    assert run("alt_texts", photos, folder=photos) == ""  # nothing is left to do


def test_sidecars_keep_what_is_there(photos):
    (photos / "1.txt").write_text("mine\n", encoding="utf-8")
    (photos / "broken.jpg").write_bytes(b"no picture")
    said = run("sidecars", photos, "--trigger", "sks style", folder=photos)
    assert "broken.jpg" in said
    assert (photos / "0.txt").read_text(encoding="utf-8").startswith("sks style, a")
    assert (photos / "1.txt").read_text(encoding="utf-8") == "mine\n"
    assert not (photos / "broken.txt").exists()


def test_a_birthday_card_fits_its_page(tmp_path):
    assert "strokes" in run("birthday_card", "Anna", tmp_path / "card.gcode", folder=tmp_path)
    program = (tmp_path / "card.gcode").read_text(encoding="utf-8")
    words = [word for line in program.splitlines() for word in line.partition(";")[0].split()]
    across = [float(word[1:]) for word in words if word[0] == "X"]
    down = [float(word[1:]) for word in words if word[0] == "Y"]
    assert 0 <= min(across) < max(across) <= 148
    assert 0 <= min(down) < max(down) <= 105
    run("birthday_card", "Anna", tmp_path / "card.svg", folder=tmp_path)
    assert 'width="148' in (tmp_path / "card.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_captioner_learns_from_a_table_of_photos(photos):
    colours = {"red": (220, 30, 30), "blue": (30, 30, 220)}
    rows = ["image,caption,split"]
    for number in range(12):
        name, colour = [*colours.items()][number % 2]
        Image.new("RGB", (64, 64), colour).save(photos / f"{name}{number}.png")
        split = "dev" if number > 9 else "train"
        rows.append(f"{name}{number}.png,a dog in a {name} shirt,{split}")
    (photos / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    quick = ("--set", "epochs=1", "--set", "fine_tuning_epochs=0")
    said = run("own_photos", "captions.csv", "run", *quick, folder=photos)
    assert "before: " in said
    assert "after:  a" in said
    assert (photos / "run/best/model.safetensors").is_file()


@pytest.mark.slow
def test_the_bot_guesses_through_mcp(tmp_path):
    pytest.importorskip("mcp", reason="the mcp extra is not installed")
    duck = multimodal.load_sketcher().draw("a duck", seed=7)[0]
    duck.save(tmp_path / "duck.svg")
    said = run("guessing_bot", "duck.svg", folder=tmp_path).splitlines()
    assert said[-1].startswith(f"{len(said)} strokes: duck")
