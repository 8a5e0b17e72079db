package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubOutgoingMetadata;
import io.modelrefresh.pubsub.PubSubPuller;
import io.modelrefresh.pubsub.PubSubPuller.PulledMessage;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/**
 * Puts dead letters back on the topic they came from. Each is acknowledged only after it was
 * published again, so a failure in between can publish one twice and lose none.
 */
@ApplicationScoped
class DeadLetters {

  /** How many one replay looks at, at most. */
  static final int MOST = 10_000;

  private static final int BATCH = 100;

  /** What dead-lettering added, which a message published again does not carry. */
  private static final List<String> CAUSE = List.of("error.", "original.");

  private final PubSubPuller puller;
  private final MutinyEmitter<byte[]> topic;
  private final String subscription;
  private final Clock clock;

  DeadLetters(
      PubSubPuller puller,
      @Channel(FeatureUpdatesResource.CHANNEL) MutinyEmitter<byte[]> topic,
      AgentConfig config,
      Clock clock) {
    this.puller = puller;
    this.topic = topic;
    this.subscription = config.deadLetter().subscription();
    this.clock = clock;
  }

  /**
   * What a replay did.
   *
   * @param replayed how many were published again
   * @param left how many it looked at and left because of their age
   */
  record Replayed(int replayed, int left) {}

  /**
   * Publishes up to so many again: those dead-lettered before now and, if an age is given, no
   * longer ago than that. Stops when the subscription has no more to give.
   */
  Uni<Replayed> replay(int count, Optional<Duration> maxAge) {
    Replay replay = new Replay(count, maxAge);
    return replay
        .next()
        .onTermination()
        .call(() -> replay.left.isEmpty() ? done() : puller.release(subscription, replay.left));
  }

  private final class Replay {

    /** What turns poison again meanwhile comes back newer than this, and is left for next time. */
    private final Instant before = clock.instant();

    private final Optional<Instant> after;
    private final int count;

    /** Stay leased until the end, so that no pull returns them again. */
    private final List<String> left = new ArrayList<>();

    private int replayed;

    Replay(int count, Optional<Duration> maxAge) {
      this.count = count;
      this.after = maxAge.map(before::minus);
    }

    Uni<Replayed> next() {
      int wanted = Math.min(BATCH, Math.min(count - replayed, MOST - replayed - left.size()));
      return wanted <= 0
          ? result()
          : puller
              .pull(subscription, wanted)
              .chain(pulled -> pulled.isEmpty() ? result() : replay(pulled).chain(this::next));
    }

    private Uni<Void> replay(List<PulledMessage> pulled) {
      List<PulledMessage> chosen = new ArrayList<>();
      for (PulledMessage letter : pulled) {
        if (isChosen(letter.metadata().publishTime())) {
          chosen.add(letter);
        } else {
          left.add(letter.ackId());
        }
      }
      replayed += chosen.size();
      return Multi.createFrom()
          .iterable(chosen)
          .onItem()
          .transformToUniAndConcatenate(DeadLetters.this::publish)
          .collect()
          .asList()
          .chain(
              () ->
                  chosen.isEmpty()
                      ? done()
                      : puller.ack(
                          subscription, chosen.stream().map(PulledMessage::ackId).toList()));
    }

    private boolean isChosen(Instant deadLettered) {
      return deadLettered.isBefore(before) && after.map(deadLettered::isAfter).orElse(true);
    }

    private Uni<Replayed> result() {
      return Uni.createFrom().item(new Replayed(replayed, left.size()));
    }
  }

  private static Uni<Void> done() {
    return Uni.createFrom().voidItem();
  }

  private Uni<Void> publish(PulledMessage letter) {
    Map<String, String> attributes =
        letter.metadata().attributes().entrySet().stream()
            .filter(attribute -> CAUSE.stream().noneMatch(attribute.getKey()::startsWith))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    return topic.sendMessage(
        Message.of(
            letter.payload(),
            Metadata.of(new PubSubOutgoingMetadata(attributes, letter.metadata().orderingKey()))));
  }
}
