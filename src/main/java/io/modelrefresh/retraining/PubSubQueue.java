package io.modelrefresh.retraining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelrefresh.pubsub.PubSubOutgoingMetadata;
import io.modelrefresh.pubsub.PubSubPublisher;
import io.modelrefresh.request.Excerpt;
import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Publishes each job as a CloudEvent in binary mode (CloudEvents, Google Cloud Pub/Sub protocol
 * binding). Pub/Sub does not deduplicate: {@code ce-id} is the job's name, by which the consumer
 * does. Jobs of one model share an ordering key.
 */
final class PubSubQueue implements RetrainingQueue {

  static final String TYPE = "io.modelrefresh.model.retraining_requested.v1";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final PubSubPublisher publisher;
  private final String topic;
  private final Duration timeout;

  /**
   * @param timeout how long the server may take; Google's client alone would try for minutes
   */
  PubSubQueue(PubSubPublisher publisher, String topic, Duration timeout) {
    this.publisher = publisher;
    this.topic = topic;
    this.timeout = timeout;
  }

  @Override
  public Uni<Enqueued> enqueue(RetrainingJob job) {
    return Uni.createFrom()
        .deferred(() -> publisher.publish(topic, data(job), metadata(job)))
        .ifNoItem()
        .after(timeout)
        .failWith(() -> new IllegalStateException("no answer within " + timeout.toMillis() + " ms"))
        .replaceWith(Enqueued::taken)
        .onFailure()
        .transform(this::failure);
  }

  private EnqueueFailedException failure(Throwable failure) {
    String said =
        Excerpt.of(failure.getMessage() == null ? failure.toString() : failure.getMessage());
    boolean forbidden = said.contains("PERMISSION_DENIED");
    boolean missing = said.contains("NOT_FOUND");
    String remedy =
        forbidden
            ? "; the agent's account needs pubsub.topics.publish on it (roles/pubsub.publisher)"
            : missing ? "; create the topic" : "";
    return new EnqueueFailedException(
        forbidden ? Kind.FORBIDDEN : Kind.UNAVAILABLE,
        "topic " + topic + ": did not take the job" + remedy + ": " + said);
  }

  private static byte[] data(RetrainingJob job) {
    try {
      return JSON.writeValueAsBytes(job.fields());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("text and lists are always JSON", e);
    }
  }

  private static PubSubOutgoingMetadata metadata(RetrainingJob job) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("ce-specversion", "1.0");
    attributes.put("ce-id", job.name());
    attributes.put("ce-type", TYPE);
    attributes.put("ce-source", "model-refresh-agent");
    attributes.put("ce-subject", job.model());
    attributes.put("ce-time", job.newest().toString());
    attributes.put("content-type", "application/json");
    job.cause().traceparent().ifPresent(trace -> attributes.put("ce-traceparent", trace));
    job.cause().traceparent().ifPresent(trace -> attributes.put("googclient_traceparent", trace));
    return new PubSubOutgoingMetadata(attributes, Optional.of(job.model()));
  }
}
