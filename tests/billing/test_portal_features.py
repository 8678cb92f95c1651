"""What Stripe's portal is asked to offer."""

from membership.billing import portal_features
from membership.billing.portal_features import OnSale

MONTHLY = OnSale("price_m", "prod_member", "month", 1, 500)
YEARLY = OnSale("price_y", "prod_member", "year", 1, 5000)
PATRON = OnSale("price_p", "prod_patron", "month", 1, 2500)


def update(*on_sale: OnSale, promotion_codes: bool = False) -> dict[str, object]:
    found: dict[str, object] = portal_features.wanted(on_sale, promotion_codes=promotion_codes)[
        "subscription_update"
    ]
    return found


def test_every_plan_on_sale_can_be_changed_to() -> None:
    assert update(MONTHLY, YEARLY, PATRON)["products"] == [
        {"product": "prod_member", "prices": ["price_m", "price_y"]},
        {"product": "prod_patron", "prices": ["price_p"]},
    ]


def test_who_pays_a_price_that_is_no_longer_sold_can_change_to_the_only_one_that_is() -> None:
    assert update(MONTHLY)["products"] == [{"product": "prod_member", "prices": ["price_m"]}]


def test_with_nothing_on_sale_there_is_nothing_to_change_to() -> None:
    assert update() == {"enabled": False}


def test_a_code_is_taken_there_where_it_is_taken_at_the_checkout() -> None:
    assert update(MONTHLY, YEARLY)["default_allowed_updates"] == ["price"]
    allowed = update(MONTHLY, YEARLY, promotion_codes=True)["default_allowed_updates"]
    assert allowed == ["price", "promotion_code"]


def test_of_two_prices_by_the_month_the_cheaper_is_offered() -> None:
    dearer = OnSale("price_a", "prod_member", "month", 1, 700)
    assert portal_features.changeable([dearer, MONTHLY]) == [MONTHLY]
    every_quarter = OnSale("price_q", "prod_member", "month", 3, 1400)
    assert portal_features.changeable([MONTHLY, every_quarter]) == [MONTHLY, every_quarter]


def test_stripe_takes_ten_products_and_no_more() -> None:
    many = [OnSale(f"price_{n}", f"prod_{n}", "month", 1, n) for n in range(12)]
    offered = portal_features.changeable([*many, YEARLY])
    assert [price.product_id for price in offered] == [f"prod_{n}" for n in range(10)]


def test_the_fingerprint_changes_with_what_is_offered_and_with_nothing_else() -> None:
    def print_of(*on_sale: OnSale) -> str:
        return portal_features.fingerprint(portal_features.wanted(on_sale, promotion_codes=False))

    assert print_of(MONTHLY, YEARLY) == print_of(MONTHLY, YEARLY)
    assert print_of(MONTHLY, YEARLY) != print_of(MONTHLY, YEARLY, PATRON)


def test_a_plan_ends_at_the_end_of_what_is_paid_and_says_why() -> None:
    cancel = portal_features.wanted([], promotion_codes=False)["subscription_cancel"]
    assert cancel["mode"] == "at_period_end"
    assert "too_expensive" in cancel["cancellation_reason"]["options"]
