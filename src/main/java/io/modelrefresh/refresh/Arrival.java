package io.modelrefresh.refresh;

import io.modelrefresh.update.FeatureUpdate;
import java.time.Instant;

/**
 * A feature update as it arrived here.
 *
 * @param sequence the order of receipt in this process, from {@link Lanes#nextSequence()}; a load
 *     sent later covers it
 * @param publishTime when the message was published; orders refreshes across processes
 * @param view the key its guarantee is held under: a lane holds one message for each view it owes
 * @param update what it says
 * @param message the message that brought it
 */
public record Arrival(
    long sequence, Instant publishTime, String view, FeatureUpdate update, HeldMessage message) {

  /** An arrival keyed by the update's project, where it names one, and feature view. */
  public static Arrival of(
      long sequence, Instant publishTime, FeatureUpdate update, HeldMessage message) {
    String view = update.project().map(p -> p + "/").orElse("") + update.featureView();
    return new Arrival(sequence, publishTime, view, update, message);
  }
}
