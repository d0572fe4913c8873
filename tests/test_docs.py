"""README and documentation: short, linked right, and true of the command line and of Python."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import pytest
from PIL import Image

import multimodal
from multimodal.settings import settings_of
from multimodal.tasks import TASKS, imported
from multimodal.training import train
from pipelines.caption.inputs import sample_pictures

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY", "CHANGELOG"))]
PAGES += [*sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]
PAGES += [ROOT / "licenses/README.md"]
BLOCK = re.compile(r"^```([\w+#]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNCHECKED = {"", "text", "nginx", "csharp", "cpp", "js", "yaml"}  # js has a test of its own
MINUTES, WORDS_A_MINUTE = 5, 230


@cache
def generate() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(text: str) -> str:
    """The running text of a page: no code, tables, pictures, headings or link targets."""
    text = BLOCK.sub("", text)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "!", "#", "["))]
    text = re.sub(r"\]\([^)]*\)|[`*]", "", "\n".join(lines))
    return text.replace("[", "")


def sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\n- ", prose(text))
    return [" ".join(part.split()) for part in parts if part.strip()]


def test_the_readme_is_short():
    text = text_of(README)
    assert len(text.splitlines()) <= 150
    read = re.sub(r"\]\([^)]*\)", "", text)
    assert len(read.split()) <= MINUTES * WORDS_A_MINUTE
    assert [said for said in sentences(text) if len(said.split()) > 30] == []


def test_a_long_sentence_would_be_found():
    assert sentences("One two.\nThree `four`\nfive. ## no\n```sh\na. b.\n```\n| a. b |\n") == [
        "One two.",
        "Three four five.",
        "## no",
    ]


def test_the_first_two_commands_of_the_readme():
    blocks = [code.strip() for language, code in BLOCK.findall(text_of(README)) if language == "sh"]
    assert blocks[0] == "pip install . && multimodal caption --samples --sheet captions.png"
    assert blocks[1] == 'pip install -e ".[test]" && pytest'


def test_the_readme_has_every_task_and_every_model():
    text = text_of(README)
    for spec in TASKS.values():
        for model in spec.shipped:
            assert f"multimodal/pretrained/{model}/README.md" in text
    licence = text.partition("## Licence")[2]
    assert re.search(r"captioner-flickr8k.*non-commercial", licence)
    assert "not a substitute for alt text by a person" in text


def slug(heading: str) -> str:
    plain = re.sub(r"\]\([^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {slug(line.lstrip("#")) for line in BLOCK.sub("", text).splitlines() if line[:1] == "#"}


def target_text(path: Path) -> str | None:
    """The file that a link leads to, with what the documentation puts in it."""
    if not path.exists():
        return None
    return _as_built(path) if path.suffix == ".md" else ""


@cache
def _as_built(path: Path) -> str:
    return generate().MARK.sub(lambda mark: generate().PARTS[mark[1]](), text_of(path))


def broken_links(page: Path) -> list[str]:
    text = BLOCK.sub("", text_of(page))
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))
    return [link for link in links if not is_there(page, link)]


def is_there(page: Path, link: str) -> bool:
    if link.startswith("https://"):
        return True
    place, _, anchor = link.partition("#")
    path = (page.parent / place).resolve() if place else page
    if not path.is_relative_to(ROOT) or (page == README and not path.exists()):
        return False
    text = target_text(path)
    if text is None or anchor.startswith("multimodal."):  # an object of the Python reference
        return text is not None and imported_object(anchor)
    return not anchor or anchor in anchors(text)


def test_a_page_that_only_the_built_documentation_has_is_no_target():
    assert is_there(ROOT / "docs/faq.md", "commands.md#multimodal-caption")
    assert not is_there(ROOT / "docs/faq.md", "changelog.md")


def test_every_model_has_its_card_on_the_page_of_models():
    links = re.findall(r"^- \[(.*)\]", text_of(ROOT / "docs/models.md"), re.MULTILINE)
    assert links == multimodal.available_models()


def imported_object(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return hasattr(importlib.import_module(module), last)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_leaves_the_repository(page):
    text = text_of(page)
    assert "../shared" not in text
    assert not re.search(r"(?<![\w.])/(home|work|tmp|root|mnt)/", text)


def commands_in(code: str) -> list[list[str]]:
    """Every call of `multimodal` in a shell block, its variables replaced."""
    values: dict[str, str] = {}
    found = []
    for line in code.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line)
        for part in re.split(r"&&|\|\||;|\|(?!\w)", line):
            part = Template(part.strip()).safe_substitute(values)
            if assigned := re.match(r'(\w+)="(.*)"$', part):
                values[assigned[1]] = assigned[2]
            else:
                words = [word.strip("()") for word in shlex.split(part)]
                calls = [
                    n for n, word in enumerate(words) if word in ("multimodal", "pipelines.cli")
                ]
                found += [words[calls[0] + 1 :]] if calls else []
    return found


def refused(words: list[str]) -> str:
    """Why a command line would not be understood; empty where it would."""
    command, names = generate().command_line(), []
    while words and getattr(command, "commands", None):
        if words[0] not in command.commands:
            return f"no command {' '.join([*names, words[0]])}"
        command, names, words = command.commands[words[0]], [*names, words[0]], words[1:]
    try:
        context = command.make_context("multimodal", [], resilient_parsing=True)
        context.resilient_parsing = False
        command.make_parser(context).parse_args(list(words))
    except Exception as error:
        return f"{' '.join(names)}: {error}"
    return unknown_setting(names, words)


def unknown_setting(names: list[str], words: list[str]) -> str:
    if names[:1] != ["train"] or len(names) != 2:
        return ""
    known = {field.name for field in fields(imported(TASKS[names[1]].recipe))}
    given = [words[n + 1].partition("=")[0] for n, word in enumerate(words) if word == "--set"]
    wrong = sorted(set(given) - known - {"name"})
    return f"train {names[1]}: no setting {wrong[0]}" if wrong else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_code_is_right(page):
    faults = []
    for language, code in BLOCK.findall(text_of(page)):
        if language == "python":
            compile(code, str(page), "exec")
        elif language == "json":
            json.loads(code)
        elif language == "sh":
            faults += [fault for words in commands_in(code) if (fault := refused(words))]
        else:
            assert language in UNCHECKED
    assert faults == []


@pytest.mark.parametrize(
    "page", PAGES[:1] + PAGES[4:], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_command_in_the_text_is_right(page):
    inline = re.findall(r"`multimodal ([^`\n]*)`", BLOCK.sub("", text_of(page)))
    lines = [line for line in inline if not re.search(r"[…|<]|\.\.\.", line)]
    assert [fault for line in lines if (fault := refused(shlex.split(line)))] == []


def test_a_wrong_command_line_is_refused():
    assert "no command paint" in refused(["paint", "a.jpg"])
    assert "--loud" in refused(["caption", "a.jpg", "--loud"])
    assert "no setting size" in refused(["train", "sketcher", "--data", "d", "--set", "size=1"])
    assert refused(["train", "sketcher", "--data", "d", "--output", "o", "--set", "epochs=1"]) == ""
    assert commands_in('T="multimodal caption"\n$T a.jpg \\\n  -n 2 # b\n') == [
        ["caption", "a.jpg", "-n", "2"]
    ]


def test_the_javascript_of_the_pages_is_javascript(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node is installed")
    for page in PAGES:
        for number, (language, code) in enumerate(BLOCK.findall(text_of(page))):
            if language == "js":
                file = tmp_path / f"{page.stem}-{number}.mjs"
                file.write_text(code, encoding="utf-8")
                subprocess.run([node, "--check", str(file)], check=True)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder with the files that the pages speak of."""
    picture = Image.open(sample_pictures()[0]).convert("RGB")
    for name in ("beach.jpg", "photo.jpg", "a.jpg", "b.png"):
        picture.save(tmp_path / name)
    frames = [picture.resize((96, 96)).rotate(turn) for turn in (0, 20, 40)]
    frames[0].save(tmp_path / "video.gif", save_all=True, append_images=frames[1:])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_of_the_readme_runs_as_pasted(photos, capsys):
    (code,) = [code for language, code in BLOCK.findall(text_of(README)) if language == "python"]
    assert len(code.split("\n\n")[-1].strip().splitlines()) <= 5
    exec(compile(code, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.split()) >= 2
    assert "<path" in (photos / "drawing.svg").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES[4:], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_every_page_runs_as_pasted(page, photos):
    for language, code in BLOCK.findall(text_of(page)):
        if language == "python" and "gradio_client" not in code and page.stem != "lecture":
            exec(compile(code, str(page), "exec"), {})


def test_the_notebook_is_the_page_of_the_lecture():
    kept = text_of(ROOT / "docs/lecture.ipynb")
    made = "python docs/generate.py notebook > docs/lecture.ipynb"
    assert json.loads(kept) == json.loads(generate().notebook()), f"run: {made}"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="the docs extra is not installed")
    nbclient = pytest.importorskip("nbclient", reason="the docs extra is not installed")
    pytest.importorskip("ipykernel", reason="the docs extra is not installed")
    lecture = nbformat.read(ROOT / "docs/lecture.ipynb", as_version=4)
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(lecture, timeout=1200, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in lecture.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 8
    assert not any(output.output_type == "error" for output in outputs)


def test_settings_are_told_of_every_task():
    said = generate().settings()
    for name, spec in TASKS.items():
        part = said.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for field in fields(imported(spec.recipe)):
            (row,) = re.findall(rf"^\| `{field.name}` \|.*\| (.*) \|$", part, re.MULTILINE)
            assert row, f"{name}: {field.name} is not described"


def test_the_page_of_settings_shows_values_as_set_takes_them():
    said = generate().settings()
    for spec in TASKS.values():
        for setting in settings_of(imported(spec.recipe)):
            assert setting.default in (setting.parse(setting.default_text), None), setting.name
    assert "``encoders/<encoder>*.pth``" in said
    assert re.search(r"^\| `attention` \| .*additive, none \| `additive` \|", said, re.MULTILINE)
    assert "&lt;" in generate().commands()  # outside code it would be a tag


def test_commands_are_told_with_their_options():
    said = generate().commands()
    assert "## multimodal caption\n" in said
    assert "### multimodal train captioner\n" in said
    assert re.search(r"^\| `--beam-size` \|", said, re.MULTILINE)


def documented(heading: str) -> list[list[str]]:
    """What stands as code in the first cell of every row below a heading of the file formats."""
    text = text_of(ROOT / "docs/formats.md").partition(f"\n## {heading}\n")[2]
    cells = re.findall(r"^\| (.*?) \|", text.partition("\n## ")[0], re.MULTILINE)
    return [re.findall(r"`([^`]*)`", cell) for cell in cells]


def test_the_columns_of_rows_are_those_that_are_documented():
    from pipelines import classify_text
    from pipelines.caption.rows import CaptionRow, as_record
    from pipelines.caption.tables import fields as typed_fields
    from pipelines.postcard.deck import CardRow

    row = as_record(CaptionRow("a.jpg", "a dog", -0.5, language="de", translation="ein Hund"))
    assert [cell[0] for cell in documented("Captions")[-len(row) :]] == list(row)
    assert {field.name for field in typed_fields(["caption_de"])} - set(row) == {"word_scores"}
    rest = text_of(ROOT / "docs/formats.md").partition("## Rows of other jobs")[2]
    for columns in (classify_text.COLUMNS, CardRow("a.jpg").as_record()):
        assert f"| {', '.join(f'`{name}`' for name in columns)} |" in rest


def test_exit_codes_are_those_that_are_documented():
    from pipelines import cli, commands

    table = text_of(ROOT / "docs/formats.md").partition("## Exit codes")[2]
    codes = {0, 1, cli.USER_ERROR, commands.SOME_FAILED, commands.INTERRUPTED}
    assert set(map(int, re.findall(r"^\| (\d+) \|", table, re.MULTILINE))) == codes


def test_the_files_of_a_run_are_those_that_are_documented(tmp_path):
    toy = runpy.run_path(str(ROOT / "tests/test_training.py"))
    task = toy["toy_task"]()
    task.recipe_file = "epochs = 1\n"
    train(task, tmp_path / "run")
    found = {path.name for path in (tmp_path / "run").iterdir()}
    known = {name.rstrip("/") for cell in documented("Runs") for name in cell}
    assert found <= known
    assert known - found <= {"samples", "tensorboard"}  # of tasks that draw, and of an extra


def test_the_picture_of_the_layers_has_every_layer():
    drawn = generate().layers()
    assert drawn.count("<rect") == drawn.count("<text")
    assert all(f">{name}</text>" in drawn for name in ("demo", "captioning", "errors"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built."""
    for module in ("mkdocs", "material", "mkdocstrings_handlers"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (the docs extra)")
    folder = tmp_path_factory.mktemp("documentation") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


SEARCH = """
const fs = require("fs"), site = process.argv[1], answers = [];
const workers = site + "/assets/javascripts/workers/";
let heard = null;
Object.assign(globalThis, {
  self: globalThis,
  addEventListener: (_, listener) => { heard = listener; },
  postMessage: message => answers.push(message),
});
(0, eval)(fs.readFileSync(
  workers + fs.readdirSync(workers).find(name => /^search.*[.]js$/.test(name)), "utf8"));
(async () => {
  const index = JSON.parse(fs.readFileSync(site + "/search/search_index.json"));
  await heard({data: {type: 0, data: {...index, options: {}}}});
  for (const query of process.argv.slice(2)) {
    await heard({data: {type: 2, data: query}});
    await new Promise(done => setTimeout(done));
    console.log(answers.at(-1).data.items[0]?.[0].location.split("#")[0] ?? "nothing");
  }
})();
"""
"""The page's own search, which is a worker of the theme, asked outside a browser."""


def test_the_search_puts_the_page_that_is_meant_first(site):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    meant = {
        "plotter": "handwriting.html",
        "svg": "handwriting.html",
        "caption": "captioning.html",
        "translate": "translation.html",
        "own data": "data.html",
        "train on my own photos": "captioning.html",
        "onnx": "portable.html",
        "install": "index.html",
    }
    command = [node, "-e", SEARCH, str(site), *meant]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert dict(zip(meant, done.stdout.split(), strict=True)) == meant


def test_the_documentation_builds_without_a_network(site):
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r"<(?:script|img|iframe|link(?=[^>]*stylesheet))[^>]*(?:src|href)=\"?(https?:[^\s\">]*)",
            page.read_text(encoding="utf-8"),
        )
        assert fetched == [], page.name
