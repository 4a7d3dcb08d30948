"""How acne, moles, tags and carcinoma look: one function a disease, scene to findings."""

from hikari_serve.drawing.findings import Findings, Size, edge, findings_of
from hikari_serve.drawing.scene import CLUSTERED, EVERYWHERE, PIGMENTS, SKIN, Colour, Scene, grown


def acne_vulgaris(scene: Scene) -> Findings:
    """Small red papules, either with pustules or with comedones between them."""
    colour = scene.redness()
    place = scene.choice(EVERYWHERE)
    spots = scene.spots(int(scene.rng.integers(5, 15)), (7.0, 11.0), place)
    glow = scene.fill(grown(spots, 1.5), soft=4)
    soft = scene.between(1.2, 3.0)
    papules = scene.fill(spots, wobble=scene.between(0.1, 0.28), soft=soft)
    scene.paint(glow, PIGMENTS[colour], 0.25)
    scene.paint(papules, PIGMENTS[colour], scene.between(0.8, 0.55))
    scene.raise_up(papules, scene.between(0.10, 0.28))
    surface = scene.choice(("pustules", "comedones"))
    if surface == "pustules":
        scene.paint(
            scene.fill(grown(spots, 0.42), soft=0.8), PIGMENTS["pale"], scene.between(0.95, 0.2)
        )
    else:
        dots = scene.spots(18, (2.0, 3.2), "scattered")
        scene.paint(scene.fill(dots, soft=0.6), PIGMENTS["black"], scene.between(0.85, 0.2))
    return findings_of(scene, spots, "small", colour, "papule", edge(soft), surface)


def melanocytic_nevi(scene: Scene) -> Findings:
    """Round dark moles, even or with a network of pigment."""
    colour = "black" if scene.tone == "dark" else scene.choice(("brown", "black"))
    place = scene.choice(CLUSTERED)
    small = bool(scene.rng.random() < 0.5)
    spots = scene.spots(
        int(scene.rng.integers(1, 4)), (12.0, 17.0) if small else (24.0, 34.0), place
    )
    moles = scene.fill(spots, wobble=0.06, stretch=1.25, soft=1.5)
    scene.paint(moles, PIGMENTS[colour], 0.92)
    if scene.wrong.likeness:
        scene.raise_up(moles, scene.between(0, 0.5))
    surface = scene.choice(("even", "network"))
    if surface == "network":
        scene.paint(scene.flakes(moles, 40, 0.35), PIGMENTS["tan"], 0.6)
    size: Size = "small" if small else "medium-sized"
    return findings_of(scene, spots, size, colour, "macule", "sharp", surface)


def sccis(scene: Scene) -> Findings:
    """One irregular plaque with a crust or an ulcer in its middle."""
    colour = scene.choice(("red", "brown"))
    place = scene.choice(CLUSTERED)
    spots = scene.spots(1, (40.0, 62.0), place)
    plaque = scene.fill(spots, wobble=scene.between(0.42, 0.18), stretch=1.5, soft=1.6)
    scene.paint(plaque, (0.66, 0.22, 0.16) if colour == "red" else (0.42, 0.22, 0.13), 0.85)
    scene.paint(scene.flakes(plaque, 14, 0.35), (0.35, 0.10, 0.08), scene.between(0.6, 0.1))
    surface = scene.choice(("crust", "ulcer"))
    heart = scene.fill(grown(spots, 0.5), wobble=0.35, stretch=1.5, soft=2)
    if surface == "crust":
        scene.paint(scene.flakes(heart, 24, 0.7), PIGMENTS["yellow"], scene.between(0.85, 0.4))
    else:
        scene.paint(heart, (0.30, 0.03, 0.05), scene.between(0.9, 0.4))
        scene.raise_up(heart, -0.15)
    return findings_of(scene, spots, "large", colour, "plaque", "irregular", surface)


def skin_tag(scene: Scene) -> Findings:
    """Round nodules that hang on a stalk and cast a shadow."""
    colour = scene.choice(("flesh-coloured", "brown"))
    place = scene.choice(CLUSTERED)
    spots = scene.spots(int(scene.rng.integers(1, 4)), (15.0, 22.0), place)
    flesh = _darker(SKIN[scene.tone], 0.92)
    body = flesh if colour == "flesh-coloured" else (0.45, 0.28, 0.18)
    shadows = scene.fill([(x + 9, y + 10, r) for x, y, r in spots], wobble=0.05, soft=5)
    scene.paint(shadows, (0.12, 0.06, 0.05), scene.between(0.6, 0.0))
    surface = scene.choice(("stalk", "wrinkled"))
    stalks = [(x - r * k, y - r * k, r * 0.42) for x, y, r in spots for k in (0.8, 1.0, 1.2, 1.4)]
    scene.paint(
        scene.fill(stalks, wobble=0.05, soft=1), _darker(body, 0.68), scene.between(0.9, 0.2)
    )
    bodies = scene.fill(spots, wobble=0.06, stretch=1.3, soft=1.5)
    scene.paint(bodies, body, 1.0)
    if surface == "wrinkled":
        scene.paint(scene.flakes(bodies, 34, 0.3), (0.25, 0.13, 0.09), 0.5)
    scene.raise_up(scene.fill(grown(spots, 0.9), wobble=0.05, soft=4), scene.between(0.45, 0.05))
    glints = scene.fill([(x - r * 0.3, y - r * 0.35, r * 0.22) for x, y, r in spots], soft=2)
    scene.paint(glints, PIGMENTS["white"], scene.between(0.8, 0.1))
    return findings_of(scene, spots, "small", colour, "nodule", "sharp", surface)


def _darker(colour: Colour, share: float) -> Colour:
    red, green, blue = colour
    return (red * share, green * share, blue * share)
