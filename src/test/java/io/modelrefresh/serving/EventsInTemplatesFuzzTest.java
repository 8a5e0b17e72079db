package io.modelrefresh.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelrefresh.request.RequestPath;
import io.modelrefresh.request.RequestTemplate;
import io.modelrefresh.request.RequestTemplate.Syntax;
import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdate;
import io.modelrefresh.update.FeatureUpdateDecoder;
import io.modelrefresh.update.UndecodableUpdateException;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Events in the templates of protocol {@code http}: none chooses more than its own value. */
class EventsInTemplatesFuzzTest {

  private static final RequestTemplate PATH =
      new RequestTemplate(
          "/models/{model}/{updates.0.feature_view}/x?project={updates.0.project}&all={updates.json}",
          "path",
          Syntax.PATH);

  private static final RequestTemplate JSON =
      new RequestTemplate(
          "{\"view\": \"{updates.0.feature_view}\", \"project\": \"{updates.0.project}\","
              + " \"features\": [{#for f in updates.0.features}\"{f}\"{#if f_hasNext},{/if}{/for}],"
              + " \"count\": {updates.0.row_count.json}, \"keys\": \"{updates.0.entity_keys}\","
              + " \"all\": {updates.json}}",
          "body",
          Syntax.JSON);

  private static final RequestTemplate FORM =
      new RequestTemplate(
          "view={updates.0.feature_view}&all={updates.json}&end=1", "body", Syntax.FORM);

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();
  private final ObjectMapper json = new ObjectMapper();

  @FuzzTest
  void noEventChangesTheShapeOfARequest(byte[] event) throws JsonProcessingException {
    FeatureUpdate update;
    try {
      update = ((Decoded.Update) decoder.decode(event, Map.of(), Instant.EPOCH)).update();
    } catch (UndecodableUpdateException e) {
      return;
    }
    Map<String, Object> variables =
        new TemplateData(
                "fraud", new LoadRequest("r-1", Optional.of(Instant.EPOCH), List.of(update), true))
            .variables();

    path(update, variables);
    json(update, variables);
    form(update, variables);
  }

  private static void path(FeatureUpdate update, Map<String, Object> variables) {
    RequestPath path;
    try {
      path = PATH.renderPath(variables);
    } catch (IllegalArgumentException e) {
      // A view named . or .. would be a way up.
      assertThat(update.featureView()).isIn(".", "..");
      return;
    }
    URI uri = URI.create("http://replica:8000" + path.value());
    assertThat(uri.getHost()).isEqualTo("replica");
    assertThat(uri.getFragment()).isNull();
    String[] segments = uri.getRawPath().split("/", -1);
    assertThat(segments).hasSize(5);
    assertThat(decoded(segments[3])).isEqualTo(sent(update.featureView()));
    String[] parameters = uri.getRawQuery().split("&", -1);
    assertThat(parameters).hasSize(2);
    assertThat(decoded(parameters[0]))
        .isEqualTo("project=" + update.project().map(EventsInTemplatesFuzzTest::sent).orElse(""));
  }

  private void json(FeatureUpdate update, Map<String, Object> variables)
      throws JsonProcessingException {
    JsonNode body = json.readTree(sent(JSON.render(variables)));

    assertThat(body.fieldNames())
        .toIterable()
        .containsExactly("view", "project", "features", "count", "keys", "all");
    assertThat(body.path("view").textValue()).isEqualTo(sent(update.featureView()));
    assertThat(body.path("features").size()).isEqualTo(update.features().size());
    assertThat(body.path("all").size()).isEqualTo(1);
    assertThat(body.at("/all/0/feature_view").textValue()).isEqualTo(sent(update.featureView()));
    assertThat(body.at("/all/0/entity_keys").size()).isEqualTo(update.entityKeys().size());
  }

  private static void form(FeatureUpdate update, Map<String, Object> variables) {
    String[] fields = FORM.render(variables).split("&", -1);

    assertThat(fields).hasSize(3);
    assertThat(fields[2]).isEqualTo("end=1");
    assertThat(URLDecoder.decode(fields[0], UTF_8)).isEqualTo("view=" + sent(update.featureView()));
  }

  private static String decoded(String text) {
    // No plus is a space in a path, and none is there unescaped.
    assertThat(text).doesNotContain("+");
    return URLDecoder.decode(text, UTF_8);
  }

  /** As UTF-8 has it, which half a surrogate pair is not in. */
  private static String sent(String text) {
    return new String(text.getBytes(UTF_8), UTF_8);
  }
}
