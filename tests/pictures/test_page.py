"""docs/inputs.md says what the matrix tries."""

from tests.pictures.matrix import samples
from tests.pictures.page import HEAD, PAGE, counts, table


def test_the_page_is_what_the_matrix_tries() -> None:
    said, matrix = PAGE.read_text(), samples()
    for part in (HEAD, table(matrix), counts(matrix)):
        assert part in said, "run `python -m tests.pictures.page`"
