package io.modelrefresh.pubsub;

import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;

/** Bytes to anything Jackson can read. Asked last. */
@ApplicationScoped
class JacksonConverter extends PayloadConverter {

  private final ObjectMapper json;

  JacksonConverter(Instance<ObjectMapper> json) {
    this.json = json.isResolvable() ? json.get() : new ObjectMapper();
  }

  @Override
  public int getPriority() {
    return CONVERTER_DEFAULT_PRIORITY + 100;
  }

  @Override
  boolean accepts(Type target) {
    return target instanceof ParameterizedType
        || target instanceof Class<?> type
            && type != Object.class
            && type != byte[].class
            && !type.isPrimitive();
  }

  @Override
  Object decode(byte[] bytes, Type target) {
    try {
      return json.readValue(bytes, json.constructType(target));
    } catch (IOException e) {
      throw new IllegalArgumentException("expected the JSON of a " + target.getTypeName(), e);
    }
  }
}
