package io.modelrefresh.pubsub;

import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MessageConverter;
import java.lang.reflect.Type;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Converts the bytes of this connector's messages to what a consumer declares. Bytes that cannot be
 * converted nack their message; the channel goes on.
 */
abstract class PayloadConverter implements MessageConverter {

  abstract boolean accepts(Type target);

  /**
   * @throws IllegalArgumentException if the bytes are no such thing
   */
  abstract Object decode(byte[] bytes, Type target);

  @Override
  public boolean canConvert(Message<?> message, Type target) {
    return message.getPayload() instanceof byte[]
        && message.getMetadata(PubSubIncomingMetadata.class).isPresent()
        && accepts(target);
  }

  @Override
  public Message<?> convert(Message<?> message, Type target) {
    return message.withPayload(decode((byte[]) message.getPayload(), target));
  }

  /** SmallRye nacks on a failed Uni; an exception thrown from here would end the channel. */
  @Override
  public Uni<Message<?>> convertUni(Message<?> message, Type target) {
    return Uni.createFrom().item(() -> convert(message, target));
  }
}
