"""High dynamic range pictures (PQ and HLG, BT.2100) on an ordinary screen.

    levels = tone_mapped(rgb, transfer)      # (H, W, 3) uint16 → (H, W, 3) uint8, sRGB

A phone's video stores light on scales that reach far beyond white, in the primaries of BT.2020.
Shown as they are, such values look pale and grey, and a network that learnt from ordinary photos
sees fog. Here paper white (203 nits, BT.2408) becomes white, and highlights are rolled off.
"""

from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

PQ, HLG = 16, 18
"""The transfer characteristics of ITU-T H.273: SMPTE ST 2084 and ARIB STD-B67."""

PAPER_WHITE, HLG_PEAK = 203.0, 1000.0
"""In nits, both from BT.2408: of paper in the scene, and of the display that HLG is graded for."""

KNEE = 0.8
"""Of paper white: darker light stays as it is, brighter light is rolled off towards white."""

ROWS = 128  # at a time, which bounds the memory that a large frame takes

_BT709_FROM_BT2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)  # BT.2087
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)


def tone_mapped(rgb: npt.NDArray[np.uint16], transfer: int) -> npt.NDArray[np.uint8]:
    """Bring a frame onto the scale of ordinary pictures.

    Args:
        rgb: (H, W, 3), BT.2020 primaries, full range, encoded by the transfer function.
        transfer: `PQ` or `HLG`.

    Returns:
        (H, W, 3) sRGB levels.
    """
    levels = np.empty(rgb.shape, np.uint8)
    for top in range(0, len(rgb), ROWS):
        light = _display_light(rgb[top : top + ROWS], transfer) @ _BT709_FROM_BT2020.T
        levels[top : top + ROWS] = srgb_levels(_rolled_off(light))
    return levels


def pq_light(signal: Floats) -> Floats:
    """The light, in nits, of a PQ signal from 0 to 1 (SMPTE ST 2084, EOTF)."""
    m1, m2 = 2610 / 16384, 2523 / 32
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    power = np.asarray(signal, np.float64) ** (1 / m2)
    light = 10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light.astype(np.float32)


def hlg_scene(signal: Floats) -> Floats:
    """The light of the scene, from 0 to 1, of an HLG signal from 0 to 1 (BT.2100, inverse OETF)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    exact = np.asarray(signal, np.float64)
    scene = np.where(exact <= 0.5, exact**2 / 3, (np.exp((exact - c) / a) + b) / 12)
    return scene.astype(np.float32)


def _display_light(rgb: npt.NDArray[np.uint16], transfer: int) -> Floats:
    """Linear light in units of paper white."""
    light = _table(transfer)[rgb]
    if transfer == HLG:  # the OOTF of BT.2100, whose gamma is 1.2 at 1,000 nits
        scene = light @ _BT2020_LUMA * np.float32(PAPER_WHITE / HLG_PEAK)
        light = light * scene[..., None] ** np.float32(0.2)
    return light


@cache
def _table(transfer: int) -> Floats:
    signal = np.linspace(0, 1, 2**16, dtype=np.float32)
    light = pq_light(signal) if transfer == PQ else HLG_PEAK * hlg_scene(signal)
    return (light / PAPER_WHITE).astype(np.float32)


def _rolled_off(light: Floats) -> Floats:
    """Scale every pixel by its brightest channel, so that highlights keep their hue."""
    brightest = light.max(-1, keepdims=True).clip(min=KNEE)
    beyond = (brightest - KNEE) / (1 - KNEE)
    rolled: Floats = light * ((KNEE + (1 - KNEE) * (1 - np.exp(-beyond))) / brightest)
    return rolled


def srgb_levels(light: Floats) -> npt.NDArray[np.uint8]:
    """Encode linear light, 1 for white, by the curve of sRGB."""
    light = light.clip(0, 1)
    signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    levels: npt.NDArray[np.uint8] = np.rint(255 * signal).astype(np.uint8)
    return levels
