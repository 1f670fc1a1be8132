"""Recommended leads between a product and a system where sales work on them: one story, told of every system."""

from __future__ import annotations

from typing import Any, Protocol

from tests.integrations.bridged.product import Beside


class Sales(Protocol):
    """What people see and do at one system. Leads are told apart by their addresses, sales by whose lead they were."""

    def known(self, address: str) -> dict[str, Any]:
        """What the lead says, of which there has to be one, by common field, its company among them."""

    def correct(self, address: str, company: str) -> None:
        """Say that the lead is of another company."""

    def accept(self, address: str, sale: str) -> None:
        """Take a lead on, and make a sale of this name of it."""

    def decline(self, address: str) -> str:
        """Say that a lead is none; the status that it has then."""

    def win(self, address: str, amount: str) -> None:
        """Close the sale that came of a lead."""

    def lose(self, address: str, reason: str) -> None:
        """Close it as lost."""


class Recommended(Beside):
    """A product that recommends. mark: stands in names and addresses, so that nobody else's are met."""

    sales: Sales
    mark: str = "acme"

    def recommend(self, name: str, **told: Any) -> dict[str, Any]:
        """Have the product push a lead; what it says of it."""
        said = {
            "first_name": name.title(),
            "last_name": "de la Cruz",
            "company": f"{name.title()} Mills {self.mark}",
            "title": "Head of Looms",
            "lead_source": "Our product",
            **told,
        }
        mail = [{"email_address": self.address(name)}]
        self.push("crm.Lead", name, email_addresses=mail, status="OPEN", **said)
        return said

    def address(self, name: str) -> str:
        """Where somebody is reached."""
        return f"{name}@{self.mark}.example"

    def learned(self, name: str) -> tuple[str, tuple[Any, ...] | None]:
        """The status of a lead, as the product reads it, and the sale that came of it."""
        (lead,) = [one for one in self.product.all("crm/v1/leads") if one["remote_id"] == name]
        sales = {one["id"]: _told(one) for one in self.product.all("crm/v1/opportunities")}
        return lead["status"], sales.get(lead["converted_opportunity"])

    def troubles(self) -> list[Any]:
        """What keeps something of ours from going over, or waits for a person."""
        told = [self.standing(model) for model in ("Opportunity", "Lead")]
        every = [one for state in told for one in (*state["problems"], *state["review"])]
        return [one for one in every if self.mark in str(one["key"])]


def _told(sale: dict[str, Any]) -> tuple[Any, ...]:
    mapped = sale["field_mappings"]["organization_defined_targets"]
    reason = sale["lost_reason"] or mapped.get("loss_reason", {}).get("value")
    return sale["name"], sale["status"], sale["amount"] or None, reason  # none is 0 at some


def play(house: Recommended, still: int) -> None:
    """Pushed, accepted or not, edited on both sides, won with an amount or lost with a reason.

    still: so many rounds in a row without a write say that all has arrived.
    """
    sales, at = house.sales, house.address
    said = {name: house.recommend(name) for name in ("ada", "ben", "cleo", "dan")}
    house.round()
    house.approve_all("Opportunity", "Lead")
    house.rounds(still=still)
    for name, told in said.items():
        known = sales.known(at(name))
        assert known == {field: told[field] for field in known}

    looms = f"Looms {house.mark}"
    sales.accept(at("ada"), looms)
    house.wait(5)
    sales.accept(at("ben"), looms)
    declined = sales.decline(at("cleo"))
    house.rounds(still=still)
    assert house.learned("ada") == house.learned("ben") == ("QUALIFIED", (looms, "OPEN", None, None))
    assert house.learned("cleo") == (declined, None)
    assert house.learned("dan") == ("OPEN", None)

    sales.win(at("ada"), "1250.40")
    sales.correct(at("dan"), f"Dan & Sons {house.mark}")
    house.recommend("dan", company=f"Dan Limited {house.mark}")
    house.round()
    sales.lose(at("ben"), "Too dear")
    house.recommend("eve")
    house.rounds(still=still)
    assert house.learned("ada") == ("QUALIFIED", (looms, "WON", 1250, None))
    assert house.learned("ben") == ("QUALIFIED", (looms, "LOST", None, "Too dear"))
    assert house.learned("eve") == ("OPEN", None)
    assert sales.known(at("eve"))["company"] == f"Eve Mills {house.mark}"
    assert sales.known(at("dan"))["company"] == f"Dan & Sons {house.mark}"
    assert house.troubles() == []
    assert house.stays_quiet()
