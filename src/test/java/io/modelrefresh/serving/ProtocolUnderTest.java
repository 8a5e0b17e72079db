package io.modelrefresh.serving;

import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Every protocol, for a model {@code m} with a smoke check: its adapter, its fake, its requests.
 */
public enum ProtocolUnderTest {
  OPEN_INFERENCE("POST /v2/repository/models/m/load", "GET /v2/models/m/ready"),
  TRITON("POST /v2/repository/models/m/load", "GET /v2/models/m/ready"),
  HTTP("PUT /custom/m", "GET /custom/m/ready");

  private final String load;
  private final String ready;

  ProtocolUnderTest(String load, String ready) {
    this.load = load;
    this.ready = ready;
  }

  ModelServer server() {
    ModelServer server =
        switch (this) {
          case OPEN_INFERENCE -> new OpenInferenceServer("m");
          case TRITON -> new TritonServer("m", Optional.empty());
          case HTTP ->
              new HttpModelServer(
                  "m",
                  new HttpRequestTemplate(
                      "PUT",
                      "/custom/{model}",
                      Map.of(),
                      Optional.of("{\"model\": \"{model}\"}"),
                      Set.of(),
                      Optional.of("/custom/{model}/ready")),
                  "model-refresh.models.m.server.http");
        };
    return new SmokeCheckedServer(
        server,
        new SmokeCheck("/v2/models/m/infer", Optional.of("{}"), Optional.empty()),
        "model-refresh.models.m.server.smoke-check");
  }

  /** Loads by this protocol, with connections of its own that end with Vert.x. */
  public ReplicaLoader loader(Vertx vertx, Duration timeout) {
    return new VerifiedLoader(new ReplicaHttp(vertx), server(), ReplicaAccess.OPEN, timeout);
  }

  /** Starts a server that speaks it, and serves the model. */
  public FakeModelServer start() {
    return (this == TRITON ? FakeTriton.start() : FakeModelServer.start())
        .model("m")
        .loadRoute("PUT", "/custom/m", "m")
        .readyRoute("/custom/m/ready", "m");
  }

  /** Puts the protocol's requests in the place of LOAD, READY and FIRST, the first of a load. */
  String named(String text) {
    return text.replace("LOAD", load)
        .replace("READY", ready)
        .replace("FIRST", this == TRITON ? "GET /v2/models/m/config" : load);
  }
}
