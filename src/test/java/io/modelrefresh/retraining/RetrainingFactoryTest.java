package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.ApiServer;
import io.modelrefresh.NoTls;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found out before the first job. */
class RetrainingFactoryTest {

  private static final String GOOD =
      "apiVersion: batch/v1\nkind: Job\nmetadata: {namespace: ml}\nspec: {template: {spec: {}}}\n";

  private final Vertx vertx = Vertx.vertx();
  private final ApiServer server = new ApiServer().up();
  private Supplier<KubernetesClient> clients = server::client;
  @TempDir private Path directory;

  @AfterEach
  void close() {
    server.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void aGoodTemplateIsTriedOnTheServerByADryRunThatCreatesNothing() throws IOException {
    requireUsable(false, model("fraud", GOOD));

    assertThat(server.requests("POST")).isEqualTo(1);
    assertThat(server.creations()).isEmpty();
  }

  @Test
  void everyBrokenTemplateIsNamedWithItsKeyFileAndLineAndNoServerIsAsked() throws IOException {
    Model one = model("one", GOOD + "  x: \"{job.modle}\"\n");
    Model two = model("two", "kind: [");

    assertThatThrownBy(() -> requireUsable(false, one, two))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "model-refresh.models.one.retraining.kubernetes.template-file: "
                + directory.resolve("one.yaml")
                + ": line 5")
        .hasMessageContaining(
            "model-refresh.models.two.retraining.kubernetes.template-file: "
                + directory.resolve("two.yaml")
                + ": line 1");
    assertThat(server.requests("POST")).isZero();
  }

  @Test
  void aTemplateTheServerFindsWrongIsNamedWithWhatItSays() throws IOException {
    server.intercept(
        request -> Optional.of(ApiServer.refusal(422, "Invalid", "spec.template: Required value")));

    assertThatThrownBy(() -> requireUsable(false, model("fraud", GOOD)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model-refresh.models.fraud.retraining.kubernetes: jobs.batch ml/")
        .hasMessageContaining("spec.template: Required value");
  }

  @Test
  void whatIsForbiddenDoesNotStopTheStartAndIsToldUntilItIsGranted() throws IOException {
    server.forbid(true);
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of(model("fraud", GOOD)));

      assertThat(factory.doubts()).containsOnlyKeys("fraud");
      assertThat(factory.doubts().get("fraud"))
          .contains("the verb create on jobs.batch in namespace ml");
      server.forbid(false);

      await().untilAsserted(() -> assertThat(factory.doubts()).isEmpty());
      assertThat(server.creations()).isEmpty();
    }
  }

  @Test
  void aServerThatIsDownDoesNotStopTheStartAndIsAskedAgainOnceItIsUp() throws IOException {
    server.down();
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of(model("fraud", GOOD)));
      assertThat(factory.doubts().get("fraud")).contains("the API server could not create it");
      server.up();

      await().untilAsserted(() -> assertThat(factory.doubts()).isEmpty());
    }
  }

  @Test
  void aClientThatCannotBeMadeDoesNotStopTheStart() throws IOException {
    clients =
        () -> {
          throw new IllegalStateException("there is no kubeconfig");
        };
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of(model("fraud", GOOD)));

      assertThat(factory.doubts()).containsEntry("fraud", "there is no kubeconfig");
    }
  }

  @Test
  void aModelThatIsNoMoreIsInNoDoubt() throws IOException {
    server.down();
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of(model("fraud", GOOD)));

      factory.requireUsable(List.of());

      assertThat(factory.doubts()).isEmpty();
    }
  }

  @Test
  void aDryRunOfTheAgentTouchesNoServer() throws IOException {
    requireUsable(true, model("fraud", GOOD));

    assertThat(server.requests("POST")).isZero();
  }

  @Test
  void aLedgerInMemoryIsRefusedWhereJobsWouldBeginAtOnceThatAreOwedForLater() throws IOException {
    Model model = model("fraud", GOOD);

    assertThatThrownBy(() -> requireUsable("memory", model))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model-refresh.models.fraud.retraining.queue: kubernetes needs")
        .hasMessageContaining("set model-refresh.retraining.ledger to kubernetes");
    requireUsable("memory", RetrainedModel.named("published"));
    requireUsable("kubernetes", model);
  }

  @Test
  void aCatalogThatBringsTheFirstModelQueuedInKubernetesIsRefusedOnceAutoHasChosenMemory()
      throws IOException {
    assumeThat(System.getenv("KUBERNETES_SERVICE_HOST")).isNull();
    Model model = model("fraud", GOOD);
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of());

      assertThatThrownBy(() -> factory.requireUsable(List.of(model)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("model-refresh.models.fraud.retraining.queue: kubernetes needs")
          .hasMessageContaining("or start the agent anew");
    }
    try (RetrainingFactory factory = factory("auto", false)) {
      factory.requireUsable(List.of(model));
    }
  }

  private Model model(String name, String template) throws IOException {
    Path file = Files.writeString(directory.resolve(name + ".yaml"), template);
    return RetrainedModel.named(
        name, new Kubernetes(new Source.TemplateFile(file), Optional.empty(), Duration.ofDays(7)));
  }

  private void requireUsable(boolean dryRun, Model... models) {
    try (RetrainingFactory factory = factory("auto", dryRun)) {
      factory.requireUsable(List.of(models));
    }
  }

  private void requireUsable(String ledger, Model... models) {
    try (RetrainingFactory factory = factory(ledger, false)) {
      factory.requireUsable(List.of(models));
    }
  }

  private RetrainingFactory factory(String ledger, boolean dryRun) {
    return new RetrainingFactory(
        new RetrainingSettings(ledger, Optional.empty(), Duration.ofMillis(100)),
        dryRun,
        () -> clients.get(),
        () -> null, // Nothing is published.
        new NoTls(),
        vertx,
        Clock.systemUTC());
  }
}
