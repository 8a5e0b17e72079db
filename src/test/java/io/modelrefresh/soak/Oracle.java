package io.modelrefresh.soak;

import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.retraining.RetrainingAudit;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import io.modelrefresh.soak.Deployment.Pod;
import io.modelrefresh.soak.Journal.Sent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges, once all has settled, every message by its id.
 *
 * <table>
 *   <caption>What is held against the promise</caption>
 *   <tr><th>message</th><th>at the end</th><th>when it was acked</th></tr>
 *   <tr><td>refreshes a model</td><td>every replica that exists has a load begun after it was
 *   published</td><td>every replica there was had one, done; or a message published no earlier that
 *   refreshes the model, too, was with an agent and not acked</td></tr>
 *   <tr><td>retrains a model</td><td>a job covers it; for each model, reason and window there is
 *   exactly one</td><td>the ledger said that a job covers it or is owed; or as above</td></tr>
 *   <tr><td>is poison</td><td>is on the dead-letter topic, with the cause</td><td>was there</td></tr>
 *   <tr><td>is anything else</td><td>is acked, and not on the dead-letter topic</td><td></td></tr>
 * </table>
 *
 * <p>What counts as a load is {@link Deployment#countingLoads}. Agents take a catalog over, and
 * hear of replicas, a while after these change: a model that consumes a view is held to the promise
 * for what was published {@link Catalog#adoption} later, and, at the moment of an ack, a replica
 * that was there for as long before the publication.
 */
final class Oracle {

  private final Journal journal;
  private final Catalog catalog;
  private final Fleet fleet;
  private final RetrainingAudit retraining;
  private final History history;

  private final Map<Pod, List<DoneLoad>> loads = new HashMap<>();

  private int covered;
  private int byEffect;
  private int byGuarantee;
  private int deadLettered;
  private int triggers;
  private int unjudged;

  Oracle(
      Journal journal, Catalog catalog, Fleet fleet, RetrainingAudit retraining, History history) {
    this.journal = journal;
    this.catalog = catalog;
    this.fleet = fleet;
    this.retraining = retraining;
    this.history = history;
  }

  void judge(Collection<PubsubMessage> deadLetters, Map<String, Instant> deadLetteredAt) {
    Instant end = Instant.now();
    for (Deployment deployment : fleet.deployments()) {
      deployment.pods.forEach(
          pod ->
              loads.put(
                  pod,
                  deployment.countingLoads(pod).stream()
                      .sorted(Comparator.comparing(DoneLoad::startedAt))
                      .toList()));
    }
    List<Sent> refreshing = journal.all().stream().filter(sent -> sent.update.refreshes()).toList();
    for (Deployment deployment : fleet.deployments()) {
      for (Sent sent : refreshing) {
        judgeAtEnd(deployment, sent, end);
        if (surelyConsumed(deployment, sent, sent.ackedAt)) {
          judgeAck(deployment, sent, refreshing);
        }
      }
      judgeRetraining(deployment, end);
    }
    judgeDeadLetters(deadLetters, deadLetteredAt);
    for (Sent sent : journal.all()) {
      if (sent.ackedAt.equals(Instant.MAX)) {
        history.violation("not acked at the end: %s", sent);
      }
    }
  }

  private boolean surelyConsumed(Deployment deployment, Sent sent, Instant until) {
    return catalog.surelyConsumed(deployment.model, sent.update, sent.publishedAt, until);
  }

  // ---- Refreshes ----

  private void judgeAtEnd(Deployment deployment, Sent sent, Instant end) {
    if (!surelyConsumed(deployment, sent, end)) {
      if (catalog.consumesNow(deployment.model, sent.update)) {
        unjudged++;
      }
      return;
    }
    boolean everywhere = true;
    for (Pod pod : deployment.present()) {
      if (loads.get(pod).stream().noneMatch(load -> !load.startedAt().isBefore(sent.publishedAt))) {
        everywhere = false;
        history.violation(
            "LOST: %s has no load of %s begun after it: %s",
            pod.server.address(), deployment.model, sent);
      }
    }
    if (everywhere) {
      covered++;
    }
  }

  private void judgeAck(Deployment deployment, Sent sent, List<Sent> refreshing) {
    if (sent.ackedAt.equals(Instant.MAX)) {
      return;
    }
    Optional<Pod> without =
        deployment.pods.stream()
            .filter(pod -> pod.wasPresent(sent.publishedAt.minus(catalog.adoption()), sent.ackedAt))
            .filter(pod -> !hasEffect(pod, sent))
            .findFirst();
    if (without.isEmpty()) {
      byEffect++;
    } else if (isGuaranteed(deployment, refreshing, sent)) {
      byGuarantee++;
    } else {
      history.violation(
          "ACKED TOO SOON: %s had not loaded %s, and no message held implied it: %s",
          without.get().server.address(), deployment.model, sent);
    }
  }

  private boolean hasEffect(Pod pod, Sent sent) {
    return loads.get(pod).stream()
        .anyMatch(
            load ->
                !load.startedAt().isBefore(sent.publishedAt)
                    && !load.doneAt().isAfter(sent.ackedAt));
  }

  /**
   * Whether another message for the model, published no earlier, was held when this one was acked;
   * whatever became of the model after that.
   */
  private boolean isGuaranteed(Deployment deployment, List<Sent> others, Sent sent) {
    for (int i = others.size() - 1; i >= 0; i--) {
      Sent other = others.get(i);
      if (other.publishTime.isBefore(sent.publishTime)) {
        return false;
      }
      if (other != sent
          && other.wasHeld(sent.acked)
          && surelyConsumed(deployment, other, sent.ackedAt)) {
        return true;
      }
    }
    return false;
  }

  // ---- Retraining ----

  private void judgeRetraining(Deployment deployment, Instant end) {
    Map<String, List<Sent>> byReason = new HashMap<>();
    for (Sent sent : journal.all()) {
      if (sent.update.sort() == Update.Sort.UPDATE && surelyConsumed(deployment, sent, end)) {
        Catalog.retrains(deployment.model, sent.update)
            .ifPresent(
                reason -> byReason.computeIfAbsent(reason, key -> new ArrayList<>()).add(sent));
      }
    }
    byReason.forEach(
        (reason, all) -> all.forEach(sent -> judgeTrigger(deployment, reason, sent, all)));
  }

  private void judgeTrigger(Deployment deployment, String reason, Sent sent, List<Sent> all) {
    String model = deployment.model;
    triggers++;
    if (!retraining.isCovered(model, reason, sent.publishTime)) {
      history.violation("NO JOB of %s for %s covers %s", model, reason, sent);
    }
    if (!sent.ackedAt.equals(Instant.MAX)
        && !retraining.isGuaranteed(model, reason, sent.publishTime, sent.ackedAt)
        && !isGuaranteed(deployment, all, sent)) {
      history.violation("ACKED TOO SOON: no job of %s for %s was owed: %s", model, reason, sent);
    }
  }

  // ---- Dead letters ----

  private void judgeDeadLetters(
      Collection<PubsubMessage> deadLetters, Map<String, Instant> deadLetteredAt) {
    for (PubsubMessage letter : deadLetters) {
      String original = letter.getAttributesOrDefault("original.message-id", "");
      Optional<Sent> sent = journal.message(original);
      if (sent.isEmpty() || sent.get().update.sort() != Update.Sort.POISON) {
        history.violation("a dead letter that is none: %s", letter.getAttributesMap());
      } else if (letter.getAttributesOrDefault("error.message", "").isEmpty()) {
        history.violation("a dead letter without its cause: %s", letter.getAttributesMap());
      }
    }
    for (Sent sent : journal.all()) {
      if (sent.update.sort() == Update.Sort.POISON) {
        Instant at = deadLetteredAt.get(sent.id);
        if (at == null) {
          history.violation("POISON is not on the dead-letter topic: %s", sent);
        } else if (sent.ackedAt.isBefore(at)) {
          history.violation("POISON was acked before it was a dead letter: %s", sent);
        } else {
          deadLettered++;
        }
      }
    }
  }

  /** The counts, for the closing line. */
  String counts() {
    return ("%d times covered on every replica, %d not judged around changes of the catalog; acked"
            + " by effect %d, by guarantee %d; %d dead-lettered; %d triggers of retraining")
        .formatted(covered, unjudged, byEffect, byGuarantee, deadLettered, triggers);
  }
}
