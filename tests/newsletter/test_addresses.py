"""One spelling for an address."""

import pytest

from membership.newsletter import addresses


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("Ada.Lovelace+news@example.com", "ada.lovelace+news@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_spelt_one_way(typed: str, kept: str) -> None:
    assert addresses.normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "ada@", "@example.com", "ada@example.com\r\nBcc: eve@example.com",
     "ada@example.com, grace@example.com", "ада@example.com", "a" * 65 + "@" + "b" * 250 + ".com"],
)  # fmt: skip
def test_what_mail_cannot_be_sent_to_is_refused(typed: str) -> None:
    with pytest.raises(addresses.BadAddress, match="in the form name@"):
        addresses.normalise(typed)
