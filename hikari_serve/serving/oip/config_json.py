"""A ModelConfig as Triton's HTTP clients read it: protobuf's JSON, but with numbers for numbers.

Protobuf writes 64-bit integers as strings, which `perf_analyzer` takes for no dimensions.
"""

from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from tritonclient.grpc import model_config_pb2

_WIDE = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}


def config_json(config: model_config_pb2.ModelConfig) -> dict[str, Any]:
    """The configuration, with every field that has a default."""
    told: dict[str, Any] = json_format.MessageToDict(
        config, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    _numbered(told, config.DESCRIPTOR)
    return told


def _numbered(told: dict[str, Any], descriptor: Descriptor) -> None:
    for name, value in told.items():
        field = descriptor.fields_by_name[name]
        if field.type in _WIDE:
            told[name] = [int(each) for each in value] if isinstance(value, list) else int(value)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for each in value if isinstance(value, list) else [value]:
                _numbered(each, field.message_type)
