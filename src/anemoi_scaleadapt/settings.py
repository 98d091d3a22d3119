"""The base of settings that a config may give, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from anemoi_scaleadapt.errors import ScaleAdaptError


@dataclass(frozen=True)
class Settings:
    """Base of settings that are read from a mapping; unknown keys are errors."""

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any], where: str) -> Self:
        """Read settings.

        Parameters
        ----------
        mapping : Mapping
            Keys as in YAML; a null value means the default.
        where : str
            Its place in the config, for error messages.

        Raises
        ------
        ScaleAdaptError
            For an unknown key or a value outside its range.
        """
        return cls().updated(mapping, where)

    def updated(self, mapping: Mapping[str, Any], where: str) -> Self:
        """These settings with the keys of a mapping changed; arguments and errors as in :meth:`from_config`."""
        known = {field.name: field for field in fields(self)}
        for key in mapping:
            if key not in known:
                raise ScaleAdaptError(f"{where}.{key} is not a setting; known are {', '.join(known)}.")
        given = {
            k: tuple(v) if not isinstance(v, str | int | float) else v for k, v in mapping.items() if v is not None
        }
        settings = replace(self, **given)
        settings.check(where)
        return settings

    def check(self, where: str) -> None:
        """Raise ScaleAdaptError for a value outside its range."""


def require(good: bool, where: str, value: Any, rule: str) -> None:
    """Raise ScaleAdaptError with `rule` unless `value` is `good`."""
    if not good:
        raise ScaleAdaptError(f"{where} = {value!r}: {rule}.")
