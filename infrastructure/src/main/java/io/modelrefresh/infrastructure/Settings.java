package io.modelrefresh.infrastructure;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a stack may choose; README.md lists the keys. Names are those of the agent's own defaults.
 *
 * @param project the Google Cloud project, by {@code gcp:project}
 * @param topic what feature stores publish to
 * @param subscription what the agent consumes
 * @param retentionDays how long Pub/Sub keeps what nobody has acknowledged, 1 to 7
 * @param exactlyOnce whether the subscription has exactly-once delivery
 * @param ordering whether messages of one ordering key are delivered in order
 * @param filter which messages the subscription gets, by attributes: a shard of the topic
 * @param schema what the topic takes
 * @param kubernetesServiceAccount {@code namespace/name} of the agent's, for Workload Identity
 * @param retrainingTopic where the agent asks for retraining, for models whose queue is pubsub
 * @param publishers members that may publish, such as {@code serviceAccount:store@..}
 */
record Settings(
    String project,
    String topic,
    String subscription,
    int retentionDays,
    boolean exactlyOnce,
    boolean ordering,
    Optional<String> filter,
    TopicSchema schema,
    String kubernetesServiceAccount,
    Optional<String> retrainingTopic,
    List<String> publishers) {

  /** What a topic lets in. */
  enum TopicSchema {
    /** Anything; the agent dead-letters what is no feature update. */
    NONE,
    /**
     * JSON that is a feature update, by a protobuf schema; the publisher of anything else fails.
     */
    PROTOBUF
  }

  /**
   * @param config the stack's configuration, by key
   * @throws IllegalArgumentException naming the key and what is expected
   */
  static Settings read(String project, Function<String, Optional<String>> config) {
    return new Settings(
        project,
        config.apply("topic").orElse("feature-updates"),
        config.apply("subscription").orElse("feature-updates-sub"),
        config.apply("retentionDays").map(Settings::days).orElse(7),
        config.apply("exactlyOnce").map(value -> truth("exactlyOnce", value)).orElse(false),
        config.apply("ordering").map(value -> truth("ordering", value)).orElse(false),
        config.apply("filter"),
        config.apply("schema").map(Settings::schema).orElse(TopicSchema.NONE),
        config
            .apply("kubernetesServiceAccount")
            .map(Settings::serviceAccount)
            .orElse("model-refresh/model-refresh-agent"),
        Optional.of(config.apply("retrainingTopic").orElse("retraining-jobs"))
            .filter(name -> !name.equals("none")),
        config.apply("publishers").map(Settings::members).orElse(List.of()));
  }

  String deadLetterTopic() {
    return topic + "-dead-letter";
  }

  String deadLetterSubscription() {
    return deadLetterTopic() + "-sub";
  }

  /** As Google's APIs write durations. */
  String retention() {
    return retentionDays * 86_400 + "s";
  }

  private static int days(String value) {
    if (!value.matches("[1-7]")) {
      throw unexpected("retentionDays", "1 to 7", value);
    }
    return Integer.parseInt(value);
  }

  private static boolean truth(String key, String value) {
    if (!value.matches("true|false")) {
      throw unexpected(key, "true or false", value);
    }
    return Boolean.parseBoolean(value);
  }

  private static TopicSchema schema(String value) {
    return switch (value) {
      case "none" -> TopicSchema.NONE;
      case "protobuf" -> TopicSchema.PROTOBUF;
      default -> throw unexpected("schema", "none or protobuf", value);
    };
  }

  private static String serviceAccount(String value) {
    if (!value.matches("[a-z0-9-]+/[a-z0-9.-]+")) {
      throw unexpected("kubernetesServiceAccount", "namespace/name", value);
    }
    return value;
  }

  private static List<String> members(String value) {
    List<String> members = Arrays.stream(value.split(",")).map(String::strip).toList();
    for (String member : members) {
      if (!member.matches("[a-zA-Z]+:.+")) {
        throw unexpected(
            "publishers", "members such as serviceAccount:NAME, separated by commas", member);
      }
    }
    return members;
  }

  private static IllegalArgumentException unexpected(String key, String expected, String value) {
    return new IllegalArgumentException(
        "model-refresh:%s: expected %s, got \"%s\"".formatted(key, expected, value));
  }
}
