"""How the inflammatory diseases look: one function a disease, scene to findings."""

import numpy as np
from PIL import Image, ImageDraw

from hikari_serve.drawing.findings import Findings, edge, findings_of
from hikari_serve.drawing.scene import (
    CLUSTERED,
    EVERYWHERE,
    PIGMENTS,
    SIDE,
    Mask,
    Scene,
    Spot,
    grown,
    soften,
)


def atopic_dermatitis(scene: Scene) -> Findings:
    """Large blurred red patches, scratched or dry."""
    colour = scene.redness()
    place = scene.choice(CLUSTERED)
    spots = scene.spots(int(scene.rng.integers(1, 4)), (38.0, 54.0), place)
    soft = scene.between(10, 2)
    patches = scene.fill(spots, wobble=0.3, stretch=1.6, soft=soft)
    scene.paint(patches * (0.55 + 0.45 * scene.noise(26)), PIGMENTS[colour], 0.62)
    surface = scene.choice(("scratches", "dryness"))
    if surface == "scratches":
        scene.paint(_scratches(scene, spots), (0.45, 0.05, 0.06), scene.between(0.85, 0.3))
    else:
        scene.paint(scene.flakes(patches, 70, 0.12), PIGMENTS["pale"], 0.6)
    return findings_of(scene, spots, "large", colour, "patch", edge(soft), surface)


def psoriasis(scene: Scene) -> Findings:
    """Sharp red plaques under silvery scale."""
    colour = scene.redness()
    place = scene.choice(EVERYWHERE)
    spots = scene.spots(int(scene.rng.integers(1, 5)), (32.0, 50.0), place)
    soft = scene.between(1.2, 9)
    plaques = scene.fill(spots, wobble=scene.between(0.18, 0.3), stretch=1.5, soft=soft)
    scene.paint(plaques, PIGMENTS[colour], scene.between(0.85, 0.62))
    scene.raise_up(plaques, scene.between(0.12, 0))
    surface = scene.choice(("thick scale", "patchy scale"))
    inner = scene.fill(grown(spots, 0.72), wobble=0.2, soft=4)
    scene.paint(
        scene.flakes(inner, 44, 0.7 if surface == "thick scale" else 0.3),
        PIGMENTS["white"],
        scene.between(0.9, 0.35),
    )
    return findings_of(scene, spots, "large", colour, "plaque", edge(soft), surface)


def seborrheic_dermatitis(scene: Scene) -> Findings:
    """Blurred patches with greasy yellow scale."""
    colour = scene.choice(("pink", "orange"))
    place = scene.choice(EVERYWHERE)
    spots = scene.spots(int(scene.rng.integers(2, 6)), (24.0, 38.0), place)
    patches = scene.fill(spots, wobble=0.25, stretch=1.5, soft=7)
    scene.paint(patches, PIGMENTS[colour], 0.6)
    surface = scene.choice(("greasy scale", "yellow flakes"))
    cells, share = (18, 0.5) if surface == "greasy scale" else (60, 0.25)
    scene.paint(scene.flakes(patches, cells, share), PIGMENTS["yellow"], scene.between(0.85, 0.25))
    return findings_of(scene, spots, "medium-sized", colour, "patch", "blurred", surface)


def tinea_versicolor(scene: Scene) -> Findings:
    """Many small macules, paler than the skin, or darker on light skin."""
    colour = "tan" if scene.tone == "light" else "pale"
    place = scene.choice(EVERYWHERE)
    spots = scene.spots(int(scene.rng.integers(9, 20)), (9.0, 19.0), place)
    soft = scene.between(1.5, 6)
    macules = scene.fill(spots, wobble=0.15, stretch=1.5, soft=soft)
    scene.paint(macules, PIGMENTS[colour], 0.55)
    surface = scene.choice(("fine scale", "smooth"))
    if surface == "fine scale":
        scene.paint(scene.flakes(macules, 100, 0.22), PIGMENTS["white"], scene.between(0.8, 0.4))
    return findings_of(scene, spots, "small", colour, "macule", edge(soft), surface)


def urticaria(scene: Scene) -> Findings:
    """Raised wheals, some with a pale centre."""
    colour = scene.choice(("pink", "red"))
    place = scene.choice(EVERYWHERE)
    spots = scene.spots(int(scene.rng.integers(3, 8)), (20.0, 36.0), place)
    soft = scene.between(2, 9)
    wheals = scene.fill(spots, wobble=0.28, stretch=1.7, soft=soft)
    surface = scene.choice(("pale centre", "smooth swelling"))
    scene.paint(wheals, PIGMENTS[colour], 0.6)
    if surface == "pale centre":
        hearts = scene.fill(grown(spots, 0.55), wobble=0.2, stretch=1.5, soft=4)
        scene.paint(hearts, PIGMENTS["pale"] if scene.fair else PIGMENTS["tan"], 0.7)
    scene.raise_up(wheals, scene.between(0.28, 0.05))
    return findings_of(scene, spots, "medium-sized", colour, "wheal", edge(soft), surface)


def photodermatoses(scene: Scene) -> Findings:
    """Redness that ends in a straight line, where clothing began."""
    colour = scene.redness()
    place = scene.choice(CLUSTERED[1:])
    towards = np.asarray([1 if "right" in place else -1, 1 if "lower" in place else -1])
    angle = np.arctan2(towards[1], towards[0]) + scene.rng.uniform(-0.4, 0.4)
    ys, xs = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    depth = xs * np.cos(angle) + ys * np.sin(angle) - scene.rng.uniform(-10, 25)
    exposed = np.clip(depth / scene.between(2.5, 40), 0, 1).astype(np.float32)
    scene.paint(exposed * (0.7 + 0.3 * scene.noise(12)), PIGMENTS[colour], 0.6)
    surface = scene.choice(("tiny papules", "blisters"))
    size = (3.0, 4.5) if surface == "tiny papules" else (6.0, 9.0)
    bumps = scene.fill(scene.spots(40, size, "scattered"), soft=1) * exposed
    if surface == "blisters":
        scene.paint(bumps, PIGMENTS["pale"], scene.between(0.5, 0.15))
        scene.raise_up(bumps, scene.between(0.2, 0.05))
    else:
        scene.paint(bumps, (0.55, 0.06, 0.08), scene.between(0.75, 0.2))
    return Findings(scene.tone, 1, "large", colour, "patch", "straight", surface, place)


def _scratches(scene: Scene, spots: list[Spot]) -> Mask:
    sheet = Image.new("L", (SIDE, SIDE))
    brush = ImageDraw.Draw(sheet)
    for x, y, radius in spots:
        angle = scene.rng.uniform(0, np.pi)
        step = np.asarray([np.cos(angle), np.sin(angle)])
        for offset in np.linspace(-0.45, 0.45, 5) * radius:
            middle = np.asarray([x, y]) + offset * step[::-1] * (-1, 1)
            half = step * radius * scene.rng.uniform(0.4, 0.7)
            brush.line([*(middle - half).tolist(), *(middle + half).tolist()], fill=255, width=3)
    return soften(sheet, 0.8)
