package io.modelrefresh.benchmarks.micro;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdateDecoder;
import io.modelrefresh.update.UndecodableUpdateException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * From bytes to a checked update, beside what Jackson alone takes for the same bytes: walking the
 * tokens and looking at every value but keeping none, and binding them to a record.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Bound(
      String project,
      String feature_view,
      List<String> features,
      List<Map<String, Object>> entity_keys,
      String event_timestamp,
      String change,
      long row_count) {}

  private final byte[] body = Sample.body();
  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();
  private final JsonFactory json = new JsonFactory();
  private final ObjectReader reader = new ObjectMapper().readerFor(Bound.class);

  @Benchmark
  public Decoded decodeBare() throws UndecodableUpdateException {
    return decoder.decode(body, Sample.BARE, Sample.PUBLISHED);
  }

  @Benchmark
  public Decoded decodeCloudEvent() throws UndecodableUpdateException {
    return decoder.decode(body, Sample.CLOUD_EVENT, Sample.PUBLISHED);
  }

  @Benchmark
  public long jacksonTokens() throws IOException {
    long seen = 0;
    try (JsonParser parser = json.createParser(body)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.VALUE_STRING) {
          seen += parser.getText().length();
        } else if (token == JsonToken.VALUE_NUMBER_INT) {
          seen += parser.getLongValue();
        }
      }
    }
    return seen;
  }

  @Benchmark
  public Bound jacksonBind() throws IOException {
    return reader.readValue(body);
  }
}
