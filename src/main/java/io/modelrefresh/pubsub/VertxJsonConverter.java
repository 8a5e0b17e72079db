package io.modelrefresh.pubsub;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.enterprise.context.ApplicationScoped;
import java.lang.reflect.Type;

/** Bytes to Vert.x's {@code JsonObject} and {@code JsonArray}. */
@ApplicationScoped
class VertxJsonConverter extends PayloadConverter {

  @Override
  boolean accepts(Type target) {
    return target == JsonObject.class || target == JsonArray.class;
  }

  @Override
  Object decode(byte[] bytes, Type target) {
    try {
      var buffer = Buffer.buffer(bytes);
      return target == JsonObject.class ? buffer.toJsonObject() : buffer.toJsonArray();
    } catch (DecodeException | ClassCastException e) {
      throw new IllegalArgumentException("expected a " + target.getTypeName(), e);
    }
  }
}
