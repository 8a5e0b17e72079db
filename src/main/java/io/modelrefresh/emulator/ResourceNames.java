package io.modelrefresh.emulator;

import java.util.regex.Pattern;

/**
 * The names of topics, subscriptions and projects, checked as the service does ("Guidelines to name
 * a topic, subscription, schema, or snapshot" in the Pub/Sub documentation).
 */
final class ResourceNames {

  /** What the service puts in the place of a subscription's topic once that is deleted. */
  static final String DELETED_TOPIC = "_deleted-topic_";

  private static final String ID = "([A-Za-z][A-Za-z0-9._~+%-]{2,254})";
  private static final Pattern TOPIC = Pattern.compile("projects/[^/]+/topics/" + ID);
  private static final Pattern SUBSCRIPTION = Pattern.compile("projects/[^/]+/subscriptions/" + ID);
  private static final Pattern PROJECT = Pattern.compile("projects/[^/]+");

  private ResourceNames() {}

  static String requireTopic(String name) {
    return require(TOPIC, name, "projects/{project}/topics/{topic}");
  }

  static String requireSubscription(String name) {
    return require(SUBSCRIPTION, name, "projects/{project}/subscriptions/{subscription}");
  }

  static String requireProject(String name) {
    if (!PROJECT.matcher(name).matches()) {
      throw Refusal.invalid("Invalid project name given (name=" + name + "): projects/{project}.");
    }
    return name;
  }

  /** {@code projects/p/topics/t} -> {@code t}; anything else as it is. */
  static String shortName(String name) {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  /** {@code projects/p/topics/t} -> {@code p}. */
  static String project(String name) {
    return name.split("/", 3)[1];
  }

  private static String require(Pattern pattern, String name, String shape) {
    var matcher = pattern.matcher(name);
    if (!matcher.matches() || matcher.group(1).startsWith("goog")) {
      throw Refusal.invalid(
          "Invalid resource name given (name="
              + name
              + "): expected "
              + shape
              + " whose last part has 3 to 255 letters, digits or -._~+%, begins with a letter and"
              + " not with \"goog\".");
    }
    return name;
  }
}
