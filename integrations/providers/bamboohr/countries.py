"""Countries by their names, as addresses of employees have them; any other name passes through as it is."""

from __future__ import annotations

_NAMES = """
AE United Arab Emirates|AR Argentina|AT Austria|AU Australia|BD Bangladesh|BE Belgium|BG Bulgaria
BR Brazil|CA Canada|CH Switzerland|CL Chile|CN China|CO Colombia|CR Costa Rica|CY Cyprus
CZ Czech Republic|CZ Czechia|DE Germany|DK Denmark|DO Dominican Republic|EC Ecuador|EE Estonia
EG Egypt|ES Spain|FI Finland|FR France|GB United Kingdom|GH Ghana|GR Greece|GT Guatemala
HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IN India|IS Iceland|IT Italy
JM Jamaica|JO Jordan|JP Japan|KE Kenya|KR South Korea|LK Sri Lanka|LT Lithuania|LU Luxembourg
LV Latvia|MA Morocco|MT Malta|MX Mexico|MY Malaysia|NG Nigeria|NL Netherlands|NO Norway
NZ New Zealand|PA Panama|PE Peru|PH Philippines|PK Pakistan|PL Poland|PR Puerto Rico|PT Portugal
QA Qatar|RO Romania|RS Serbia|SA Saudi Arabia|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia
SV El Salvador|TH Thailand|TN Tunisia|TR Turkey|TW Taiwan|UA Ukraine|US United States|US USA
UY Uruguay|VN Vietnam|ZA South Africa
"""
_CODES = {
    name.casefold(): code
    for code, _, name in (one.partition(" ") for one in _NAMES.replace("\n", "|").split("|"))
}


def code_of(name: str | None) -> str | None:
    """The code of a country, ISO 3166-1."""
    return _CODES.get((name or "").casefold(), name)
