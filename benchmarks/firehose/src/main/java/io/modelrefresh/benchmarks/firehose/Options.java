package io.modelrefresh.benchmarks.firehose;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * @param port 0 for a free one
 * @param batch most messages in one response
 * @param views feature views the messages are about, in turn
 * @param bodyBytes about how long a body is, if more than 195
 * @param ackIdLength about what the service uses, if 176
 * @param leaseMillis after which an unextended message is redelivered; 0 for never
 * @param replicas model servers to run besides
 * @param consumerPid a file with the process id of the consumer, whose CPU time is measured
 */
record Options(
    int port,
    int messages,
    int batch,
    int views,
    int bodyBytes,
    int ackIdLength,
    long leaseMillis,
    int replicas,
    Optional<Path> consumerPid) {

  static Options of(String[] arguments) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      given.put(arguments[i], arguments[i + 1]);
    }
    Options options =
        new Options(
            number(given, "--port", 0),
            number(given, "--messages", 1_000_000),
            number(given, "--batch", 200),
            number(given, "--views", 1),
            number(given, "--body-bytes", 0),
            number(given, "--ack-id-length", 176),
            number(given, "--lease-ms", 0),
            number(given, "--replicas", 2),
            Optional.ofNullable(given.remove("--consumer-pid-file")).map(Path::of));
    if (!given.isEmpty() || arguments.length % 2 != 0) {
      throw new IllegalArgumentException("no such option: " + String.join(" ", arguments));
    }
    return options;
  }

  private static int number(Map<String, String> given, String option, int otherwise) {
    String value = given.remove(option);
    return value == null ? otherwise : Integer.parseInt(value);
  }
}
