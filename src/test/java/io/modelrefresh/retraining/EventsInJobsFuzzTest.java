package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelrefresh.FuzzInput;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.request.RequestTemplate;
import io.modelrefresh.request.RequestTemplate.Syntax;
import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdate;
import io.modelrefresh.update.FeatureUpdateDecoder;
import io.modelrefresh.update.UndecodableUpdateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Events in the templates of retraining jobs: the message's id and its trace a line each, then the
 * data.
 */
class EventsInJobsFuzzTest {

  private static final Instant PUBLISHED = Instant.parse("2026-11-22T10:00:00Z");

  private static final RequestTemplate BODY =
      new RequestTemplate(
          "{\"conf\": {job.json}, \"note\": \"{job.detail}\", \"id\": \"{job.message_id}\"}",
          "body",
          Syntax.JSON);

  private static final RequestTemplate PATH =
      new RequestTemplate("/dags/{job.model}/{job.name}?note={job.detail}", "path", Syntax.PATH);

  private static final String RESOURCE =
      """
      apiVersion: batch/v1
      kind: Job
      metadata: {namespace: ml}
      spec:
        template:
          spec:
            containers:
              - name: train
                args: ["{job.detail}", "{job.message_id}", "{job.traceparent}"]
                env:
      {#for view in job.feature_views}
                  - {name: VIEW, value: "{view.feature_view}"}
      {/for}
                  - {name: END, value: "1"}
      """;

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();
  private final ObjectMapper json = new ObjectMapper();
  private Path file;

  @BeforeEach
  void template() throws IOException {
    file = Files.createTempFile("job", ".yaml");
    Files.writeString(file, RESOURCE);
  }

  @AfterEach
  void delete() throws IOException {
    Files.delete(file);
  }

  @FuzzTest
  void noEventChangesTheShapeOfAJob(byte[] input) throws JsonProcessingException {
    FuzzInput message = FuzzInput.of(input);
    FeatureUpdate update;
    try {
      update = ((Decoded.Update) decoder.decode(message.body(), Map.of(), PUBLISHED)).update();
    } catch (UndecodableUpdateException e) {
      return;
    }
    String trace = message.head().size() > 1 ? message.head().get(1) : "";
    Cause cause =
        Cause.of(
            "schema change of " + update.featureView(),
            message.head().get(0),
            Optional.of(trace),
            update);
    Owed owed = Owed.atOnce(PUBLISHED, cause);
    RetrainingJob job = RetrainingJob.of("fraud", Kind.SCHEMA, owed);

    inARequest(job);
    inAResource(job);
    assertThat(Labels.annotations(job).values()).allMatch(text -> text.matches("\\P{Cntrl}*"));
    LedgerEntry entry =
        new LedgerEntry(Optional.empty(), Optional.empty(), Optional.of(owed), Optional.empty());
    assertThat(LedgerCodec.decode(LedgerCodec.encode(entry))).isEqualTo(entry);
  }

  private void inARequest(RetrainingJob job) throws JsonProcessingException {
    JsonNode body = json.readTree(BODY.render(job.variables()));
    assertThat(body.fieldNames()).toIterable().containsExactly("conf", "note", "id");
    assertThat(body.path("note").textValue()).isEqualTo(job.cause().detail());
    assertThat(body.path("id").textValue()).isEqualTo(job.cause().messageId());
    assertThat(body.at("/conf/detail").textValue()).isEqualTo(job.cause().detail());
    assertThat(PATH.renderPath(job.variables()).value().split("/", -1)).hasSize(4);
  }

  private void inAResource(RetrainingJob job) {
    Map<String, Object> resource = new ResourceTemplate(file).render(job);

    assertThat(resource.keySet()).containsExactly("apiVersion", "kind", "metadata", "spec");
    assertThat(resource).containsEntry("metadata", Map.of("namespace", "ml"));
    JsonNode container = json.valueToTree(resource).at("/spec/template/spec/containers/0");
    assertThat(container.path("args").size()).isEqualTo(3);
    assertThat(container.at("/args/0").textValue()).isEqualTo(job.cause().detail());
    assertThat(container.at("/args/1").textValue()).isEqualTo(job.cause().messageId());
    List<String> views = List.copyOf(job.cause().versions().keySet());
    assertThat(container.path("env").size()).isEqualTo(views.size() + 1);
    assertThat(container.at("/env/0/value").textValue()).isEqualTo(views.get(0));
    assertThat(container.at("/env/1/value").textValue()).isEqualTo("1");
  }
}
