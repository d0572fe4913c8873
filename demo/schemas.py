"""Types as JSON schema, in which every field says what it is.

class Word(TypedDict):
    word: Annotated[str, "as the sentence has it"]

schema_of(list[Word])
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import gradio as gr

Schema: TypeAlias = dict[str, Any]

_SIMPLE = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
}


def schema_of(hint: Any) -> Schema:
    """The JSON schema of a type.

    Args:
        hint: str, int, float, bool, None, a list, a dict with texts for keys, a union, a TypedDict,
            or one of them with a description, ``Annotated[str, "what it is"]``.

    Raises:
        TypeError: it is another type.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return {**schema_of(arguments[0]), "description": arguments[1]}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin in {Union, UnionType}:
        return {"anyOf": [schema_of(each) for each in arguments]}
    if is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True)
        properties = {name: schema_of(field) for name, field in fields.items()}
        return {"type": "object", "properties": properties, "required": list(properties)}
    raise TypeError(f"{hint}: has no JSON schema here")


def schema_of_input(component: gr.components.Component, file: str) -> Schema:
    """The JSON schema of what a component takes, with the value that stands there at first.

    Args:
        component: on the page, seen or not.
        file: what to say of a file that is handed in as a text.
    """
    first = component.value
    schema = _taken(component, {"type": "string", "description": file})
    return schema if first is None else {**schema, "default": first}


def _taken(component: gr.components.Component, file: Schema) -> Schema:
    match component:
        case gr.Image():
            return file
        case gr.File():
            return {"type": "array", "items": file, "minItems": 1}
        case gr.Slider():
            kind = "integer" if float(component.step).is_integer() else "number"
            return {"type": kind, "minimum": component.minimum, "maximum": component.maximum}
        case gr.Number():
            return {"type": "integer" if component.precision == 0 else "number"}
        case gr.Dropdown() | gr.Radio():
            return {"type": "string", "enum": [value for _, value in component.choices]}
        case gr.Checkbox():
            return {"type": "boolean"}
    told: Schema = component.api_info()
    return {key: value for key, value in told.items() if key != "additional_description"}
