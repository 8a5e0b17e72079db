package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubOutgoingMetadata;
import io.modelrefresh.update.EncodedUpdate;
import io.modelrefresh.update.FeatureUpdateEncoder;
import io.modelrefresh.update.UndecodableUpdateException;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.OutgoingMessageMetadata;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/** Publishes feature updates, as a feature store would: a real message on the real topic. */
@Path("/v1/feature-updates")
public class FeatureUpdatesResource {

  /** The outbound channel of the topic {@code feature-updates}. */
  static final String CHANNEL = "feature-updates-topic";

  private final FeatureUpdateEncoder encoder;
  private final AgentConfig config;
  private final Clock clock;
  private final MutinyEmitter<byte[]> topic;

  FeatureUpdatesResource(
      FeatureUpdateEncoder encoder,
      AgentConfig config,
      Clock clock,
      @Channel(CHANNEL) MutinyEmitter<byte[]> topic) {
    this.encoder = encoder;
    this.config = config;
    this.clock = clock;
    this.topic = topic;
  }

  /** What was published. */
  @RegisterForReflection // for native executables: no signature of the API names it
  record Published(String messageId, String featureView) {}

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Produces(MediaType.APPLICATION_JSON)
  public Uni<Response> publish(byte[] body) {
    if (!config.publish().enabled()) {
      throw Problem.exception(
          Response.Status.FORBIDDEN,
          "publishing is off: set model-refresh.publish.enabled=true, or publish to the topic");
    }
    EncodedUpdate encoded = encode(body);
    OutgoingMessageMetadata<String> sent = new OutgoingMessageMetadata<>();
    return topic
        .sendMessage(
            Message.of(
                encoded.data(), Metadata.of(PubSubOutgoingMetadata.of(encoded.attributes()), sent)))
        .map(
            done ->
                Response.accepted(new Published(sent.getResult(), encoded.update().featureView()))
                    .build())
        .onFailure()
        .transform(
            failure ->
                Problem.exception(
                    Response.Status.SERVICE_UNAVAILABLE,
                    "Pub/Sub did not take the message: " + failure.getMessage()));
  }

  private EncodedUpdate encode(byte[] body) {
    try {
      return encoder.encode(body, clock.instant());
    } catch (UndecodableUpdateException e) {
      throw Problem.exception(Response.Status.BAD_REQUEST, e.getMessage());
    }
  }
}
