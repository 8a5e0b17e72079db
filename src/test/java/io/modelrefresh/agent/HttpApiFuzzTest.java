package io.modelrefresh.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.api.SilentCloseable;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.FuzzInput;
import io.modelrefresh.Mutations;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What anyone may send to the HTTP API, on a socket: a line such as {@code POST
 * models/once/refresh}, then headers, each on a line, then the body.
 */
@QuarkusTest
@WithTestResource(ModelFleet.class)
class HttpApiFuzzTest {

  private static final Path KEPT =
      Path.of("src/test/resources/io/modelrefresh/agent/HttpApiFuzzTestInputs");

  private static final Pattern LENGTH = Pattern.compile("(?i)content-length: ([0-9]+)");

  private static final int MUTATIONS = 300;
  private static final int PATIENCE_MILLIS = 30_000;

  /** What the HTTP server itself answers to what it cannot read as a request. */
  private static final Set<Integer> UNREADABLE = Set.of(400, 414, 431);

  @TestHTTPResource("/")
  URL address;

  /** To the agent; Jazzer takes any connection for a way to somewhere else. */
  private final SilentCloseable allowed = BugDetectors.allowNetworkConnections();

  @AfterEach
  void close() {
    allowed.close();
  }

  /**
   * The kept inputs, changed at random: within Quarkus's class loader Jazzer repeats inputs, but
   * guides nothing. Some hundred, or with the profile {@code fuzz} as many as fit in its duration.
   */
  @Test
  void whateverIsMadeOfTheKeptRequestsIsAnsweredInTheSameWay() throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    Optional<Instant> end =
        Optional.ofNullable(System.getProperty("fuzz.duration"))
            .map(duration -> Instant.now().plus(Duration.parse("PT" + duration)));
    Mutations mutations = new Mutations(keptInputs(), new Random(seed));
    int requests = 0;
    while (end.isPresent() ? Instant.now().isBefore(end.get()) : requests < MUTATIONS) {
      byte[] input = mutations.next();
      try {
        anyRequestIsAnsweredAndWhatIsWrongIsAProblemDocument(input);
      } catch (AssertionError | IOException | RuntimeException e) {
        throw new AssertionError("keep this input: " + new String(input, ISO_8859_1), e);
      }
      requests++;
    }
    System.out.printf("HttpApiFuzzTest: %d requests, repeat with -Dseed=%d%n", requests, seed);
  }

  private static List<byte[]> keptInputs() throws IOException {
    List<byte[]> kept = new ArrayList<>();
    try (Stream<Path> files = Files.walk(KEPT)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        kept.add(Files.readAllBytes(file));
      }
    }
    return kept;
  }

  @FuzzTest
  void anyRequestIsAnsweredAndWhatIsWrongIsAProblemDocument(byte[] input) throws IOException {
    Answer answer = send(request(FuzzInput.of(input)));

    if (answer.status() >= 400 && !(UNREADABLE.contains(answer.status()) && answer.isBare())) {
      assertThat(answer.status()).isIn(400, 403, 404, 405, 406, 413, 415, 429, 503);
      assertThat(answer.head()).containsIgnoringCase("content-type: application/problem+json");
      JsonObject problem = new JsonObject(answer.body());
      assertThat(problem.getInteger("status")).isEqualTo(answer.status());
      assertThat(problem.getString("title")).isNotBlank();
    }
  }

  private static byte[] request(FuzzInput input) throws IOException {
    String[] line = (input.head().get(0) + " ").split(" ", 2);
    StringBuilder head = new StringBuilder();
    head.append(line[0]).append(" /v1/").append(line[1].strip()).append(" HTTP/1.1\r\n");
    head.append("Host: agent\r\nConnection: close\r\n"); // Without a host it is no request.
    for (String header : input.head().subList(1, input.head().size())) {
      head.append(header).append("\r\n");
    }
    head.append("Content-Length: ");
    head.append(input.body().length).append("\r\n\r\n");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(head.toString().getBytes(UTF_8));
    bytes.write(input.body());
    return bytes.toByteArray();
  }

  /** What was answered; status 0 when the server hung up on something that is no request. */
  private record Answer(int status, String head, String body) {

    /** The first one: what follows the length that was said is of a request no more. */
    static Answer of(String text) {
      if (!text.startsWith("HTTP/1.1 ")) {
        return new Answer(0, "", "");
      }
      String[] parts = text.split("\r\n\r\n", 2);
      String body =
          LENGTH
              .matcher(parts[0])
              .results()
              .map(length -> parts[1].substring(0, Integer.parseInt(length.group(1))))
              .findFirst()
              .orElse(parts[1]);
      return new Answer(Integer.parseInt(text.substring(9, 12)), parts[0], body);
    }

    boolean isBare() {
      return !head.toLowerCase(Locale.ROOT).contains("content-type");
    }
  }

  /** Events go on for as long as someone listens. */
  private static boolean isAStream(ByteArrayOutputStream answer) {
    return answer.size() < 2_000
        && answer.toString(ISO_8859_1).contains("text/event-stream")
        && answer.toString(ISO_8859_1).contains("\r\n\r\n");
  }

  private Answer send(byte[] request) throws IOException {
    try (Socket socket = new Socket(address.getHost(), address.getPort())) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      try {
        socket.getOutputStream().write(request);
        socket.shutdownOutput();
        byte[] part = new byte[8_192];
        for (int read = 0; read >= 0 && !isAStream(answer); ) {
          answer.write(part, 0, read);
          read = socket.getInputStream().read(part);
        }
      } catch (SocketException e) {
        // Hung up on: what was answered before that counts.
      }
      return Answer.of(answer.toString(ISO_8859_1));
    }
  }
}
