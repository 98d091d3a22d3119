"""Settings that a config may give: frozen pydantic models, and the one way from a mapping to them.

Ranges, defaults and meanings stand once, in the fields of the models: errors and docs/reference/config.md are made
of them.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NoReturn, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from anemoi_scaleadapt.errors import ScaleAdaptError

#: what hydra's configs say of a value that must be given
UNSET = "???"


#: a name that cannot be empty
Name = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown key, ``true``, ``"3"`` and ``2.5`` are no whole numbers.

    The docstring under a field says what it means. Where its type does not say what is allowed,
    ``Field(json_schema_extra={"rule": ...})`` does.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def from_config(cls, mapping: Any, where: str, base: Self | None = None) -> Self:
        """Read settings.

        Parameters
        ----------
        mapping : Mapping
            Keys as in YAML, plain Python values.
        where : str
            Its place in the config, for error messages.
        base : Settings, optional
            What a key that is null or missing means; by default the defaults.

        Raises
        ------
        ScaleAdaptError
            For an unknown key, a key that must be given, or a value outside its range; it names the dotted key.
        """
        if not isinstance(mapping, Mapping):
            raise ScaleAdaptError(_sentence(where, mapping, _keys(cls.model_fields)))
        given = _over(cls, base.model_dump() if base else {}, mapping)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ScaleAdaptError(_line(cls, error, given, where)) from None

    def as_dict(self) -> dict[str, Any]:
        """Return numbers, text, lists and dicts, as YAML and JSON hold them; :meth:`from_config` reads them back."""
        return self.model_dump(mode="json")


def refuse(settings: Settings, key: str, rule: str | None = None) -> NoReturn:
    """Say in a validator of several fields that the value of `key` breaks `rule`, by default the field's own."""
    raise PydanticCustomError("setting", "{key}", {"key": key, "value": getattr(settings, key), "rule": rule})


def refuse_unknown(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise ScaleAdaptError for the first of the `given` keys of `where` that is not `known`."""
    known = list(known)
    for key in given:
        if key not in known:
            raise ScaleAdaptError(unknown(where, key, known))


def unknown(where: str, key: object, known: Iterable[str]) -> str:
    """Return the sentence that tells of an unknown key, with the nearest known one."""
    known = list(known)
    meant, prefix = near(str(key), known), f"{where}." if where else ""
    told = f"did you mean {prefix}{meant}?" if meant else f"known are {', '.join(known)}."
    return f"{prefix}{key} is not a setting; {told}"


def near(key: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the `known` key that is most like `key`, if one is like it (1: the same, 0: nothing in common)."""
    return next(iter(difflib.get_close_matches(key, known, 1, likeness)), None)


def rule(schema: Mapping[str, Any]) -> str:
    """Return in words what a field's JSON schema allows, such as "a whole number from 1 to 25"."""
    if "rule" in schema:
        return str(schema["rule"])
    if "anyOf" in schema:  # in our models: a value or null
        return " or ".join(rule(one) for one in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("prefixItems") or [schema["items"]]
        count = f"{len(items)} values" if "prefixItems" in schema else "a list"
        return f"{count}, each {rule(items[0])}"
    if kind == "integer":
        low, high = schema["minimum"], schema.get("maximum")
        return f"a whole number from {low}" + (f" to {high}" if high is not None else "")
    if kind == "number":
        low = _end("from", schema.get("minimum")) or _end("above", schema.get("exclusiveMinimum"))
        high = _end("to", schema.get("maximum")) or _end("to below", schema.get("exclusiveMaximum"))
        return f"a number{low}{high}"
    return {"boolean": "true or false", "string": "text", "null": "null"}[str(kind)]


def _end(word: str, value: float | None) -> str:
    return "" if value is None else f" {word} {value:g}"


def _keys(known: Iterable[str]) -> str:
    return f"a mapping with the keys {', '.join(known)}"


def _sentence(key: str, value: object, allowed: str) -> str:
    return f"{key} = {value!r}: must be {allowed}."


def _over(model: type[Settings], base: dict[str, Any], mapping: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `mapping` that say something, model by model."""
    out = dict(base)
    for key, value in mapping.items():
        inner = inner_model(model, str(key))
        if inner and isinstance(value, Mapping):
            out[key] = _over(inner, base.get(key) or {}, value)
        elif value is not None and value != UNSET:
            out[key] = value
    return out


def _line(model: type[Settings], error: ValidationError, given: Mapping[str, Any], where: str) -> str:
    """All faults of one reading, a sentence each, one a key."""
    sentences: dict[tuple[str, ...], str] = {}
    for fault in error.errors():
        if fault["type"] == "default_factory_not_called":  # it follows from another fault
            continue
        more = (fault["ctx"]["key"],) if fault["type"] == "setting" else ()
        path = _path(model, (*fault["loc"], *more))
        sentences.setdefault(path, _tell(model, fault, path, given, where))
    return " ".join(sentences.values())


def _path(model: type[Settings], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys down to a field of one of our models, without what pydantic adds: places in lists, kinds of a union."""
    for depth, part in enumerate(place, 1):
        inner = inner_model(model, str(part))
        if not inner:
            return tuple(map(str, place[:depth]))
        model = inner
    return tuple(map(str, place))


def _tell(
    model: type[Settings], fault: ErrorDetails, path: tuple[str, ...], given: Mapping[str, Any], where: str
) -> str:
    """The sentence for one fault at `path` below `where`."""
    *above, name = path
    value: Any = given
    for part in above:
        model, value = inner_model(model, part) or model, value[part]
    place, value = ".".join([where, *above]), value.get(name) if isinstance(value, Mapping) else getattr(value, name)
    if name not in model.model_fields:
        return unknown(place, name, model.model_fields)
    inner = inner_model(model, name)
    told = _keys(inner.model_fields) if inner else rule(model.model_json_schema()["properties"][name])
    if fault["type"] == "setting":  # perhaps of a value that was not given
        value = fault["ctx"]["value"] if value is None else value
        told = fault["ctx"]["rule"] or told
    if value is None:
        return f"{place}.{name} is missing: give {told}."
    return _sentence(f"{place}.{name}", value, told)


def inner_model(model: type[Settings], name: str) -> type[Settings] | None:
    """The model of the field `name`, if it is one of settings."""
    field = model.model_fields.get(name)
    kinds = (field.annotation, *get_args(field.annotation)) if field else ()
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Settings)), None)
