"""The folder of static files behind ``multimodal export --site``."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import blake2b, sha512
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from multimodal.atomic import temporary_folder
from multimodal.errors import UserError
from pipelines.export import write_file

RUNTIME, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
"""The SHA-512 of the package, as npm names it."""

RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
MODELS = {
    "sketcher": "sketcher-quickdraw",
    "recognizer": "recognizer-live",
    "handwriting-generator": "writer-unipen",
    "captioner": "captioner-flickr8k",
}
PARTS = ("pad", "player", "gaze")
"""Those of the demo that the page shows as well: a template, a style and a script each."""

PAGE = (
    *("index.html", "app.js", "runtime.js", "portable.js", "strokes.js", "seeds.js", "views.js"),
    *("handwriting.js", "worker.js", "site.webmanifest", "icon.svg"),
)
FIRST = "duck"  # what the page draws when it is opened


def build_site(
    folder: Path, runtime: Path | None = None, *, overwrite: bool = False
) -> Iterator[str]:
    """Write the page with the shipped models, in 8 bit.

    Args:
        folder: where; made anew, and put in its place when it is whole.
        runtime: the unpacked package onnxruntime-web or its archive (.tgz); npm fetches it unless
            given.
        overwrite: whether a folder that is there is replaced.

    Returns:
        A line for each part, as it is done.

    Raises:
        UserError: a folder is there, there is no npm, or the disk refuses.
    """
    from multimodal.exporting.export import export_model

    _require_folder(folder, overwrite=overwrite)
    with temporary_folder(folder) as temporary:
        (temporary / "models").mkdir()
        (temporary / "ort").mkdir()
        yield copy_runtime(temporary / "ort", runtime)
        exported = {}
        for task, name in MODELS.items():
            exported[task] = export_model(name)
            size = write_file(exported[task], temporary / "models" / f"{task}.onnx", int8=True)
            yield f"{task}: {size / 1e6:.1f} MB"
        write_page(temporary, {task: found.manifest for task, found in exported.items()})
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    yield f"{folder}: {total / 1e6:.1f} MB; try: python -m http.server --directory {folder}"


def write_page(folder: Path, manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the page itself beside the models and the runtime that are in the folder."""
    here = files("pipelines.site")
    for name in PAGE:
        (folder / name).write_bytes(here.joinpath(name).read_bytes())
    (folder / "parts").mkdir(exist_ok=True)
    styles = [_colours(), here.joinpath("site.css").read_text(encoding="utf-8")]
    for name in PARTS:
        template, style, script = (_of_demo(f"{name}.{kind}") for kind in ("html", "css", "js"))
        template = template or f'<div class="{name}"></div>'
        (folder / "parts" / f"{name}.js").write_text(_part(template, script), encoding="utf-8")
        styles.append(f".part-{name} {{\n{style}\n}}")
    (folder / "site.css").write_text("\n".join(styles), encoding="utf-8")
    for side in (192, 512):
        icon(side).save(folder / f"icon-{side}.png")
    (folder / "models" / "cards.html").write_text(_cards(manifests), encoding="utf-8")
    listing = json.dumps(_listing(folder, manifests), ensure_ascii=False)
    (folder / "models" / "models.json").write_text(listing, encoding="utf-8")
    worker = folder / "worker.js"
    named = worker.read_text(encoding="utf-8").replace('"unbuilt"', json.dumps(_digest(folder)))
    worker.write_text(named, encoding="utf-8")


