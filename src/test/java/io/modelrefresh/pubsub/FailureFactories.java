package io.modelrefresh.pubsub;

import io.smallrye.common.annotation.Identifier;
import java.lang.reflect.Constructor;
import java.util.stream.Stream;

/** The strategies that come with the connector, found as CDI would, without CDI. */
final class FailureFactories {

  private FailureFactories() {}

  static PubSubFailureHandler.Factory named(String strategy) {
    return Stream.of(
            "NackStrategy",
            "IgnoreStrategy",
            "FailStrategy",
            "DeadLetterStrategy",
            "AbandonStrategy")
        .map(FailureFactories::load)
        .filter(type -> type.getAnnotation(Identifier.class).value().equals(strategy))
        .map(FailureFactories::make)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no strategy " + strategy));
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName("io.modelrefresh.pubsub.fault." + name);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static PubSubFailureHandler.Factory make(Class<?> type) {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return (PubSubFailureHandler.Factory) constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}
