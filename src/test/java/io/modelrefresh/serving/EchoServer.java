package io.modelrefresh.serving;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server that repeats whatever it is sent: path, credentials and body, in the body of its answer
 * and as the place it redirects to. The status is what the path begins with, {@code /500/..};
 * {@code /json/500/..} repeats it in the error of the Open Inference Protocol. Any other path is
 * 200.
 */
public final class EchoServer implements AutoCloseable {

  private static final Pattern STATUS = Pattern.compile("/(json/)?(\\d{3})/.*");

  private final HttpServer server;
  private final List<String> echoed = new CopyOnWriteArrayList<>();

  private EchoServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::echo);
    server.start();
  }

  public static EchoServer start() {
    return new EchoServer();
  }

  public String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  Replica replica() {
    return new Replica("http", "127.0.0.1", server.getAddress().getPort());
  }

  /** What it has repeated so far, an answer each. */
  public List<String> echoed() {
    return List.copyOf(echoed);
  }

  private void echo(HttpExchange exchange) throws IOException {
    String uri = exchange.getRequestURI().toString();
    String credentials =
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")).orElse("");
    String body =
        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8).strip();
    String heard = uri + " " + credentials + " " + body;
    echoed.add(heard);
    Matcher wanted = STATUS.matcher(uri);
    boolean matches = wanted.matches();
    String said =
        matches && wanted.group(1) != null ? new JsonObject().put("error", heard).encode() : heard;
    byte[] answer = said.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Location", uri);
    exchange.sendResponseHeaders(matches ? Integer.parseInt(wanted.group(2)) : 200, answer.length);
    try (exchange) {
      exchange.getResponseBody().write(answer);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
