"""Units: in names of columns, and in lines below them."""

from __future__ import annotations

import re

from iotctl.formats.proposal.word_sets import word_set

_KNOWN = word_set(
    """° °c °f ℃ ℉ degc deg_c c f k degf celsius fahrenheit kelvin grad gradc volts volt amps amp watts watt deg
    degrees % %rh rh% pct percent prozent %r.f. %rf % pa hpa kpa mpa bar mbar psi psig atm mmhg inhg mmh2o
    torr v mv kv a ma ka ua µa w mw kw gw va kva var kvar wh kwh mwh gwh vah kvah varh kvarh ah mah j kj mj
    gj ohm kohm ω m/s km/h kmh mph kn kt kts ft/s m/s2 m/s² g mg kg t lb n kn nm mm cm m km in ft yd mil µm
    um nm l ml hl gal gpm l/s l/min l/h lpm m3 m³ m3/h m³/h m3/s m³/s cfm cfs ft3/s ft³/s ft3 kg/h t/h kg/s
    kg/m3 kg/m³ ppm ppb ppt µg/m³ ug/m3 µg/m3 ug/m³ mg/m3 mg/m³ mg/l µg/l ug/l ntu fnu psu ph µs/cm us/cm
    ms/cm ds/m s/m hz khz mhz ghz rpm 1/min u/min min-1 /min s ms us µs min h sec seconds minutes hours d
    days w/m2 w/m² wm-2 j/cm2 j/m2 mj/m2 lx lux klux db dba db(a) dbm cd lm mol µmol µmol/m2/s umol/m2/s
    mm/h mm/s mm/s2 g/m3 g/m³ g/kg okta oktas octas 1/8 ng ug µg nmol eur € $ £ usd ct/kwh eur/mwh €/mwh kg/m2 bit byte
    kb/s cnt count counts pcs"""
)
# W m-2, ug.m-3: products of units with exponents, as in the CF conventions.
_FACTOR = re.compile(r"([^\W\d]+|%)(?:\^?[-−]?\d)?")
_SCALED = re.compile(r"0?[.,]\d+ (.+)")
_IN_BRACKETS = re.compile(r"(.*\S)\s*\[\s*([^\[\]]{1,24}?)\s*\]\s*")
_ONLY_BRACKETS = re.compile(r"\[\s*([^\[\]]*?)\s*\]|\(\s*([^()]*?)\s*\)")
_IN_PARENTHESES = re.compile(r"(.*\S)\s*\(\s*([^()]{1,16}(?:\([^()]*\))?)\s*\)\s*")
_BEHIND_SLASH = re.compile(r"(.*\S)\s+(?:/|in)\s+(\S{1,8})")
_BEHIND_COMMA = re.compile(r"([^,]*\S),\s*([^,\s(]{1,8})(?:\s*\(.*\))?")  # HOBO: Temp, °C (LGR S/N: 123)
# After a name without a sign between them, only units that are hardly words.
_AT_THE_END = re.compile(
    r"(.*\S)\s+(kWh|Wh|MWh|GWh|kW|MW|kVA|kvar|hPa|kPa|mbar|°C|°F|m/s|km/h|l/min|m3/h|m³/h|W/m2|W/m²|ppm|ppb|[uµ]g/m[3³]|k?Hz)"
)
_TYPE = re.compile(r"\d+[snd]|string|float|double|int|integer|long|boolean|datetime|timestamp|text|number", re.I)
_TIME_PATTERN = re.compile(r"[dMmyYHhsjDT./:\-\s]{4,}")


def is_unit(text: str) -> bool:
    """Whether a text is a usual unit."""
    text = text.strip().lower().replace("º", "°")
    if scaled := _SCALED.fullmatch(text):
        text = scaled[1]
    usual = (text, text.replace(" ", ""), text.replace("^", ""))
    return any(one in _KNOWN for one in usual) or _is_product(text)


def _is_product(text: str) -> bool:
    factors = [_FACTOR.fullmatch(part) for part in re.split(r"[ .*·]", text)]
    known = [factor is not None and factor[1] in _KNOWN for factor in factors]
    return len(known) > 1 and all(known) and re.search(r"[-−]\d", text) is not None


def name_and_unit(title: str) -> tuple[str, str | None]:
    """A column's name without its unit, and the unit, if there is one."""
    if match := _IN_BRACKETS.fullmatch(title):
        return match[1], match[2]
    for pattern in (_IN_PARENTHESES, _BEHIND_COMMA, _BEHIND_SLASH):
        match = pattern.fullmatch(title)
        if match and (is_unit(match[2]) or any(sign in match[2] for sign in "°º%µ³²")):
            return match[1], match[2]
    if match := _AT_THE_END.fullmatch(title):
        return match[1], match[2]
    return title, None


def bare_unit(text: str) -> str:
    """A unit without brackets around it."""
    match = _ONLY_BRACKETS.fullmatch(text)
    return (match[1] or match[2] or "") if match else text


def is_unit_line(cells: list[str]) -> bool:
    """Whether a line has units: each cell that is not blank is in brackets, or most are usual units."""
    filled = [cell for cell in cells if cell]
    if not filled or is_type_line(cells):
        return False
    usual = sum(bool(_ONLY_BRACKETS.fullmatch(cell)) or is_unit(cell) for cell in filled)
    patterns = sum(bool(_TIME_PATTERN.fullmatch(cell)) for cell in filled)
    return usual > 0 and usual + patterns >= 0.5 * len(filled)


def is_type_line(cells: list[str]) -> bool:
    """Whether a line has types of columns: 5s 15s 20d, or string,float."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_TYPE.fullmatch(cell) for cell in filled)
