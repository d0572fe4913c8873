"""What a release holds: the wheel, the sdist, and what is installed from them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import site
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODELS = sorted(path.parent.name for path in ROOT.glob("multimodal/pretrained/*/config.json"))
KINDS = {".py", ".tsv", ".txt", ".json", ".safetensors", ".md", ".css", ".js", ".html"}
KINDS |= {".svg", ".webmanifest", ".typed"}


def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(target):
    """The files that hatchling would put into a distribution, without building it."""
    builders = pytest.importorskip(f"hatchling.builders.{target}", reason="hatchling is missing")
    builder = getattr(builders, {"wheel": "WheelBuilder", "sdist": "SdistBuilder"}[target])(
        str(ROOT)
    )
    return {Path(file.distribution_path).as_posix() for file in builder.recurse_included_files()}


def test_the_wheel_holds_the_models_and_the_page_and_nothing_else():
    files = listed("wheel")
    assert {name.partition("/")[0] for name in files} == {"multimodal", "pipelines", "demo"}
    assert {Path(name).suffix for name in files} <= KINDS
    for model in MODELS:
        parts = ("README.md", "config.json", "model.safetensors")
        assert {f"multimodal/pretrained/{model}/{part}" for part in parts} <= files
    for needed in ("demo/style.css", "demo/pad.js", "demo/pad.html", "pipelines/site/index.html"):
        assert needed in files


def test_the_sdist_holds_the_repository_with_all_tests():
    files = listed("sdist")
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    assert tests <= files
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"README.md", "LICENSE", "hatch_build.py", "mkdocs.yml"} <= files
    assert not [
        name for name in files if re.search(r"__pycache__|\.pyc$|^(dist|build|runs)/", name)
    ]


def test_the_readme_of_a_package_index_has_no_relative_links():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    absolute = hook().absolute
    for base in ("", "https://example.org/tree"):
        links = re.findall(r"\]\(([^)]*)\)", absolute(text, base))
        assert [link for link in links if not re.match(r"https?:|#", link)] == []
    assert "](docs/" in text
    assert "![" not in absolute(text, "")
    page = "[a](docs/b.md) ![c](d.png) [e](#f) [g](https://h)"
    assert absolute(page, "") == "a  [e](#f) [g](https://h)"
    assert absolute(page, "https://x/").startswith("[a](https://x/docs/b.md) ![c](https://x/d.png)")


def test_the_terms_of_every_model_are_among_the_licences():
    told = (ROOT / "licenses/README.md").read_text(encoding="utf-8")
    assert [model for model in MODELS if model not in told] == []
    assert PROJECT["license-files"] == ["LICENSE", "licenses/*"]


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    package = (ROOT / "multimodal/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "(.*)"', package)[1]
    assert f"version: {version}\n" in citation


def test_constraints_satisfy_what_is_required():
    packaging = pytest.importorskip("packaging.requirements")
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line[:1] != "#")
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]:
        wanted = packaging.Requirement(line)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name != PROJECT["name"]:
            assert wanted.specifier.contains(pinned[name]), line


EXTRAS = "mcp ray onnx onnxruntime onnxscript tensorboard pycocoevalcap transformers mkdocs pytest"
BARE = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS.split()!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from pipelines.cli import main
sys.argv = ["multimodal", *sys.argv[1:]]
main()
"""


def test_no_extra_is_needed_for_the_main_commands(tmp_path):
    for command in (["sketch", "a duck", "--drafts", "1", "-o", "duck.svg"], ["--help"]):
        run([sys.executable, "-c", BARE, *command], tmp_path, PYTHONPATH=str(ROOT))
    assert (tmp_path / "duck.svg").is_file()


def run(command, folder, **more):
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An sdist, a wheel made of it, and a wheel made of the checkout."""
    pytest.importorskip("build", reason="the package build is not installed")
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "-o"]
    run([*build, folder / "a", ROOT], ROOT)  # the sdist, and a wheel of it
    run([*build, folder / "b", "--wheel", ROOT], ROOT)
    (sdist,), (through,) = (folder / "a").glob("*.tar.gz"), (folder / "a").glob("*.whl")
    (direct,) = (folder / "b").glob("*.whl")
    return sdist, through, direct


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


@pytest.mark.slow
def test_the_sdist_builds_the_same_wheel(built):
    _, through, direct = built
    assert contents(through) == contents(direct)


@pytest.mark.slow
def test_the_metadata_of_the_wheel(built):
    _, wheel, _ = built
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (place,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        told = message_from_bytes(archive.read(place))
    assert "CC-BY-4.0.txt" in str(told.get_all("License-File"))
    assert any(name.endswith("licenses/licenses/GPL-2.0.txt") for name in names)
    assert "# multimodal" in told.get_payload()
    assert "](docs/" not in told.get_payload()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [0, 1], ids=["sdist", "wheel"])
def test_an_installation_runs_the_two_main_commands(built, kind, tmp_path):
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    places = "Scripts" if os.name == "nt" else "bin"
    python = home / places / "python"
    packages = run([python, "-c", "import site; print(site.getsitepackages()[-1])"], tmp_path)
    # What the project needs is taken from this environment; the project itself is not.
    others = [*site.getsitepackages(), *sys.path]
    usable = [p for p in others if p.endswith("site-packages") and Path(p).is_dir()]
    (Path(packages.strip()) / "needed.pth").write_text("\n".join(dict.fromkeys(usable)) + "\n")
    installing = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    run([python, *installing, "--force-reinstall", built[kind]], tmp_path)
    program = home / places / "multimodal"
    said = run([program, "caption", "--samples", "--sheet", "captions.png"], tmp_path)
    assert len(said.splitlines()) >= 3
    run([program, "sketch", "a duck", "--seed", "7", "-o", "duck.svg"], tmp_path)
    assert (tmp_path / "captions.png").is_file()
    assert (tmp_path / "duck.svg").is_file()
    where = run([python, "-c", "import multimodal; print(multimodal.__file__)"], tmp_path)
    assert where.startswith(str(home))


def test_nothing_private_is_in_an_archive():
    """No caches, no runs and no environments would travel with the sdist."""
    roots = {name.partition("/")[0] for name in listed("sdist")}
    assert not roots & {".venv", "venv", "dist", "build", "runs", "site", ".git"}


def members(sdist):
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.mark.slow
def test_the_sdist_is_what_was_listed(built):
    assert listed("sdist") <= members(built[0])