def copy_runtime(folder: Path, package: Path | None) -> str:
    """Put what the page needs of ONNX Runtime Web into a folder.

    Raises:
        UserError: it is not the package that is named here, or there is no npm to fetch it.
    """
    if package is not None and package.is_dir():
        source = package / "dist" if (package / "dist").is_dir() else package
        for name in RUNTIME_FILES:
            if not (source / name).is_file():
                raise UserError(f"{source / name}: not there; --runtime is for {RUNTIME}")
            shutil.copyfile(source / name, folder / name)
        return f"{RUNTIME}: taken from {package}"
    with tempfile.TemporaryDirectory() as place:
        archive = _fetched(Path(place)) if package is None else package
        try:
            digest = b64encode(sha512(archive.read_bytes()).digest()).decode()
        except OSError as error:
            raise UserError(f"{archive}: cannot be read: {error.strerror or error}") from error
        if digest != INTEGRITY:
            raise UserError(f"{archive}: is not {RUNTIME} {VERSION} as npm knows it")
        with tarfile.open(archive) as packed:
            for name in RUNTIME_FILES:
                member = packed.extractfile(f"package/dist/{name}")
                if member is not None:
                    (folder / name).write_bytes(member.read())
    return f"{RUNTIME} {VERSION}"


def _fetched(folder: Path) -> Path:
    """The package's archive, from npm's registry."""
    command = ["npm", "pack", f"{RUNTIME}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a fixed command
    except FileNotFoundError:
        raise UserError(f"--site: needs npm, or --runtime with the package {RUNTIME}") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason"]
        raise UserError(f"{RUNTIME} {VERSION}: npm cannot fetch it: {reason[0]}") from error
    return folder / f"{RUNTIME}-{VERSION}.tgz"


def _require_folder(folder: Path, *, overwrite: bool) -> None:
    if folder.is_file():
        raise UserError(f"{folder}: is a file; name a folder for --site")
    if not folder.parent.is_dir():
        raise UserError(f"{folder}: its folder does not exist")
    if folder.is_dir() and any(folder.iterdir()):
        if not overwrite:
            raise UserError(f"{folder}: is there already; move it, or use --overwrite")
        if not (folder / "models" / "models.json").is_file():
            raise UserError(f"{folder}: holds something else than a site; name another folder")


def _of_demo(name: str) -> str:
    file = files("demo").joinpath(name)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _colours() -> str:
    """The demo's colours: the rules before the first that is about gradio."""
    return _of_demo("style.css").partition(".gradio-container")[0]


def _part(template: str, script: str) -> str:
    """One of the demo's parts as a module: what gradio hands to it, `mount` takes."""
    return (
        f"export const html = {json.dumps(template)};\n\n"
        f"export function mount(element, props, trigger, watch) {{\n{script}\n}}\n"
    )


def _listing(folder: Path, manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the page knows of its models before it fetches them."""
    runtime = sum((folder / "ort" / name).stat().st_size for name in RUNTIME_FILES)
    listing: dict[str, Any] = {"runtime": {"bytes": runtime, "version": VERSION}}
    for task in manifests:
        file = f"{task}.onnx"
        listing[task] = {"file": file, "bytes": (folder / "models" / file).stat().st_size}
    categories = list(manifests["sketcher"]["categories"])
    first = FIRST if FIRST in categories else categories[0]
    listing["sketcher"] |= {"categories": categories, "first": first}
    listing["handwriting-generator"]["styles"] = len(manifests["handwriting-generator"]["paces"])
    return listing


def _cards(manifests: Mapping[str, Mapping[str, Any]]) -> str:
    cards = "".join(f"<pre>{html.escape(str(found['card']))}</pre>" for found in manifests.values())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Model cards</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet"'
        ' href="../site.css"><style>pre{white-space:pre-wrap;max-width:52rem;margin:2rem auto;'
        f"padding:0 1rem}}</style>{cards}</html>"
    )


def _digest(folder: Path) -> str:
    """A name for all that is in the folder."""
    digest = blake2b(digest_size=8)
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def icon(side: int) -> Image.Image:
    """The page's sign: a scribble on green."""
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), side * 14 // 64, fill="#1f6f5f")
    way = [(14, 42), (19, 29), (24, 24), (27, 28), (30, 36), (34, 36), (38, 28), (44, 26), (48, 33)]
    points = [(x * side / 64, y * side / 64) for x, y in [*way, (52, 34)]]
    draw.line(points, fill="#fffdf9", width=max(2, side // 16), joint="curve")
    return image
