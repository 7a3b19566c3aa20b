"""Roles of columns by the words in their names."""

from __future__ import annotations

import re
from functools import lru_cache

from iotctl.formats.proposal.word_sets import word_set

_WORDS = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüßáéíóúñçàèêô]+|\d+")

_TIME = word_set(
    """time timestamp datetime date ts datum zeit uhrzeit zeitpunkt zeitstempel fecha hora data ora heure horodate
    clock created last changed recorded observed measured tstamp stamp when tijd tidpunkt tid dato aika
    moment epoch mtu utc messzeit start begin from von anfang at dt"""
)
_TIME_PART = re.compile("time|datum|date|yyyy|yymmdd", re.IGNORECASE)
_NOT_THE_TIME = word_set(
    """end ende bis to until stop received receive inserted insert updated update modified ingest ingested
    processed created loaded published last enqueued arrival export exported server"""
)
_PLAIN_TIME = _TIME | word_set(
    """hour hours hh mm ss hhmm h stunde std uhr he lst lt local gmt z mez mesz cet cest of day reading no nr
    ankomst klo klokkeslett klockslag tijdstip heure ore godzina measurement sample"""
)
_ID = word_set(
    """id sensor device register host station stn site tag tagname name varname entity topic mote moteid node meter
    channel serial mac uuid equipo gerät geraet instance asset machine point alias signal kanal
    messstelle punto box gateway unit maschine anlage server stations location room raum zone area
    building plant line linie equipment apparatus logger thing source object appliance house lclid cups
    address adresse sta staid souid
    ean mpan dev eui imei sn poste nmi prm estación estacion stazione stacja stationsname sensorname
    stationscode stationcode stationsid stationsnummer stationskode zählernummer
    zaehlernummer zählpunkt zaehlpunkt marktlokation messlokation seriennummer devicename
    samplingpoint measuringpoint monitoringpoint messpunkt probenahmestelle puntomisura
    sensorid deviceid deviceserial stationid tid parameter parametername item itemid path"""
)
_METRIC = word_set(
    """metric measurement field parameter variable property phenomenon quantity kind type observable channel
    attribute messgröße größe groesse measure magnitude key param indicator pollutant analyte"""
)
_VALUE = word_set(
    """value val wert valor valeur waarde verdi varde värde valore state reading readings messwert varvalue result
    numeric amount mean average avg measurement measured data"""
)
_COUNTED = word_set("record rec row rownum line entry sample index idx seq sequence")
_NUMBER_OF = word_set("no nr num number id count")
# Names that are one of these after joining their words.
_LEFT_OUT = {
    "record number": word_set(
        """record rn row rownum rows counter messung scan sample
        index idx nr no lfd lfdnr seq sequence recno zeile line entry # id unnamed0 sno slno obs
        recnum rowid""",
    ),
    "label": word_set("anomaly changepoint label class target outlier isanomaly anomalous fault"),
    "end mark": word_set("eor eol"),
    "remark": word_set(
        "comment comments remark remarks bemerkung bemerkungen note notes description beschreibung kommentar"
    ),
}
_COORDINATE = word_set(
    """alti lat latitude lon lng long longitude elevation altitude alt breitengrad längengrad laengengrad breite
    länge laenge hoehe höhe latdec londec latitud longitud"""
)
# The height of a place, of water or of a cloud: alti, elevation.
_HEIGHT = word_set("alti elevation altitude alt hoehe höhe breite länge laenge")
_UNIT = word_set("unit units einheit unidad eenheid unité unite enhet uom unitofmeasurement")
_QUALITY = word_set(
    """reliability quality dataquality qualität qualitaet kvalitet kwaliteit calidad qualité validity valid status
    statuscode opcquality qc qa flag flags qualifier cd qn confidence validatiestatus qualitydetail opcq"""
)
_ZONE = word_set("tz timezone zeitzone zone tzcd offset utcoffset")


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: lastChanged, last_changed and LAST CHANGED are last, changed."""
    if name.endswith("__name__"):  # Prometheus calls the name of the metric so
        return ("metric", "name")
    return tuple(word.lower() for word in _WORDS.findall(name)) or ((name.strip().lower(),) if name.strip() else ())


def _joined(name: str) -> str:
    return "".join(words(name))


def is_time_name(name: str) -> bool:
    """Whether a name is that of a time."""
    return bool(_TIME.intersection(words(name))) or _joined(name) in _TIME or _TIME_PART.search(name) is not None


def is_plain_time_name(name: str) -> bool:
    """Whether a name only means the time of day of the row: Time (UTC), but not TimeOfMaximum."""
    return set(words(name)) <= _PLAIN_TIME or _joined(name) in _PLAIN_TIME


def time_rank(name: str) -> int:
    """Rank of a name as the time of a measurement, and not another time: 0 is the likeliest."""
    found = words(name)
    if any(word in _NOT_THE_TIME for word in found):
        return 2
    return 0 if is_time_name(name) else 1


def is_id_name(name: str) -> bool:
    """Whether a name is that of a sensor, device or place."""
    found = words(name)
    return bool(_ID.intersection(found)) or _joined(name) in _ID


def is_metric_name(name: str) -> bool:
    """Whether a name is that of a measured quantity."""
    return bool(_METRIC.intersection(words(name))) or _joined(name) in _METRIC


def is_value_name(name: str) -> bool:
    """Whether a name means no more than value."""
    found = [word for word in words(name) if not word.isdigit()]
    return bool(found) and (set(found) <= _VALUE or _joined(name) in _VALUE)


def is_height_name(name: str) -> bool:
    """Whether the name of a coordinate may also be a measured quantity: a height, or in German a length or a width."""
    return bool(_HEIGHT.intersection(words(name)))


def is_unit_name(name: str) -> bool:
    """Whether a name is that of a unit."""
    return bool(_UNIT.intersection(words(name)[-1:])) or _joined(name) in _UNIT


def is_quality_name(name: str) -> bool:
    """Whether a name is that of a quality."""
    # Good is a rating; Good Parts is a count.
    return bool(_QUALITY.intersection(words(name))) or _joined(name) in _QUALITY | {"good", "isgood"}


def is_zone_name(name: str) -> bool:
    """Whether a name is that of a time zone."""
    return bool(_ZONE.intersection(words(name))) or _joined(name) in _ZONE


def why_left_out(name: str) -> str | None:
    """Why a column is not a measurement, by its name; None if the name does not show it."""
    found, joined = words(name), _joined(name)
    for reason, known in _LEFT_OUT.items():
        if joined in known:
            return reason
    if len(found) == 2 and found[0] in _COUNTED and found[1] in _NUMBER_OF:
        return "record number"
    if found and len(found) <= 3 and (found[0] in _COORDINATE or found[-1] in _COORDINATE):
        return "coordinate"
    return None
