// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/proto_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/time_util.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "strata/tensor_view.h"
#include "strata/v1/tensor.pb.h"

namespace strata::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The numbers from `next` on, in arrays nested as `shape`; moves `next` on.
Json Nested(const TensorView& view, std::span<const std::int64_t> shape,
            std::size_t& next) {
  if (shape.empty()) return view.At(next++);
  Json array = Json::array();
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    array.push_back(Nested(view, shape.subspan(1), next));
  }
  return array;
}

Json TensorJson(const v1::Tensor& tensor) {
  Json json = {{"dtype", v1::DataType_Name(tensor.dtype())},
               {"shape", Json::array()}};
  for (const std::int64_t dimension : tensor.shape()) {
    json["shape"].push_back(dimension);
  }
  const auto view = TensorView::Create(tensor);
  std::size_t next = 0;
  // Without numbers no nesting either: the other dimensions may be huge.
  json["values"] = view.ok() && view->size() > 0
                       ? Nested(*view, view->shape(), next)
                       : Json::array();
  return json;
}

// Bytes are written in base64.
Json StringJson(const FieldDescriptor& field, const std::string& value) {
  if (field.type() != FieldDescriptor::TYPE_BYTES) return value;
  return absl::Base64Escape(value);
}

// The value of a field, or of one of a repeated field's.
Json ValueJson(const Message& message, const FieldDescriptor* field,
               int index) {
  const Reflection& r = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return field->is_repeated() ? (r.*repeated)(message, field, index)
                                : (r.*single)(message, field);
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return static_cast<float>(
          get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return get(&Reflection::GetEnum, &Reflection::GetRepeatedEnum)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return StringJson(
          *field, get(&Reflection::GetString, &Reflection::GetRepeatedString));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ToJson(field->is_repeated()
                        ? r.GetRepeatedMessage(message, field, index)
                        : r.GetMessage(message, field));
  }
  return {};
}

// A map, whose keys are strings, as an object in the order of the keys.
Json MapJson(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  std::map<std::string, Json> values;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field, i);
    const auto& type = *field->message_type();
    values[ValueJson(entry, type.map_key(), 0).get<std::string>()] =
        ValueJson(entry, type.map_value(), 0);
  }
  Json json = Json::object();
  for (auto& [key, value] : values) json[key] = std::move(value);
  return json;
}

}  // namespace

Json ToJson(const Message& message) {
  if (const auto* tensor = dynamic_cast<const v1::Tensor*>(&message)) {
    return TensorJson(*tensor);
  }
  if (const auto* duration =
          dynamic_cast<const google::protobuf::Duration*>(&message)) {
    return google::protobuf::util::TimeUtil::ToString(*duration);
  }
  Json json = Json::object();
  const auto& descriptor = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    if (field->is_map()) {
      json[field->name()] = MapJson(message, field);
    } else if (field->is_repeated()) {
      Json& array = json[field->name()] = Json::array();
      const int size = reflection.FieldSize(message, field);
      for (int j = 0; j < size; ++j) {
        array.push_back(ValueJson(message, field, j));
      }
    } else if (!field->has_presence() || reflection.HasField(message, field)) {
      json[field->name()] = ValueJson(message, field, 0);
    }
  }
  return json;
}

}  // namespace strata::cli
