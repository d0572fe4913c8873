"""Every endpoint, through gradio's own client, on a server in a process of its own."""

import re
import zipfile
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from pipelines.caption.inputs import sample_pictures


@pytest.fixture
def photo() -> Path:
    return next(path for path in sample_pictures() if path.name == "lion.jpg")


def test_every_endpoint_has_typed_parameters_and_says_what_it_does(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert {"/caption", "/caption_many", "/write", "/models"} <= set(endpoints)
    for endpoint in endpoints.values():
        assert endpoint["description"]
        assert all(returned["type"] for returned in endpoint["returns"])
        for parameter in endpoint["parameters"]:
            assert parameter["type"]
            assert re.fullmatch("[a-z_]+", parameter["parameter_name"])


def test_a_photo_is_captioned_as_the_command_does(client, photo):
    import multimodal

    told = client.predict(handle_file(photo), api_name="/caption")
    best = multimodal.load_captioner().caption(photo, beam_size=5, n_best=3)
    assert told["caption"] == best.text
    assert [word["word"] for word in told["words"]] == list(best.words)
    assert [other["caption"] for other in told["alternatives"]] == [
        other.text for other in best.alternatives
    ]
    assert told["objects"][0]["name"] == best.objects[0].name
    assert told["attention"] == []


def test_attention_has_a_map_for_each_word_and_words_can_be_asked_for(client, photo):
    told = client.predict(
        handle_file(photo), must_mention="ball, zeppelins", attention=True, api_name="/caption"
    )
    assert {"ball", "zeppelins"} <= set(told["caption"].split())
    assert told["unmentioned"] == []
    assert len(told["attention"]) == len(told["words"])
    assert all(sum(map(sum, one)) == pytest.approx(1, abs=0.01) for one in told["attention"])


def test_one_sentence_has_no_alternatives(client, photo):
    assert client.predict(handle_file(photo), 1, 1, api_name="/caption")["alternatives"] == []


def test_what_is_no_photo_is_refused_in_a_sentence_and_the_next_one_is_captioned(
    client, photo, tmp_path
):
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(AppError, match=r"letter\.pdf cannot be used: it is not a picture"):
        client.predict(handle_file(letter), api_name="/caption")
    assert client.predict(handle_file(photo), api_name="/caption")["caption"]


def test_no_photo_is_said_and_not_an_error_of_ours(client):
    with pytest.raises(AppError, match="There is no photo yet"):
        client.predict(None, api_name="/caption")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"beam_size": 99}, "1 to 10 sentences kept"),
        ({"sentences": 2.5}, "1 to 5 sentences"),
        ({"temperature": 9}, "temperature from 0 to 2"),
        ({"must_mention": "dog " * 200}, "800 characters"),
        ({"temperature": "hot"}, "temperature from 0 to 2, not hot"),
    ],
)
def test_numbers_out_of_range_are_refused(client, photo, change, told):
    with pytest.raises(AppError, match=told):
        client.predict(handle_file(photo), **change, api_name="/caption")


def test_too_many_pixels_are_refused_by_the_header(client, tmp_path):
    wide = tmp_path / "wide.png"
    Image.new("1", (9000, 9000)).save(wide)
    with pytest.raises(AppError, match=r"wide\.png has more than 64 megapixels"):
        client.predict(handle_file(wide), api_name="/caption")


def test_nobody_reads_files_that_were_not_uploaded(client):
    secret = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    for payload in (secret, {"path": "/etc/hostname"}):
        with pytest.raises(AppError):
            client.predict(payload, api_name="/caption")


def test_addresses_are_not_fetched(client):
    with pytest.raises(AppError, match="fetches nothing from the network"):
        client.predict(
            {"path": "https://example.invalid/a.jpg", "meta": {"_type": "gradio.FileData"}},
            api_name="/caption",
        )


def test_the_address_of_an_upload_stands_for_it(client, address, photo):
    import httpx

    with photo.open("rb") as file:
        (place,) = httpx.post(f"{address}gradio_api/upload", files={"files": file}).json()
    url = f"{address}gradio_api/file={place}"
    upload = {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}
    assert "lion" in client.predict(upload, api_name="/caption")["caption"]
    stolen = {**upload, "path": f"{address}gradio_api/file=/etc/hostname"}
    with pytest.raises(AppError, match="fetches nothing"):
        client.predict(stolen, api_name="/caption")


def test_many_photos_have_a_row_each_and_names_stay_names(client, photo, tmp_path):
    archive = tmp_path / "holiday.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(photo, "../../<b>odd name.jpg")
        out.writestr("sea/broken.png", b"no picture")
        out.writestr("notes.txt", b"not asked for")
    rows = client.predict([handle_file(photo), handle_file(archive)], api_name="/caption_many")
    inside = ["../../<b>odd name.jpg", "sea/broken.png"]
    assert [row["name"] for row in rows] == ["lion.jpg", *(f"holiday.zip/{n}" for n in inside)]
    assert rows[0]["caption"] == rows[1]["caption"] != ""
    assert rows[2]["error"].startswith("is not a picture")


def test_a_zip_that_swells_is_refused_before_it_is_unpacked(client, tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w") as out:
        out.writestr("0.png", b"")
    data = bytearray(bomb.read_bytes())
    size = data.index(b"PK\x01\x02") + 24  # where the directory says how large it unpacks
    data[size : size + 4] = (600 * 2**20).to_bytes(4, "little")
    bomb.write_bytes(data)
    with pytest.raises(AppError, match="Unpacked, this is 600 MB"):
        client.predict([handle_file(bomb)], api_name="/caption_many")


def test_too_many_pictures_and_none_at_all_are_refused(client, tmp_path):
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as out:
        for number in range(301):
            out.writestr(f"{number}.png", b"")
    with pytest.raises(AppError, match="at most 300"):
        client.predict([handle_file(many)], api_name="/caption_many")
    with pytest.raises(AppError, match="There are no photos yet"):
        client.predict([], api_name="/caption_many")


def test_the_same_seed_writes_the_same_text(client):
    written = client.predict("babble", "abc", 0.7, 600, 3, api_name="/write")
    assert len(written) == 600
    assert client.predict("babble", "abc", 0.7, 600, 3, api_name="/write") == written
    assert client.predict("babble", "abc", 0.7, 600, 4, api_name="/write") != written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("babble", "Ω", 0.7, 60, 3), "Ω"),
        (("babble", "a" * 401, 0.7, 60, 3), "characters"),
        (("babble", "a", 0.7, 99_999, 3), "1 to 3,000 characters"),
        (("babble", "a", 0, 60, 3), "temperature"),
        (("nobody", "a", 0.7, 60, 3), "nobody"),
    ],
)
def test_what_cannot_be_written_is_said(client, arguments, told):
    with pytest.raises(AppError, match=told):
        client.predict(*arguments, api_name="/write")


def test_models_have_their_cards(client):
    models = {model["name"]: model for model in client.predict(api_name="/models")}
    captioner = models["captioner-flickr8k"]
    assert captioner["megabytes"] == pytest.approx(20.1, abs=0.1)
    assert captioner["card"].startswith("A photo becomes an English sentence")
    assert "## Limits" in captioner["card"]


def test_the_page_and_not_the_api_has_the_rest(address):
    from_page = Client(address, verbose=False).view_api(return_format="dict")
    assert from_page["unnamed_endpoints"] == {}
    assert not [name for name in from_page["named_endpoints"] if name.endswith(("_1", "show"))]
