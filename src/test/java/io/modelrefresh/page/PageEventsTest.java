package io.modelrefresh.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.PubsubMessage;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.agent.ModelFleet;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.serving.FakeModelServer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The stream a page listens to, over HTTP, of a running agent. */
@QuarkusTest
@WithTestResource(ModelFleet.class)
class PageEventsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = "watched";

  @Inject EmbeddedPubSub emulator;
  @Inject PageStream stream;

  @TestHTTPResource("/v1/events")
  URI events;

  private final List<Viewer> viewers = new ArrayList<>();

  @AfterEach
  void leave() {
    viewers.forEach(Viewer::leave);
    ModelFleet.serversOf(MODEL).forEach(FakeModelServer::heal);
    await().until(() -> stream.viewers() == 0);
  }

  /** One who watches, and everything told so far. */
  private static final class Viewer {

    private final List<JsonNode> told = new CopyOnWriteArrayList<>();
    private final HttpResponse<Stream<String>> answer;

    Viewer(URI events) {
      try {
        answer =
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(events).build(), HttpResponse.BodyHandlers.ofLines());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
      Thread reader = new Thread(this::read, "viewer");
      reader.setDaemon(true);
      reader.start();
    }

    private void read() {
      try {
        answer
            .body()
            .filter(line -> line.startsWith("data:"))
            .map(line -> parse(line.substring("data:".length())))
            .forEach(told::add);
      } catch (UncheckedIOException e) {
        // The viewer has left.
      }
    }

    private static JsonNode parse(String json) {
      try {
        return JSON.readTree(json);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void leave() {
      CompletableFuture.runAsync(answer.body()::close).join();
    }

    private Stream<JsonNode> all(String list) {
      return told.stream()
          .flatMap(event -> StreamSupport.stream(event.path(list).spliterator(), false));
    }

    void awaitModel(Predicate<JsonNode> state) {
      await()
          .until(
              () ->
                  all("models")
                      .filter(model -> model.path("model").asText().equals(MODEL))
                      .anyMatch(state));
    }
  }

  private Viewer watch() {
    Viewer viewer = new Viewer(events);
    viewers.add(viewer);
    assertThat(viewer.answer.statusCode()).isEqualTo(200);
    await().until(() -> !viewer.told.isEmpty());
    return viewer;
  }

  private static void publish(String view) {
    RestAssured.given()
        .contentType(ContentType.JSON)
        .body("{\"feature_view\": \"" + view + "\"}")
        .post("/v1/feature-updates")
        .then()
        .statusCode(202);
  }

  private String publishPoison() {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
    try {
      return PublisherGrpc.newBlockingStub(channel)
          .publish(
              PublishRequest.newBuilder()
                  .setTopic("projects/dev/topics/feature-updates")
                  .addMessages(
                      PubsubMessage.newBuilder()
                          .setData(ByteString.copyFromUtf8("{\"feature_view\": 7}")))
                  .build())
          .getMessageIds(0);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void whoComesIsToldEverythingAndThenOnlyWhatAnUpdateChanges() {
    Viewer viewer = watch();
    JsonNode first = viewer.told.get(0);
    assertThat(first.path("reset").asBoolean()).isTrue();
    assertThat(first.path("models").findValuesAsText("model")).contains(MODEL, "once", "burst");
    int before = viewer.told.size();

    publish(ModelFleet.viewOf(MODEL));

    viewer.awaitModel(
        model -> model.path("state").asText().equals("idle") && model.hasNonNull("last_success"));
    await()
        .until(
            () ->
                viewer
                    .all("refreshes")
                    .anyMatch(
                        refresh ->
                            refresh.path("model").asText().equals(MODEL)
                                && refresh.path("outcome").asText().equals("success")
                                && refresh.path("propagation").asText().startsWith("PT")));
    assertThat(viewer.told.subList(before, viewer.told.size()))
        .as("not everything again")
        .allMatch(event -> !event.path("reset").asBoolean())
        .allMatch(event -> event.path("models").size() < first.path("models").size());
  }

  @Test
  void whatIsPendingAndWhyIsToldWhileItIs() {
    ModelFleet.serversOf(MODEL).forEach(FakeModelServer::gateLoads);
    Viewer viewer = watch();

    publish(ModelFleet.viewOf(MODEL));

    viewer.awaitModel(
        model ->
            model.path("state").asText().equals("rolling_out")
                && model.path("pending").toString().contains("owes a refresh for watched_view")
                && model.hasNonNull("pending_since"));
    ModelFleet.serversOf(MODEL).forEach(FakeModelServer::releaseLoads);
    viewer.awaitModel(
        model -> model.path("state").asText().equals("idle") && model.path("pending").isEmpty());
  }

  @Test
  void aMessageOnTheDeadLetterTopicIsToldWithItsCause() {
    Viewer viewer = watch();

    String message = publishPoison();

    await()
        .until(
            () ->
                viewer.told.stream()
                    .flatMap(event -> event.path("dead_letters").findParents("message_id").stream())
                    .anyMatch(
                        letter ->
                            letter.path("message_id").asText().equals(message)
                                && letter.path("cause").asText().contains("feature_view")));
  }

  @Test
  void theStreamsOpenSubscriptionIsTold() {
    Viewer viewer = watch();

    await()
        .until(
            () ->
                viewer.told.stream()
                    .anyMatch(event -> event.at("/subscription/open").asBoolean(false)));
  }

  @Test
  void oneViewerMoreThanThereMayBeIsRefusedUntilOneLeaves() {
    while (viewers.size() < PageStream.MOST_VIEWERS) {
      watch();
    }

    RestAssured.get(events)
        .then()
        .statusCode(429)
        .contentType("application/problem+json")
        .body("detail", Matchers.containsString("32 viewers watch already"));
    viewers.remove(0).leave();
    await().until(() -> !stream.isFull());
    watch();
  }

  @Test
  void thePageAndItsFilesMayLoadNothingFromElsewhereAndAreNotKeptPastAnUpgrade() {
    for (String file : List.of("/", "/page.js", "/page.css")) {
      RestAssured.get(file)
          .then()
          .statusCode(200)
          .header(
              "Content-Security-Policy",
              Matchers.allOf(
                  Matchers.startsWith("default-src 'none'; script-src 'self';"),
                  Matchers.containsString("require-trusted-types-for 'script'"),
                  Matchers.not(Matchers.containsString("unsafe")),
                  Matchers.not(Matchers.containsString("http"))))
          .header("X-Content-Type-Options", "nosniff")
          .header("Cache-Control", Matchers.not(Matchers.containsString("immutable")));
    }
  }
}
