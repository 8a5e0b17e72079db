package io.modelrefresh.agent;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The catalog's file changes under the running agent. */
@QuarkusTest
@WithTestResource(CatalogMount.class)
class CatalogReloadTest {

  private static final String JOB = "apiVersion: batch/v1\nkind: Job\n";

  @Inject EmbeddedPubSub emulator;

  private final FakeModelServer fraud = FakeModelServer.start().model("fraud");
  private final FakeModelServer churn = FakeModelServer.start().model("churn");
  private Topic topic;
  private SubscriptionProbe subscription;

  @BeforeEach
  void agent() {
    topic = new Topic(emulator.address(), "dev");
    subscription = emulator.probe(topic.subscription());
  }

  @AfterEach
  void close() {
    fraud.heal();
    CatalogMount.show(CatalogMount.NO_MODELS);
    await().untilAsserted(() -> given().get("/v1/models").then().body("size()", is(0)));
    topic.close();
    fraud.close();
    churn.close();
  }

  private static String catalog(String... models) {
    return "model-refresh:\n  models:\n" + String.join("", models);
  }

  private static String model(String name, FakeModelServer server, String view) {
    return """
        %s:
          feature-views: [%s]
          server: { protocol: open-inference, replicas: "%s" }
          refresh: { quiet-period: 20ms, objective: 7s }
    """
        .formatted(name, view, server.address());
  }

  private void awaitAcked(String message) {
    await().until(() -> subscription.ackedMessageIds().contains(message));
  }

  private static String metrics() {
    return management().get("/q/metrics").asString();
  }

  private static RequestSpecification management() {
    return given()
        .port(ConfigProvider.getConfig().getValue("quarkus.management.test-port", Integer.class));
  }

  @Test
  void modelsComeChangeAndGoWithTheFile() {
    CatalogMount.show(catalog(model("fraud", fraud, "payments")));
    await().until(() -> fraud.loadCount("fraud") == 1);
    awaitAcked(topic.update("payments"));
    assertThat(fraud.loadCount("fraud")).isEqualTo(2);
    assertThat(metrics()).contains("model_replicas{model=\"fraud\"} 1.0");
    assertThat(metrics()).contains("model_refresh_objective_seconds{model=\"fraud\"} 7.0");

    CatalogMount.show(catalog(model("fraud", fraud, "cards"), model("churn", churn, "payments")));
    await().until(() -> churn.loadCount("churn") == 1 && fraud.loadCount("fraud") == 3);
    awaitAcked(topic.update("payments"));
    assertThat(churn.loadCount("churn")).isEqualTo(2);
    awaitAcked(topic.update("cards"));
    assertThat(fraud.loadCount("fraud")).isEqualTo(4);

    CatalogMount.show(catalog(model("churn", churn, "payments")));
    await().untilAsserted(() -> given().get("/v1/models/fraud").then().statusCode(404));
    awaitAcked(topic.update("cards"));
    assertThat(fraud.loadCount("fraud")).isEqualTo(4);
    await().untilAsserted(() -> assertThat(metrics()).doesNotContain("model=\"fraud\""));
  }

  @Test
  void whatIsOwedToAModelThatIsTakenOutIsAcknowledged() {
    fraud.failAlways(500);
    CatalogMount.show(catalog(model("fraud", fraud, "payments")));
    await().until(() -> fraud.loadCount("fraud") > 0);
    String message = topic.update("payments");
    await()
        .untilAsserted(() -> given().get("/v1/models/fraud").then().body("held_messages", is(1)));

    CatalogMount.show(CatalogMount.NO_MODELS);

    awaitAcked(message);
  }

