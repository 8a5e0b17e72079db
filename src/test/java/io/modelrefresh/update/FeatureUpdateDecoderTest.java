package io.modelrefresh.update;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.jackson.JsonFormat;
import java.net.URI;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FeatureUpdateDecoderTest {

  private static final Instant PUBLISHED = Instant.parse("2026-11-22T12:00:00Z");
  private static final String USERS = "{\"feature_view\":\"users\"}";
  private static final Map<String, String> BINARY =
      Map.of(
          "ce-id", "1",
          "ce-type", "io.modelrefresh.feature_view.updated.v1",
          "ce-source", "/store",
          "ce-subject", "from-subject",
          "ce-time", "2026-11-22T11:00:00Z",
          "ce-specversion", "1.0",
          "content-type", "application/json");

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();

  @Test
  void everyFieldOfTheDataIsRead() throws UndecodableUpdateException {
    FeatureUpdate update =
        update(
            """
            {"project":"fraud","feature_view":"driver_hourly_stats","feature_view_version":7,
             "features":["conv_rate"],"entity_keys":[{"driver_id":1001,"city":"Köln"}],
             "event_timestamp":"2026-11-22T10:00:00+01:00","change":"schema",
             "row_count":12000,"drift":{"metric":"psi","value":0.23},"unknown":[{"a":null}]}""",
            Map.of());

    assertThat(update)
        .isEqualTo(
            new FeatureUpdate(
                Optional.of("fraud"),
                "driver_hourly_stats",
                OptionalLong.of(7),
                Set.of("conv_rate"),
                List.of(
                    Map.of("driver_id", LongNode.valueOf(1001), "city", TextNode.valueOf("Köln"))),
                Instant.parse("2026-11-22T09:00:00Z"),
                Change.SCHEMA,
                OptionalLong.of(12_000),
                Optional.of(new Drift("psi", 0.23))));
  }

  @Test
  void onlyTheFeatureViewIsRequiredAndNullIsAbsent() throws UndecodableUpdateException {
    var expected =
        new FeatureUpdate(
            Optional.empty(),
            "users",
            OptionalLong.empty(),
            Set.of(),
            List.of(),
            PUBLISHED,
            Change.VALUES,
            OptionalLong.empty(),
            Optional.empty());

    assertThat(update(USERS, Map.of())).isEqualTo(expected);
    assertThat(
            update(
                """
                {"project":null,"feature_view":"users","feature_view_version":null,"features":null,
                 "entity_keys":null,"event_timestamp":null,"change":null,"row_count":null,
                 "drift":null}""",
                Map.of()))
        .isEqualTo(expected);
  }

  @Test
  void theDataWinsOverTheEnvelopeAndTheEnvelopeOverThePublishTime()
      throws UndecodableUpdateException {
    var both =
        update("{\"feature_view\":\"users\",\"event_timestamp\":\"2026-11-22T10:00:00Z\"}", BINARY);
    assertThat(both.featureView()).isEqualTo("users");
    assertThat(both.eventTimestamp()).isEqualTo("2026-11-22T10:00:00Z");

    var neither = update("{}", BINARY);
    assertThat(neither.featureView()).isEqualTo("from-subject");
    assertThat(neither.eventTimestamp()).isEqualTo("2026-11-22T11:00:00Z");
  }

  @Test
  void aStructuredEventIsReadAsTheBinaryOneIs() throws UndecodableUpdateException {
    var event =
        CloudEventBuilder.v1()
            .withId("1")
            .withType(CloudEventAttributes.FEATURE_VIEW_UPDATED)
            .withSource(URI.create("/store"))
            .withSubject("from-subject")
            .withTime(OffsetDateTime.parse("2026-11-22T11:00Z"))
            .withDataContentType("application/json")
            .withData("{\"features\":[\"age\"]}".getBytes(UTF_8))
            .build();
    var json = new JsonFormat();

    for (byte[] bytes :
        List.of(json.serialize(event), json.withForceJsonDataToBase64().serialize(event))) {
      var structured =
          update(
              new String(bytes, UTF_8),
              Map.of("content-type", "application/cloudevents+json; charset=utf-8"));

      assertThat(structured).isEqualTo(update("{\"features\":[\"age\"]}", BINARY));
    }
  }

  @Test
  void anEventOfAnotherTypeIsNotLookedInto() throws UndecodableUpdateException {
    assertThat(decoder.decode(new byte[] {-1}, Map.of("ce-type", "com.example.other"), PUBLISHED))
        .isEqualTo(new Decoded.OtherType("com.example.other"));
    assertThat(
            decoder.decode(
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/\",\"type\":\"other\"}"
                    .getBytes(UTF_8),
                Map.of("content-type", "application/cloudevents"),
                PUBLISHED))
        .isEqualTo(new Decoded.OtherType("other"));
  }

  /** Each row: the data, and the message of what is thrown. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {}                                           | feature_view: required in the data, or else as ce-subject
          {"feature_view":7}                           | feature_view: expected a string, got a number
          {"feature_view":" "}                         | feature_view: expected a string that is not blank
          {"feature_view":"u","feature_view_version":"7"} | feature_view_version: expected an integer from 0 to 2^63-1, got a string
          {"feature_view":"u","feature_view_version":1.5} | feature_view_version: expected an integer from 0 to 2^63-1
          {"feature_view":"u","row_count":-1}          | row_count: expected an integer from 0 to 2^63-1
          {"feature_view":"u","row_count":true}        | row_count: expected an integer from 0 to 2^63-1, got a boolean
          {"feature_view":"u","features":"age"}        | features: expected an array of strings, got a string
          {"feature_view":"u","features":[1]}          | features[]: expected a string, got a number
          {"feature_view":"u","entity_keys":[1]}       | entity_keys[]: expected an object of join keys and values, got a number
          {"feature_view":"u","event_timestamp":1}     | event_timestamp: expected a string with an RFC 3339 timestamp, got a number
          {"feature_view":"u","event_timestamp":"now"} | event_timestamp: expected an RFC 3339 timestamp such as 2026-11-22T10:00:00Z
          {"feature_view":"u","change":"VALUES"}       | change: expected one of "values", "schema", "delete"
          {"feature_view":"u","drift":{}}              | drift.metric: required where there is a drift
          {"feature_view":"u","drift":{"metric":"psi","value":"1"}} | drift.value: expected a number, got a string
          [1]                                          | data: expected a JSON object, got an array
          """)
  void aWrongTypeIsPoisonAndTheFieldIsNamed(String data, String message) {
    assertThatThrownBy(() -> update(data, Map.of()))
        .isInstanceOf(UndecodableUpdateException.class)
        .hasMessage(message);
  }

  /** Each row: an attribute beside or instead of those of binary mode, and the field named. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          ce-specversion,     0.3,                               ce-specversion
          ce-time,            yesterday,                         ce-time
          ce-datacontenttype, application/avro,                  ce-datacontenttype
          content-type,       text/plain,                        content-type
          content-type,       application/cloudevents-batch+json, content-type
          content-type,       application/cloudevents+avro,      content-type
          """)
  void anEnvelopeThatCannotBeReadIsPoison(String attribute, String value, String field) {
    var attributes = new HashMap<>(BINARY);
    attributes.put(attribute, value);

    assertThatThrownBy(() -> update(USERS, attributes))
        .isInstanceOfSatisfying(
            UndecodableUpdateException.class, e -> assertThat(e.field()).isEqualTo(field));
  }

  @Test
  void aPostedUpdateIsPublishedAsAnEventThatDecodesToTheSame() throws UndecodableUpdateException {
    var encoder = new FeatureUpdateEncoder(decoder);

    EncodedUpdate encoded = encoder.encode(USERS.getBytes(UTF_8), PUBLISHED);

    assertThat(encoded.data()).asString(UTF_8).isEqualTo(USERS);
    assertThat(encoded.attributes())
        .containsEntry("ce-type", "io.modelrefresh.feature_view.updated.v1")
        .containsEntry("ce-subject", "users")
        .containsEntry("ce-time", "2026-11-22T12:00:00Z")
        .containsEntry("ce-specversion", "1.0")
        .containsEntry("content-type", "application/json")
        .containsKeys("ce-id", "ce-source");
    assertThat(decoder.decode(encoded.data(), encoded.attributes(), Instant.EPOCH))
        .isEqualTo(new Decoded.Update(encoded.update()));
    assertThatThrownBy(() -> encoder.encode("{}".getBytes(UTF_8), PUBLISHED))
        .isInstanceOf(UndecodableUpdateException.class);
  }

  private FeatureUpdate update(String data, Map<String, String> attributes)
      throws UndecodableUpdateException {
    return ((Decoded.Update) decoder.decode(data.getBytes(UTF_8), attributes, PUBLISHED)).update();
  }
}
