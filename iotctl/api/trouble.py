"""Errors for notebooks: a traceback and its causes stay on the page, so they must not have a secret."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from iotctl.errors import IotctlError
from iotctl.secrets import hidden

Given = ParamSpec("Given")
Result = TypeVar("Result")


def said_plainly(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same function; its IotctlErrors have no secret and no inner cause."""

    @wraps(work)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        except IotctlError as error:
            error.message = hidden(error.message)
            error.args = (error.message,)
            error.where = None if error.where is None else hidden(error.where)
            error.hint = None if error.hint is None else hidden(error.hint)
            raise error from None

    return guarded
