package io.modelrefresh.emulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * The emulator as a program of its own, for clients in any language: {@code --host HOST --port PORT
 * --topic NAME --subscription NAME:TOPIC}, the last two any number of times, with full names
 * ({@code projects/..}). Prints one line once it listens, and serves until it is stopped.
 */
public final class EmulatorMain {

  private static final String USAGE =
      "expected [--host HOST] [--port PORT] [--topic projects/P/topics/T]..."
          + " [--subscription projects/P/subscriptions/S:projects/P/topics/T]...";

  private EmulatorMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    EmbeddedPubSub emulator;
    try {
      emulator = start(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    System.out.println("Pub/Sub emulator listening on " + emulator.address());
    Runtime.getRuntime().addShutdownHook(new Thread(emulator::close));
    new CountDownLatch(1).await();
  }

  /**
   * @throws IllegalArgumentException saying which argument is wrong and what is expected
   */
  static EmbeddedPubSub start(String... arguments) {
    String host = "127.0.0.1";
    int port = 8085;
    List<String> topics = new ArrayList<>();
    Map<String, String> subscriptions = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + " has no value: " + USAGE);
      }
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--host" -> host = value;
        case "--port" -> port = port(value);
        case "--topic" -> topics.add(value);
        case "--subscription" -> {
          int colon = value.indexOf(':');
          if (colon < 0) {
            throw new IllegalArgumentException("--subscription " + value + ": " + USAGE);
          }
          subscriptions.put(value.substring(0, colon), value.substring(colon + 1));
        }
        default -> throw new IllegalArgumentException(arguments[i] + " is unknown: " + USAGE);
      }
    }
    EmbeddedPubSub emulator = EmbeddedPubSub.start(host, port);
    try {
      topics.forEach(emulator::createTopic);
      subscriptions.forEach(emulator::createSubscription);
    } catch (io.grpc.StatusRuntimeException e) {
      emulator.close();
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    return emulator;
  }

  private static int port(String value) {
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // falls through to the one message for every wrong port
    }
    throw new IllegalArgumentException("--port " + value + ": expected 0 to 65535");
  }
}
