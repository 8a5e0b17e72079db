package io.modelrefresh.pubsub;

import jakarta.enterprise.context.ApplicationScoped;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

/** Bytes to {@code String}, as UTF-8. */
@ApplicationScoped
class TextConverter extends PayloadConverter {

  @Override
  boolean accepts(Type target) {
    return target == String.class;
  }

  @Override
  Object decode(byte[] bytes, Type target) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
