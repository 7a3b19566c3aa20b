"""Words that no error should have: riddles, words of libraries, and what is no usual English."""

from __future__ import annotations

import re

_RIDDLES = (
    *(r"\bis no \w+[.:]", r"\bare no (?:limits|UUIDs)", r"\b(?:is|be|are) no [A-Z]", "cannot be meant", "let us in"),
    *("knows us", r"\bknown? not\b", r"\bNeeded (?:is|are)\b", r"\bread are\b", r"\bwants\b", r"\bbelongs into\b"),
    *(
        r"\b[Mm]end\b",
        r"\banew\b",
        r"\bSay it\b",
        r"\bnobody can\b",
        r"\bit is no\b",
        r"\bIt is no\b",
        r"\bScripts say\b",
    ),
)
_OF_LIBRARIES = (
    *("[Vv]alue error", "Input should", "input should", "unable to parse", r"\[Errno", "Either the file"),
    *(
        "magic bytes",
        r"\\\\x",
        r"\bNone\b(?! of| for)",
        "<class",
        r"\bobject at 0x",
        r"\bargument\(s\)",
        "Invalid value for",
    ),
)
ODD = re.compile("|".join((*_RIDDLES, *_OF_LIBRARIES)))
