import pytest

from hikari_serve.reading.language import weigh


def english(text: str) -> bool:
    written = text.split()
    return weigh([word.casefold() for word in written], written).speaks_english


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Scaly erythematous plaques elbows and knees",
        "plaques silvery scale elbows",
        "penile",
        "The plaque en coup de sabre is seen",
        "denies",
        "no",
        "12 cm",
    ],
)
def test_english(text: str) -> None:
    assert english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Kein Hinweis auf",
        "Der Patient hat",
        "Ausgeschlossen wurde",
        "kwam vastgesteld",
        "No es",
        "pas de",
        "Placas eritematosas probable",
        "Brak cech",
        "Pasien menderita",
        "Bu değil",
        "không phải",
        "ei ole",
        "없음",
        "ผู้ป่วยเป็น",
        "не видно",
        "не видно on the skin",
    ],
)
def test_other_languages(text: str) -> None:
    assert not english(text)
