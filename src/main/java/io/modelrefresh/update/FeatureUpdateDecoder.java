package io.modelrefresh.update;

import static io.modelrefresh.update.CloudEventAttributes.CONTENT_TYPE;
import static io.modelrefresh.update.CloudEventAttributes.DATACONTENTTYPE;
import static io.modelrefresh.update.CloudEventAttributes.FEATURE_VIEW_UPDATED;
import static io.modelrefresh.update.CloudEventAttributes.SPECVERSION;
import static io.modelrefresh.update.CloudEventAttributes.SUBJECT;
import static io.modelrefresh.update.CloudEventAttributes.TIME;
import static io.modelrefresh.update.CloudEventAttributes.TYPE;

import io.cloudevents.CloudEvent;
import io.cloudevents.SpecVersion;
import io.cloudevents.jackson.JsonFormat;
import io.modelrefresh.update.FeatureUpdateParser.Envelope;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a feature update out of a message. Three forms are understood:
 *
 * <ul>
 *   <li>a CloudEvent in structured mode: {@code content-type} begins with {@code
 *       application/cloudevents}. Only the JSON format; batches are not supported;
 *   <li>a CloudEvent in binary mode: there is a {@code ce-type}. The data must be JSON, by {@code
 *       content-type} or {@code ce-datacontenttype} where one is given;
 *   <li>anything else is the bare data. Its content type is not looked at, but {@code ce-subject}
 *       and {@code ce-time} are still used where the data is silent.
 * </ul>
 *
 * <p>The data names the feature view, or else {@code ce-subject} does. The event's timestamp is the
 * data's, else {@code ce-time}, else the publish time. The shape of the data is that of {@code
 * META-INF/model-refresh/feature-update.schema.json}; a JSON {@code null} is an absent field.
 *
 * <p>Thread-safe; does not block.
 */
@Singleton
public class FeatureUpdateDecoder {

  /** Greatest size of a message's bytes, which bounds the memory any of them can take. */
  static final int MAX_BYTES = 1024 * 1024;

  private static final String STRUCTURED = "application/cloudevents";

  private final FeatureUpdateParser parser = new FeatureUpdateParser();
  private final JsonFormat structuredFormat = new JsonFormat();

  /**
   * @param attributes the message's attributes, without nulls
   * @param publishTime when the message was published
   * @throws UndecodableUpdateException whatever is wrong with the message; nothing else is thrown
   */
  public Decoded decode(byte[] data, Map<String, String> attributes, Instant publishTime)
      throws UndecodableUpdateException {
    String contentType = attributes.get(CONTENT_TYPE);
    if (contentType != null && startsWithIgnoreCase(contentType, STRUCTURED)) {
      return decodeStructured(data, contentType, publishTime);
    }
    String type = attributes.get(TYPE);
    if (type != null) {
      if (!type.equals(FEATURE_VIEW_UPDATED)) {
        return new Decoded.OtherType(type);
      }
      requireVersion1(attributes.getOrDefault(SPECVERSION, "1.0"));
      requireJson(CONTENT_TYPE, contentType);
      requireJson(DATACONTENTTYPE, attributes.get(DATACONTENTTYPE));
    }
    var envelope =
        new Envelope(
            Optional.ofNullable(attributes.get(SUBJECT)),
            Optional.ofNullable(attributes.get(TIME)),
            publishTime);
    return new Decoded.Update(decodeData(data, envelope));
  }

  FeatureUpdate decodeData(byte[] data, Envelope envelope) throws UndecodableUpdateException {
    requireUtf8(data);
    return parser.parse(data, envelope);
  }

  private Decoded decodeStructured(byte[] data, String contentType, Instant publishTime)
      throws UndecodableUpdateException {
    String format = mediaType(contentType);
    if (!format.equals(STRUCTURED) && !format.equals(STRUCTURED + "+json")) {
      throw new UndecodableUpdateException(
          CONTENT_TYPE,
          format.startsWith(STRUCTURED + "-batch")
              ? "batches of CloudEvents are not supported, publish one event a message"
              : "expected application/cloudevents+json, the only CloudEvents format supported");
    }
    requireUtf8(data);
    CloudEvent event = readEvent(data);
    if (!event.getType().equals(FEATURE_VIEW_UPDATED)) {
      return new Decoded.OtherType(event.getType());
    }
    requireVersion1(event.getSpecVersion().toString());
    requireJson("datacontenttype", event.getDataContentType());
    if (event.getData() == null) {
      throw new UndecodableUpdateException("data", "expected a JSON object, got none");
    }
    var envelope =
        new Envelope(
            Optional.ofNullable(event.getSubject()),
            Optional.ofNullable(event.getTime())
                .map(DateTimeFormatter.ISO_OFFSET_DATE_TIME::format),
            publishTime);
    return new Decoded.Update(decodeData(event.getData().toBytes(), envelope));
  }

  private CloudEvent readEvent(byte[] data) throws UndecodableUpdateException {
    CloudEvent event;
    try {
      event = structuredFormat.deserialize(data);
    } catch (RuntimeException e) {
      // The SDK's exceptions have no type in common, and odd JSON makes it throw Java's own.
      event = null;
    }
    if (event == null) {
      throw new UndecodableUpdateException(
          "data", "expected a CloudEvent in the JSON event format of CloudEvents 1.0");
    }
    return event;
  }

  private static void requireVersion1(String specVersion) throws UndecodableUpdateException {
    if (!specVersion.equals(SpecVersion.V1.toString())) {
      throw new UndecodableUpdateException(SPECVERSION, "expected 1.0");
    }
  }

  private static void requireJson(String field, String contentType)
      throws UndecodableUpdateException {
    if (contentType == null || contentType.equals("application/json")) {
      return;
    }
    String mediaType = mediaType(contentType);
    if (!mediaType.endsWith("/json") && !mediaType.endsWith("+json")) {
      throw new UndecodableUpdateException(field, "expected application/json");
    }
  }

  /** The parser itself would take over-long sequences, and guess at UTF-16 and UTF-32. */
  private static void requireUtf8(byte[] data) throws UndecodableUpdateException {
    if (data.length > MAX_BYTES) {
      throw new UndecodableUpdateException("data", "expected at most " + MAX_BYTES + " bytes");
    }
    int bits = 0;
    for (byte b : data) {
      bits |= b;
    }
    boolean ascii = bits >= 0;
    boolean wide = data.length > 1 && (data[0] == 0 || data[1] == 0);
    if (wide || !ascii && !isUtf8(data)) {
      throw new UndecodableUpdateException("data", "expected JSON in UTF-8");
    }
  }

  private static boolean isUtf8(byte[] data) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private static String mediaType(String contentType) {
    int parameters = contentType.indexOf(';');
    String mediaType = parameters < 0 ? contentType : contentType.substring(0, parameters);
    return mediaType.strip().toLowerCase(Locale.ROOT);
  }

  private static boolean startsWithIgnoreCase(String text, String prefix) {
    return text.regionMatches(true, 0, prefix, 0, prefix.length());
  }
}
