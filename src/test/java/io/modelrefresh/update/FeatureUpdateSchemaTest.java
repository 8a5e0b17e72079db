package io.modelrefresh.update;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What the shipped schema accepts the decoder accepts, and the other way round. What a schema
 * cannot say, and the decoder refuses all the same: more than a mebibyte, nesting deeper than 32,
 * strings over 64 Ki and names over 1 Ki characters, numbers over 100 characters or beyond a 64-bit
 * float, and a field written twice. And what the envelope adds: {@code ce-subject} for {@code
 * feature_view}.
 */
class FeatureUpdateSchemaTest {

  private static final int DOCUMENTS = 20_000;

  private final ObjectMapper mapper = new ObjectMapper();
  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();
  private final Schema schema = schema();

  @Test
  void theDecoderAcceptsWhatTheSchemaAcceptsAndNothingElse() throws IOException {
    long seed = Seeds.next();
    var documents = new Documents(new Random(seed));
    int valid = 0;

    for (int i = 0; i < DOCUMENTS; i++) {
      JsonNode document = documents.document();
      String json = mapper.writeValueAsString(document);

      var errors =
          schema.validate(
              json, InputFormat.JSON, c -> c.executionConfig(e -> e.formatAssertionsEnabled(true)));

      String refusal = refusal(json);
      if (errors.isEmpty() != refusal.isEmpty()) {
        fail(
            "seed %d: schema says %s, decoder says '%s' of %s"
                .formatted(seed, errors, refusal, json));
      }
      valid += errors.isEmpty() ? 1 : 0;
    }

    assertThat(valid).as("both kinds are generated").isBetween(DOCUMENTS / 5, DOCUMENTS * 4 / 5);
  }

  private String refusal(String json) {
    try {
      decoder.decode(json.getBytes(StandardCharsets.UTF_8), Map.of(), Instant.EPOCH);
      return "";
    } catch (UndecodableUpdateException e) {
      return e.getMessage();
    }
  }

  private static Schema schema() {
    try (InputStream stream =
        FeatureUpdateDecoder.class.getResourceAsStream(
            "/META-INF/model-refresh/feature-update.schema.json")) {
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(stream, InputFormat.JSON);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
