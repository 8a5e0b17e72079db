package io.modelrefresh.update;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.fail;

import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HostileInputTest {

  private static final int INPUTS = 40_000;

  private static final String EVENT =
      """
      {"specversion":"1.0","id":"1","source":"/s","type":"%s","time":"2026-11-22T10:00:00Z",
       "subject":"users","datacontenttype":"application/json","ext":7,"data":%s}""";

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();

  @Test
  void noInputThrowsAnythingButTheOneException() {
    long seed = Seeds.next();
    var random = new Random(seed);
    var documents = new Documents(random);
    Map<String, Integer> outcomes = new HashMap<>();

    for (int i = 0; i < INPUTS; i++) {
      byte[] data = data(random, documents);
      Map<String, String> attributes = attributes(random, documents);
      String outcome;
      try {
        outcome = decoder.decode(data, attributes, Instant.EPOCH).getClass().getSimpleName();
      } catch (UndecodableUpdateException e) {
        assertThat(e).hasNoCause().hasMessageStartingWith(e.field() + ": ");
        outcome = "poison";
      } catch (Throwable e) {
        fail(
            "seed %d, input %d, %s: %s".formatted(seed, i, attributes, new String(data, UTF_8)), e);
        return;
      }
      outcomes.merge(outcome, 1, Integer::sum);
    }

    assertThat(outcomes).as("all are generated").containsKeys("Update", "OtherType", "poison");
  }

  static Stream<byte[]> poison() {
    String valid = "{\"feature_view\":\"users\"}";
    return Stream.of(
            "",
            " ",
            "null",
            "[]",
            "\"users\"",
            "{",
            "{}",
            valid + valid,
            valid + "x",
            "{\"feature_view\":\"users\",\"feature_view\":\"users\"}",
            "{\"feature_view\":\"u\",\"drift\":{\"metric\":\"psi\",\"value\":NaN}}",
            "{\"feature_view\":\"u\",\"drift\":{\"metric\":\"psi\",\"value\":1e400}}",
            "{\"feature_view\":\"u\",\"row_count\":1e999999999}",
            "{\"feature_view\":\"u\",\"row_count\":1e-999999999}",
            "{\"feature_view\":\"u\",\"row_count\":1e99999999999999}",
            "{\"feature_view\":\"u\",\"row_count\":" + "9".repeat(101) + "}",
            "{\"feature_view\":\"u\",\"entity_keys\":[{\"a\":1,\"a\":1}]}",
            "{\"feature_view\":\"" + "u".repeat(70_000) + "\"}",
            "{\"feature_view\":\"u\",\"x\":" + "[".repeat(500_000) + "]".repeat(500_000) + "}",
            "{\"feature_view\":\"u\",\"x\":\"" + "x".repeat(1024 * 1024) + "\"}")
        .map(text -> text.getBytes(UTF_8));
  }

  @ParameterizedTest
  @MethodSource("poison")
  void whatIsNoUpdateIsPoison(byte[] data) {
    assertPoison(data);
  }

  @Test
  void onlyUtf8IsJson() {
    assertPoison("{\"feature_view\":\"ü\"}".getBytes(ISO_8859_1));
    assertPoison("{\"feature_view\":\"u\"}".getBytes(UTF_16BE));
    assertPoison("{\"feature_view\":\"u\"}".getBytes(UTF_16LE));
    assertPoison("{\"feature_view\":\"u\300\257\"}".getBytes(ISO_8859_1));
  }

  @Test
  void whatIsThrownNeverQuotesThePayload() {
    for (String secret :
        List.of(
            "{\"feature_view\":\"u\",\"entity_keys\":[{\"ssn\":[\"078-05-1120\"]}]}",
            "{\"feature_view\":\"u\",\"entity_keys\":[{\"ssn\":078-05-1120}]}",
            "{\"feature_view\":\"u\",\"change\":\"078-05-1120\"}",
            "{\"feature_view\":\"u\",\"event_timestamp\":\"078-05-1120\"}")) {
      Throwable thrown =
          catchThrowable(() -> decoder.decode(secret.getBytes(UTF_8), Map.of(), Instant.EPOCH));

      assertThat(thrown).isInstanceOf(UndecodableUpdateException.class).hasNoCause();
      assertThat(thrown.getMessage()).doesNotContain("078").doesNotContain("ssn");
    }
  }

  private void assertPoison(byte[] data) {
    assertThat(catchThrowable(() -> decoder.decode(data, Map.of(), Instant.EPOCH)))
        .isInstanceOf(UndecodableUpdateException.class);
  }

  private static byte[] data(Random random, Documents documents) {
    byte[] data =
        switch (random.nextInt(4)) {
          case 0 -> {
            byte[] bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            yield bytes;
          }
          case 1 -> documents.any(4).toString().getBytes(UTF_8);
          case 2 -> documents.document().toString().getBytes(UTF_8);
          default ->
              EVENT
                  .formatted(
                      documents.pick(List.of(CloudEventAttributes.FEATURE_VIEW_UPDATED, "other")),
                      documents.document())
                  .getBytes(UTF_8);
        };
    for (int mutations = random.nextInt(3); mutations > 0 && data.length > 0; mutations--) {
      int at = random.nextInt(data.length);
      switch (random.nextInt(3)) {
        case 0 -> data[at] = (byte) random.nextInt(256);
        case 1 -> data[at] = (byte) "{}[]\",:0e-+.nul\\u".charAt(random.nextInt(17));
        default -> data = Arrays.copyOf(data, at);
      }
    }
    return data;
  }

  private static Map<String, String> attributes(Random random, Documents documents) {
    Map<String, String> attributes = new HashMap<>();
    put(
        attributes,
        random,
        "ce-type",
        documents.pick(List.of(CloudEventAttributes.FEATURE_VIEW_UPDATED, "other", "")));
    put(attributes, random, "ce-specversion", documents.pick(List.of("1.0", "0.3", "")));
    put(attributes, random, "ce-subject", documents.pick(List.of("users", "", " ")));
    put(
        attributes,
        random,
        "ce-time",
        documents.pick(
            List.of(
                "2026-11-22T10:00:00Z", "", "x", "2016-12-31T23:59:60Z", "9999-99-99T99:99:99Z")));
    put(
        attributes,
        random,
        "ce-datacontenttype",
        documents.pick(List.of("application/json", "text/plain", ";")));
    put(
        attributes,
        random,
        "content-type",
        documents.pick(
            List.of(
                "application/json",
                "application/cloudevents+json",
                "Application/CloudEvents; charset=utf-8",
                "application/cloudevents-batch+json",
                "application/cloudevents+avro",
                "",
                "/")));
    return attributes;
  }

  private static void put(Map<String, String> into, Random random, String name, String value) {
    if (random.nextBoolean()) {
      into.put(name, value);
    }
  }
}
