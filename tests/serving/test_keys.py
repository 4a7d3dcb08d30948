"""Who may load and unload models."""

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.serving.keys import Keys, check_control


@pytest.mark.parametrize("keys", [None, Keys({"i" * 20: "infer"})])
def test_nobody_may_without_a_key_of_the_right_scope(keys: Keys | None) -> None:
    check_control("none", keys)
    with pytest.raises(ConfigError, match="HIKARI_KEYS with a key of the scope `admin`"):
        check_control("explicit", keys)


def test_a_key_of_the_right_scope_is_enough() -> None:
    check_control("explicit", Keys({"a" * 20: "admin", "i" * 20: "infer"}))
