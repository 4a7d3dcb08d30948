"""Every picture of the matrix over HTTP: an answer, or a refusal; never an error of the server's."""

from tests.pictures.matrix import samples
from tests.serving.conftest import Api


def test_every_format_has_an_answer_or_its_name(api: Api) -> None:
    for sample in samples():
        response = api.client.post("/diagnose", files={"image": sample.data})
        if response.status_code == 413:
            assert len(sample.data) > 100_000  # the limit of this server
        elif sample.refused:
            assert response.status_code == 415, sample.layout
            assert sample.refused in response.json()["error"]
        else:
            assert response.status_code == 200, (sample.form, sample.layout, response.text)