  @Test
  void aBrokenFileIsRefusedWithItsReasonAndTheModelsStayAsTheyWere() {
    CatalogMount.show(catalog(model("fraud", fraud, "payments")));
    await().until(() -> fraud.loadCount("fraud") == 1);
    await().untilAsserted(() -> management().get("/q/health/well").then().statusCode(200));

    CatalogMount.show(
        catalog(model("fraud", fraud, "payments").replace("open-inference", "telepathy")));

    await()
        .untilAsserted(
            () ->
                management()
                    .get("/q/health/well")
                    .then()
                    .statusCode(503)
                    .body("checks.name", hasItem("catalog-file"))
                    .body(
                        "checks.find { it.name == 'catalog-file' }.data.reason",
                        containsString(
                            "model-refresh.models.fraud.server.protocol: expected open-inference,"
                                + " triton or http, got \"telepathy\"")));
    assertThat(metrics()).contains("model_catalog_last_reload_successful 0.0");
    management().get("/q/health/live").then().statusCode(200);
    management().get("/q/health/ready").then().statusCode(200);
    awaitAcked(topic.update("payments"));
    assertThat(fraud.loadCount("fraud")).isEqualTo(2);

    CatalogMount.show(catalog(model("fraud", fraud, "payments")));

    await().untilAsserted(() -> management().get("/q/health/well").then().statusCode(200));
    assertThat(metrics()).contains("model_catalog_last_reload_successful 1.0");
    given().get("/v1/models/fraud").then().body("pending", is(List.of()));
    assertThat(fraud.loadCount("fraud")).isEqualTo(2);
  }

  @Test
  void aFileThatIsAwayForAMomentChangesNothing() throws IOException {
    CatalogMount.show(catalog(model("fraud", fraud, "payments")));
    await().until(() -> fraud.loadCount("fraud") == 1);

    CatalogMount.hide();
    await()
        .untilAsserted(
            () ->
                management()
                    .get("/q/health/well")
                    .then()
                    .body(
                        "checks.find { it.name == 'catalog-file' }.data.reason",
                        containsString("there is no such file")));
    CatalogMount.show(catalog(model("fraud", fraud, "payments")));

    await().untilAsserted(() -> management().get("/q/health/well").then().statusCode(200));
    given().get("/v1/models/fraud").then().body("pending", is(List.of()));
    assertThat(fraud.loadCount("fraud")).isEqualTo(1);
  }

  @Test
  void whatIsRefusedForItsTemplateOrByTheClusterIsTakenOverOnceThatAloneIsMended(
      @TempDir Path directory) throws IOException {
    Path template = Files.writeString(directory.resolve("job.yaml"), JOB + "spec: {#if}\n");
    CatalogMount.CLUSTER.intercept(
        request ->
            request.getPath().contains("dryRun=All")
                ? Optional.of(ApiServer.refusal(422, "Invalid", "spec.template: Required value"))
                : Optional.empty());
    CatalogMount.show(catalog(retrained("fraud", fraud, template)));
    awaitRefusal(template + ": line 3");

    Files.writeString(template, JOB);
    awaitRefusal("spec.template: Required value");
    given().get("/v1/models").then().body("size()", is(0));
    CatalogMount.CLUSTER.intercept(ApiServer.Interceptor.NONE);

    await().untilAsserted(() -> given().get("/v1/models").then().body("model", hasItem("fraud")));
    await().untilAsserted(() -> management().get("/q/health/well").then().statusCode(200));
  }

  private static String retrained(String name, FakeModelServer server, Path template) {
    return model(name, server, "payments")
        + """
              retraining:
                changes: [schema]
                queue: kubernetes
                kubernetes: { template-file: "%s" }
        """
            .formatted(template);
  }

  private static void awaitRefusal(String reason) {
    await()
        .untilAsserted(
            () ->
                management()
                    .get("/q/health/well")
                    .then()
                    .body(
                        "checks.find { it.name == 'catalog-file' }.data.reason",
                        containsString(reason)));
  }

  @Test
  void aTemplateThatCannotBeUsedIsRefusedAsAMistakeIs() {
    CatalogMount.show(
        catalog(
            model("churn", churn, "payments"),
            model("fraud", fraud, "payments")
                .replace(
                    "protocol: open-inference,",
                    "protocol: http, http: { path: \"/reload/{model\" },")));

    await()
        .untilAsserted(
            () ->
                management()
                    .get("/q/health/well")
                    .then()
                    .body(
                        "checks.find { it.name == 'catalog-file' }.data.reason",
                        containsString("model-refresh.models.fraud.server.http.path")));
    given().get("/v1/models").then().body("model", not(hasItem("churn")));
  }
}
