package io.modelrefresh.operations;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** A real Prometheus server on loopback, which scrapes agents and evaluates the alerts. */
public final class Prometheus implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final Process process;
  private final String address;
  private final Path directory;

  private Prometheus(Process process, String address, Path directory) {
    this.process = process;
    this.address = address;
    this.directory = directory;
  }

  public static boolean present() {
    return Tool.present("prometheus") && Tool.present("promtool");
  }

  /** Evaluates the alerts every second; what it reads and stores is in the directory. */
  public static Prometheus start(Path directory) {
    Monitoring.writeImpatientAlerts(directory.resolve("alerts.yaml"));
    Monitoring.write(
        directory.resolve("prometheus.yaml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: [alerts.yaml]
        scrape_configs:
          - job_name: model-refresh-agent
            metrics_path: /q/metrics
            file_sd_configs: [{files: [targets.yaml], refresh_interval: 1s}]
        """);
    try {
      String address = "127.0.0.1:" + freePort();
      Process process =
          new ProcessBuilder(
                  "prometheus",
                  "--config.file=" + directory.resolve("prometheus.yaml"),
                  "--storage.tsdb.path=" + directory.resolve("data"),
                  "--web.listen-address=" + address)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("prometheus.log").toFile())
              .start();
      var prometheus = new Prometheus(process, address, directory);
      await("Prometheus to be ready").until(prometheus::ready);
      return prometheus;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on scrapes these, as {@code host:port}, every second, and no other. */
  public void scrape(String... targets) {
    Monitoring.write(
        directory.resolve("targets.yaml"), "[{targets: [" + String.join(", ", targets) + "]}]\n");
    await("Prometheus to scrape").until(() -> query("up == 1").size() == targets.length);
  }

  /** The names of the alerts that fire. */
  public Set<String> firing() {
    Set<String> firing = new TreeSet<>();
    for (JsonNode alert : get("/api/v1/alerts").at("/data/alerts")) {
      if (alert.get("state").asText().equals("firing")) {
        firing.add(alert.at("/labels/alertname").asText());
      }
    }
    return firing;
  }

  /** The samples that an instant query answers. */
  public JsonNode query(String expression) {
    return get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
        .at("/data/result");
  }

  private boolean ready() {
    try {
      return HTTP.send(
                  HttpRequest.newBuilder(URI.create("http://" + address + "/-/ready"))
                      .timeout(Duration.ofSeconds(2))
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private JsonNode get(String path) {
    try {
      return JSON.readTree(
          HTTP.send(
                  HttpRequest.newBuilder(URI.create("http://" + address + path)).build(),
                  HttpResponse.BodyHandlers.ofString())
              .body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
