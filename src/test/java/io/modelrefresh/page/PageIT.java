package io.modelrefresh.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.agent.AgentProcess;
import io.modelrefresh.agent.Topic;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.serving.FakeModelServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person sees on the page of a packaged agent, in a real browser. */
class PageIT {

  /** Would run its script wherever it became markup. */
  private static final String HOSTILE = "<img src=x onerror=document.title=1>";

  private static final String DEAD_LETTERS = "projects/it/topics/feature-updates-dead-letter";

  private static Optional<Path> executable = Optional.empty();

  private final FakeModelServer one = FakeModelServer.start().model("fraud");
  private final FakeModelServer two = FakeModelServer.start().model("fraud");
  private EmbeddedPubSub emulator;
  private Topic topic;
  private Browser browser;
  private Optional<AgentProcess> agent = Optional.empty();

  @BeforeAll
  static void find() {
    executable = Browser.executable();
    if (executable.isEmpty()) {
      Logger.getLogger(PageIT.class).warn(Browser.ABSENT);
    }
  }

  @BeforeEach
  void given() {
    assumeTrue(executable.isPresent(), Browser.ABSENT);
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), "it");
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic(DEAD_LETTERS);
    browser = Browser.start(executable.get(), 1280, 800);
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
    if (browser != null) {
      browser.close();
      agent.ifPresent(AgentProcess::close);
      topic.close();
      emulator.close();
    }
  }

  private void open(Map<String, String> more) {
    Map<String, String> configuration = new HashMap<>();
    configuration.put("model-refresh.models.fraud.feature-views", "payments,*");
    configuration.put("model-refresh.models.fraud.server.protocol", "open-inference");
    configuration.put(
        "model-refresh.models.fraud.server.replicas", one.address() + "," + two.address());
    configuration.put("model-refresh.models.fraud.refresh.quiet-period", "20ms");
    configuration.put("model-refresh.models.fraud.refresh.max-attempts", "2");
    configuration.put("model-refresh.resync-interval", "2s");
    configuration.putAll(more);
    AgentProcess started = AgentProcess.start(emulator.address(), configuration);
    agent = Optional.of(started);
    browser.open(started.awaitReady().url() + "/");
  }

  private void openAndAwaitFresh(Map<String, String> more) {
    open(more);
    awaitSeen("live", "2 of 2", "nothing");
  }

  private void awaitSeen(String... words) {
    await().untilAsserted(() -> assertThat(browser.text()).contains(words));
  }

  private void awaitNotSeen(String words) {
    await().untilAsserted(() -> assertThat(browser.text()).doesNotContain(words));
  }

  private int count(String selector) {
    return browser.run("document.querySelectorAll('" + selector + "').length").asInt();
  }

  @Test
  void whatAnUpdateChangesIsSeenWithoutLoadingThePageAgain() {
    openAndAwaitFresh(Map.of());
    awaitSeen("fraud", one.address(), two.address(), "no update yet", "asked for by no update");
    browser.run("window.loadedOnce = true");
    int bars = count("article .chart .bar");

    topic.update("payments");

    await().until(() -> count("article .chart .bar") == bars + 1);
    awaitNotSeen("no update yet");
    await()
        .untilAsserted(
            () -> {
              String watermark =
                  browser
                      .run("document.querySelector('.facts div:last-child time').textContent")
                      .asText();
              assertThat(browser.text()).contains("observed " + watermark);
            });
    assertThat(browser.run("window.loadedOnce").asBoolean(false)).isTrue();
  }

  @Test
  void aReplicaThatRefusesIsSeenWithItsReasonAndWhatIsOwedUntilItHeals() {
    openAndAwaitFresh(Map.of());
    two.failNext(1_000, 500, "{\"error\": \"" + HOSTILE + "\"}");

    topic.update("payments");

    awaitSeen("owed for", "Pending", "owes a refresh for payments", HOSTILE);
    awaitSeen("1 failing", "failures in a row");
    two.heal();
    awaitSeen("2 of 2", "every update received has taken effect", "none failing");
    awaitNotSeen("owes a refresh");
    assertNothingRan();
  }

  @Test
  void aFeatureViewNamedAsMarkupStaysText() {
    openAndAwaitFresh(Map.of());
    one.gateLoads();

    topic.update(HOSTILE);

    awaitSeen("owes a refresh for " + HOSTILE, "loading");
    assertNothingRan();
    one.releaseLoads();
    awaitNotSeen(HOSTILE);
  }

  @Test
  void aDeadLetterIsSeenWithItsCause() {
    openAndAwaitFresh(Map.of());
    awaitSeen("None since this agent started.");

    String message = topic.publish("{\"feature_view\": 7}");

    awaitSeen("message " + message, "feature_view: expected a string");
  }

  private void assertNothingRan() {
    assertThat(count("img")).isZero();
    assertThat(browser.run("document.title").asText()).isEqualTo("model-refresh-agent");
  }

  @Test
  void markupThatAScriptOfThePageWouldMakeIsRefusedByTheBrowser() {
    openAndAwaitFresh(Map.of());

    String refusal =
        browser
            .run(
                "(() => { try { document.body.innerHTML = '<b>x</b>' } catch (e) { return e.name } })()")
            .asText();

    assertThat(refusal).isEqualTo("TypeError");
  }

  @Test
  void onAPhoneNothingReachesBeyondTheScreen() {
    browser.size(390, 844);
    openAndAwaitFresh(Map.of());
    two.failNext(1_000, 500, "{\"error\": \"" + "long".repeat(100) + "\"}");
    topic.update("a_feature_view_with_a_name_longer_than_a_telephone_is_wide_and_no_space_in_it");
    awaitSeen("1 of 2", "longlong", "a_feature_view_with");

    assertThat(browser.run("document.documentElement.scrollWidth").asInt()).isEqualTo(390);
  }

  // ---- What a viewer may do ----

  private static final String TOKEN = "c2VjcmV0-1";

  @TempDir Path secret;

  private Path tokenFile() {
    return secret.resolve("token");
  }

  private void openWithOperatorsToken() throws IOException {
    Files.writeString(tokenFile(), TOKEN + "\n");
    openAndAwaitFresh(Map.of("model-refresh.api.token-file", tokenFile().toString()));
    await("the way to unlock is shown").until(() -> seen("#operator"));
  }

  private boolean seen(String selector) {
    return browser
        .run("document.querySelector('" + selector + "')?.checkVisibility() === true")
        .asBoolean();
  }

  private void unlockWith(String token) {
    browser.press("Read-only");
    browser.run("document.querySelector('#token').focus()");
    browser.type(token).press("Unlock");
  }

  private void assertNothingCanBeChanged() {
    assertThat(browser.text()).doesNotContain("Refresh\n", "Pause", "Resume", "Replay");
    assertThat(count("article button, .side button")).isZero();
  }

  @Test
  void aViewerWithoutATokenSeesNoButton() throws IOException {
    openWithOperatorsToken();

    assertNothingCanBeChanged();
  }

  @Test
  void whereThereIsNoTokenNothingIsThereToUnlock() {
    openAndAwaitFresh(Map.of());
    await("the agent was asked who may").until(() -> asked("v1/access"));

    assertThat(seen("#operator")).isFalse();
    assertNothingCanBeChanged();
  }

  private boolean asked(String resource) {
    return browser
        .run(
            "performance.getEntriesByType('resource')"
                + ".some((each) => each.name.endsWith('/%s') && each.responseEnd > 0)"
                    .formatted(resource))
        .asBoolean();
  }

  @Test
  void aWrongTokenIsRefusedAndOneThatCannotBeCheckedToo() throws IOException {
    openWithOperatorsToken();

    unlockWith("c2VjcmV0-2");

    awaitSeen("Unauthorized: expected the token of model-refresh.api.token-file");
    assertNothingCanBeChanged();

    Files.delete(tokenFile());
    browser.run("document.querySelector('#token').focus()");
    browser.type(TOKEN).press("Unlock");

    awaitSeen("Service Unavailable: the agent's log says why the token cannot be read");
    assertNothingCanBeChanged();
  }

  @Test
  void withTheTokenAModelIsRefreshedPausedAndResumed() throws IOException {
    openWithOperatorsToken();
    int loads = one.loadCount("fraud");

    unlockWith(TOKEN);
    awaitSeen("Refresh", "Pause", "Unlocked");
    browser.press("Refresh");

    awaitSeen("refresh asked for at");
    await().until(() -> one.loadCount("fraud") == loads + 1 && two.loadCount("fraud") == loads + 1);
    browser.press("Pause");
    awaitSeen("paused at", "Resume");
    topic.update("payments");
    awaitSeen("is paused");
    browser.press("Resume");
    awaitSeen("resumed at", "Pause");
    await().until(() -> one.loadCount("fraud") == loads + 2 && two.loadCount("fraud") == loads + 2);
  }

  @Test
  void theTokenIsKeptNowhereButInThePage() throws IOException {
    openWithOperatorsToken();
    unlockWith(TOKEN);
    awaitSeen("Refresh", "Pause");

    String kept =
        browser
            .run(
                "JSON.stringify([location.href, {...localStorage}, {...sessionStorage},"
                    + " document.cookie, performance.getEntries().map((each) => each.name),"
                    + " document.querySelector('#token').value])")
            .asText();

    assertThat(kept).contains("/v1/access").doesNotContain(TOKEN);
    browser.run("location.reload()");
    await("it has to be unlocked anew").ignoreExceptions().until(() -> seen("#operator"));
    assertNothingCanBeChanged();
  }

  @Test
  void aTokenThatWasRotatedUnlocksNoMoreAndThePersonIsTold() throws IOException {
    openWithOperatorsToken();
    unlockWith(TOKEN);
    awaitSeen("Refresh", "Pause");
    int loads = one.loadCount("fraud");
    Files.writeString(tokenFile(), "rotated");

    browser.press("Refresh");

    awaitSeen("Unauthorized: expected the token of model-refresh.api.token-file");
    assertNothingCanBeChanged();
    assertThat(one.loadCount("fraud")).isEqualTo(loads);
  }

  @Test
  void deadLettersArePublishedAgainAndWhatFailsIsSaid() throws IOException {
    openWithOperatorsToken();
    unlockWith(TOKEN);
    awaitSeen("Replay");
    String message = topic.publish("{\"feature_view\": 7}");
    awaitSeen("message " + message);

    browser.press("Replay");

    awaitSeen("Service Unavailable: the dead letters could not be read or published");
    String letters = "projects/it/subscriptions/feature-updates-dead-letter-sub";
    emulator.createSubscription(letters, DEAD_LETTERS);
    topic.publish("{\"feature_view\": 8}");
    await().until(() -> emulator.probe(letters).backlog() == 1);
    browser.press("Replay");
    awaitSeen("1 dead letter published again");
  }

  @Test
  void aRetrainingJobIsSeen() {
    openAndAwaitFresh(
        Map.of(
            "model-refresh.models.fraud.retraining.changes", "schema",
            "model-refresh.models.fraud.retraining.queue", "pubsub",
            "model-refresh.retraining.ledger", "memory"));
    awaitSeen("Retraining jobs");
    emulator.createTopic("projects/it/topics/retraining-jobs");

    topic.publish("{\"feature_view\": \"payments\", \"change\": \"schema\"}");

    awaitSeen("enqueued", "schema", "in queue pubsub");
  }

  @Test
  void aSubscriptionThatIsMissingIsSeenWithWhatHelps() {
    openAndAwaitFresh(Map.of());

    topic.deleteSubscription();

    awaitSeen("The subscription is not open", "no update is received", "subscriptions create");
  }

  @Test
  void aStandbyIsSeenAsSuchAndNamesTheHolder() {
    try (ApiServer api = new ApiServer().up()) {
      api.apply(
          new LeaseBuilder()
              .withNewMetadata()
              .withName("model-refresh-agent")
              .withNamespace("ml")
              .endMetadata()
              .withNewSpec()
              .withHolderIdentity("agent-a")
              .withLeaseDurationSeconds(600)
              .withAcquireTime(ZonedDateTime.now(ZoneOffset.UTC))
              .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
              .endSpec()
              .build());

      open(
          Map.of(
              "quarkus.kubernetes-client.api-server-url", api.url(),
              "quarkus.kubernetes-client.namespace", "ml",
              "model-refresh.lease.name", "model-refresh-agent",
              "model-refresh.lease.identity", "agent-b"));

      awaitSeen("standby", "This agent is a standby", "ask agent-a");
      assertThat(browser.text()).doesNotContain("Recent refreshes");
    }
  }

  @Test
  void whatMayBeOutOfDateIsSaidToBeOnceTheAgentIsGone() throws IOException {
    openAndAwaitFresh(Map.of());

    agent.orElseThrow().close();

    awaitSeen("no connection to the agent, trying again", "fraud");
    assertThat(count("main.old")).isEqualTo(1);
  }
}
