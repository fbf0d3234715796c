"""What does Kolada answer? Every page is held against the shape that is known, and a field that is not is named."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from utvardering.errors import DataError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Value(_Strict):
    """The value of one gender in a cell."""

    gender: Literal["T", "K", "M"]
    count: int | None
    status: str | None
    value: Annotated[float, Field(allow_inf_nan=False)] | None
    isdeleted: bool


class Cell(_Strict):
    """A key figure of a municipality in a year."""

    kpi: str
    municipality: str
    period: int
    values: list[Value]


class Place(_Strict):
    """A municipality, a region or the nation; type K is a municipality."""

    id: str
    title: str
    type: str


class Member(_Strict):
    """A municipality in a group."""

    member_id: str
    member_title: str


class Group(_Strict):
    """A group of municipalities."""

    id: str
    title: str
    members: list[Member]


class Described(BaseModel):
    """A key figure as Kolada describes it. Nothing but these is used, so that nothing else is held against a shape."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
    id: str
    title: str
    description: str | None = None


Item = TypeVar("Item", bound=BaseModel)


class Page(_Strict, Generic[Item]):
    """A page of a list; `next_url` is null on the last."""

    values: list[Item]
    count: int
    next_url: str | None
    previous_url: str | None = None


def read_page(item: type[Item], content: Any, address: str) -> Page[Item]:  # noqa: ANN401 -- whatever JSON holds
    """A page of cells, places, groups or figures.

    Raises a DataError that names each field that is missing, unknown or of another type than is known.
    """
    try:
        page = Page[item].model_validate(content)  # type: ignore[valid-type]  # mypy knows no type at run time
    except ValidationError as error:
        told: dict[str, int] = {}
        for one in error.errors():
            field = ".".join("[]" if isinstance(part, int) else str(part) for part in one["loc"]).replace(".[]", "[]")
            said = {"extra_forbidden": "is a field that is not known", "missing": "is missing"}.get(one["type"], "")
            said = said or f"{one['msg'][:1].lower()}{one['msg'][1:]}, found {type(one['input']).__name__}"
            told[f"{field or 'the answer'}: {said}"] = told.get(f"{field or 'the answer'}: {said}", 0) + 1
        listed = "; ".join(f"{text}{f' ({count} times)' if count > 1 else ''}" for text, count in list(told.items())[:5])
        message = f"{address}: Kolada answers in a form that this program does not know, and nothing of it is used: {listed}"
        raise DataError(message) from error
    if page.count < len(page.values):
        message = f"{address}: Kolada says {page.count} values and sends {len(page.values)}; nothing of it is used"
        raise DataError(message)
    return page
