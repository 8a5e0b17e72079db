package io.modelrefresh.update;

import java.util.Map;

/**
 * A feature update ready to be published: a CloudEvent in binary mode.
 *
 * @param update what the bytes say
 * @param data the message's bytes
 * @param attributes the message's attributes
 */
public record EncodedUpdate(FeatureUpdate update, byte[] data, Map<String, String> attributes) {

  public EncodedUpdate {
    attributes = Map.copyOf(attributes);
  }
}
