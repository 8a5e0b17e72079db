package io.modelrefresh.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A headless Chromium with one page, driven by the DevTools protocol (public document: "Chrome
 * DevTools Protocol").
 */
public final class Browser implements AutoCloseable {

  public static final String ABSENT =
      "no browser: what a person sees on the page is NOT tested. Put chromium on the PATH, or name"
          + " one by the system property browser";

  private static final Duration START = Duration.ofSeconds(60);
  private static final long ANSWER_SECONDS = 30;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path profile;
  private final WebSocket socket;
  private final Map<Integer, CompletableFuture<JsonNode>> calls;
  private int lastCall;

  private Browser(
      Process process,
      Path profile,
      WebSocket socket,
      Map<Integer, CompletableFuture<JsonNode>> calls) {
    this.process = process;
    this.profile = profile;
    this.socket = socket;
    this.calls = calls;
  }

  /** Where a Chromium is on this machine; empty if none is known. */
  public static Optional<Path> executable() {
    Stream<Path> named = Stream.ofNullable(System.getProperty("browser")).map(Path::of);
    Stream<Path> onPath =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .flatMap(
                directory ->
                    Stream.of("chromium", "chromium-browser", "google-chrome")
                        .map(name -> Path.of(directory, name)));
    return Stream.concat(named, onPath).filter(Files::isExecutable).findFirst();
  }

  /** Starts it, with an empty page in a window of this size. */
  public static Browser start(Path executable, int width, int height) {
    try {
      Path profile = Files.createTempDirectory("browser");
      Process process =
          new ProcessBuilder(
                  executable.toString(),
                  "--headless",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--disable-dev-shm-usage",
                  "--disable-quic",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--disable-sync",
                  "--no-first-run",
                  "--remote-debugging-port=0",
                  "--user-data-dir=" + profile,
                  "about:blank")
              .redirectErrorStream(true)
              .redirectOutput(profile.resolve("log").toFile())
              .start();
      Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
      WebSocket socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(URI.create(debugger(process, profile)), new Answers(calls))
              .get(ANSWER_SECONDS, TimeUnit.SECONDS);
      Browser browser = new Browser(process, profile, socket, calls);
      browser.size(width, height);
      return browser;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new IllegalStateException("the browser cannot be driven", e);
    }
  }

  /** The address of the first page, once the browser has written on which port it listens. */
  private static String debugger(Process process, Path profile)
      throws IOException, InterruptedException {
    Path file = profile.resolve("DevToolsActivePort");
    Awaitility.await("the browser has started")
        .atMost(START)
        .until(() -> !process.isAlive() || Files.exists(file) && Files.size(file) > 0);
    if (!process.isAlive()) {
      throw new IllegalStateException(
          "the browser ended: " + Files.readString(profile.resolve("log")));
    }
    URI list =
        URI.create("http://127.0.0.1:" + Files.readAllLines(file).get(0).strip() + "/json/list");
    return Awaitility.await("the browser has a page")
        .atMost(START)
        .until(() -> firstPage(list), Optional::isPresent)
        .orElseThrow();
  }

  private static Optional<String> firstPage(URI list) throws IOException, InterruptedException {
    JsonNode all =
        JSON.readTree(
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(list).build(), BodyHandlers.ofString())
                .body());
    for (JsonNode page : all) {
      if (page.path("type").asText().equals("page")) {
        return Optional.of(page.path("webSocketDebuggerUrl").asText());
      }
    }
    return Optional.empty();
  }

  /** Lays the page out as in a window of this size; one as narrow as a phone is one. */
  public Browser size(int width, int height) {
    call(
        "Emulation.setDeviceMetricsOverride",
        JSON.createObjectNode()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", 1)
            .put("mobile", width < 600));
    return this;
  }

  /** Returns once the page is there: while it is being loaded there may be nothing to ask. */
  public Browser open(String url) {
    call("Page.navigate", JSON.createObjectNode().put("url", url));
    Awaitility.await(url + " is loaded")
        .ignoreExceptions()
        .until(
            () ->
                run("location.href + ' ' + document.readyState")
                    .asText()
                    .equals(url + " complete"));
    return this;
  }

  /** What a person can read on the page. */
  public String text() {
    return run("document.body ? document.body.innerText : ''").asText();
  }

  /** The value of an expression, evaluated in the page. */
  public JsonNode run(String expression) {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            JSON.createObjectNode()
                .put("expression", expression)
                .put("returnByValue", true)
                .put("awaitPromise", true));
    if (answer.has("exceptionDetails")) {
      throw new IllegalStateException(expression + ": " + answer.get("exceptionDetails"));
    }
    return answer.path("result").path("value");
  }

  /**
   * Presses the button of this label as a mouse does, in the middle of where it is seen; again, if
   * the page has moved it meanwhile.
   */
  public Browser press(String label) {
    Awaitility.await("button " + label + " is pressed").until(() -> isPressed(label));
    return this;
  }

  private boolean isPressed(String label) {
    JsonNode middle =
        run(
            """
            (() => {
              const wanted = [...document.querySelectorAll('button, summary')]
                .filter((each) => each.textContent === '%s' && each.checkVisibility())[0];
              if (!wanted) return null;
              window.pressed = false;
              wanted.addEventListener('click', () => { window.pressed = true; }, { once: true });
              wanted.scrollIntoView({ block: 'center' });
              const { x, y, width, height } = wanted.getBoundingClientRect();
              return { x: x + width / 2, y: y + height / 2 };
            })()"""
                .formatted(label));
    if (!middle.isObject()) {
      return false;
    }
    for (String type : new String[] {"mousePressed", "mouseReleased"}) {
      call(
          "Input.dispatchMouseEvent",
          JSON.createObjectNode()
              .put("type", type)
              .put("x", middle.path("x").asDouble())
              .put("y", middle.path("y").asDouble())
              .put("button", "left")
              .put("clickCount", 1));
    }
    return run("window.pressed").asBoolean();
  }

  /** Types into what has the focus. */
  public Browser type(String text) {
    call("Input.insertText", JSON.createObjectNode().put("text", text));
    return this;
  }

  /** A picture of what is in the window, PNG. */
  public byte[] picture() {
    return Base64.getDecoder()
        .decode(call("Page.captureScreenshot", JSON.createObjectNode()).path("data").asText());
  }

  private JsonNode call(String method, ObjectNode parameters) {
    lastCall++;
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    calls.put(lastCall, answer);
    ObjectNode request = JSON.createObjectNode().put("id", lastCall).put("method", method);
    socket.sendText(request.set("params", parameters).toString(), true);
    try {
      JsonNode message = answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
      if (message.has("error")) {
        throw new IllegalStateException(method + ": " + message.get("error"));
      }
      return message.path("result");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      throw new IllegalStateException(method, e);
    }
  }

  /** Puts messages together, and hands each answer to its call. */
  private record Answers(Map<Integer, CompletableFuture<JsonNode>> calls, StringBuilder text)
      implements WebSocket.Listener {

    Answers(Map<Integer, CompletableFuture<JsonNode>> calls) {
      this(calls, new StringBuilder());
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        try {
          JsonNode message = JSON.readTree(text.toString());
          Optional.ofNullable(calls.remove(message.path("id").asInt()))
              .ifPresent(call -> call.complete(message));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } finally {
          text.setLength(0);
        }
      }
      socket.request(1);
      return null;
    }
  }

  @Override
  public void close() {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
      deleteProfile();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // What is left of a temporary directory harms nobody.
    }
  }

  private void deleteProfile() throws IOException {
    try (Stream<Path> files = Files.walk(profile)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
