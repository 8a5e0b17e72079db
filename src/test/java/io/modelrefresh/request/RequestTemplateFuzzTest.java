package io.modelrefresh.request;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.FuzzInput;
import io.modelrefresh.request.RequestTemplate.Syntax;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The text of a template, as configured: its syntax on the first line, then the template. */
class RequestTemplateFuzzTest {

  private static final String KEY = "model-refresh.models.fraud.server.http.body";

  @FuzzTest
  void anyTemplateIsRenderedOrRefusedNamingItsKey(byte[] input) {
    FuzzInput configured = FuzzInput.of(input);
    String text = new String(configured.body(), UTF_8);
    Syntax syntax =
        switch (configured.head().get(0)) {
          case "path" -> Syntax.PATH;
          case "form" -> Syntax.FORM;
          case "text" -> Syntax.TEXT;
          default -> Syntax.JSON;
        };
    try {
      RequestTemplate template = new RequestTemplate(text, KEY, syntax);
      for (Map<String, Object> variables : List.of(full(), sparse())) {
        if (syntax == Syntax.PATH) {
          assertThat(template.renderPath(variables).value()).startsWith("/");
        } else {
          assertThat(template.render(variables)).isNotNull();
        }
      }
    } catch (IllegalArgumentException refused) {
      assertThat(refused.getMessage()).startsWith(KEY + ": ").matches("\\P{Cntrl}+");
    }
  }

  private static Map<String, Object> full() {
    return Map.of(
        "model",
        "fraud",
        "watermark",
        "2026-11-22T10:00:00Z",
        "complete",
        true,
        "updates",
        List.of(
            Map.of(
                "feature_view", "users",
                "features", List.of("age", "city"),
                "row_count", 7L,
                "entity_keys", List.of(Map.of("id", 1001)),
                "drift", Map.of("metric", "psi", "value", 0.2))));
  }

  /** An event that says as little as it may. */
  private static Map<String, Object> sparse() {
    Map<String, Object> update = new LinkedHashMap<>();
    update.put("feature_view", "users");
    update.put("features", List.of());
    update.put("row_count", null);
    update.put("entity_keys", List.of());
    update.put("drift", null);
    return Map.of("model", "fraud", "watermark", "", "complete", false, "updates", List.of(update));
  }
}
