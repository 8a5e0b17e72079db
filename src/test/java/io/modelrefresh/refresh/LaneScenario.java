package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Endpoint;
import io.modelrefresh.catalog.FeatureViewSelector;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.refresh.RefreshListener.RolloutReport;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** A lane over scripted replicas, in a time that the test moves. */
abstract class LaneScenario {

  static final Duration QUIET = Duration.ofMillis(250);
  static final Duration MAX_WAIT = Duration.ofSeconds(2);
  static final Duration RESYNC = Duration.ofMinutes(1);
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  final ManualTime time = new ManualTime();
  final ScriptedReplicas servers = new ScriptedReplicas();
  final HeldMessages messages = new HeldMessages();
  final Map<String, List<String>> settled = new LinkedHashMap<>();
  final List<RolloutReport> reports = new ArrayList<>();

  /** Which part of its leeway each wait takes. */
  double jitter;

  final AtomicInteger coalesced = new AtomicInteger();
  int published;

  Lanes lanes(int maxUnavailable) {
    return lanes(model(maxUnavailable, OnStart.NEVER));
  }

  Lanes lanes(Model model) {
    return lanes(model, listener());
  }

  RefreshListener listener() {
    return new RefreshListener() {
      @Override
      public void coalesced(String name) {
        coalesced.incrementAndGet();
      }

      @Override
      public void rolledOut(RolloutReport report) {
        reports.add(report);
      }
    };
  }

  static Backoff backoff() {
    return new Backoff(Duration.ofMillis(500), RESYNC, new Random(7));
  }

  Lanes lanes(Model model, RefreshListener listener) {
    Lanes lanes = standby(model, listener);
    lanes.start();
    return lanes;
  }

  /** Lanes that are not started. */
  Lanes standby(Model model, RefreshListener listener) {
    this.model = model;
    return new Lanes(
        List.of(model),
        this::serversOf,
        this::serversOf,
        new LaneContext("test", time, time, backoff(), () -> jitter, listener),
        RESYNC);
  }

  Model model;

  /** Where models are served that are not served by {@link #servers}. */
  final Map<ServerSettings, ScriptedReplicas> elsewhere = new HashMap<>();

  private ScriptedReplicas serversOf(Model served) {
    return elsewhere.getOrDefault(served.server(), servers);
  }

  static Model model(int maxUnavailable, OnStart onStart) {
    return model(new MaxUnavailable(maxUnavailable, false), onStart);
  }

  static Model model(MaxUnavailable maxUnavailable, OnStart onStart) {
    return new Model(
        "fraud",
        List.of(FeatureViewSelector.parse("*")),
        false,
        serverAt("10.0.0.1"),
        new RefreshPolicy(QUIET, MAX_WAIT, maxUnavailable, 5, onStart, Optional.empty()));
  }

  static ServerSettings serverAt(String host) {
    return new ServerSettings(
        ServerSettings.Protocol.OPEN_INFERENCE,
        new ReplicaAddress.Static(List.of(new Endpoint("http", host, 8000))),
        "fraud",
        TIMEOUT,
        Optional.empty());
  }

  String publish(Lanes lanes, String view) {
    return publish(lanes, view, time.instant());
  }

  String publish(Lanes lanes, String view, Instant publishTime) {
    return publish(lanes, view, publishTime, publishTime);
  }

  String publish(Lanes lanes, String view, Instant publishTime, Instant eventTime) {
    String id = "m" + ++published;
    HeldMessage message = messages.hold(id, delivery(id));
    lanes.offer(
        model, Arrival.of(lanes.nextSequence(), publishTime, update(view, eventTime), message));
    message.release();
    return id;
  }

  Delivery delivery(String id) {
    return new Delivery() {
      @Override
      public void ack() {
        settled.computeIfAbsent(id, key -> new ArrayList<>()).add("ack");
      }

      @Override
      public void nack(String reason) {
        settled.computeIfAbsent(id, key -> new ArrayList<>()).add("nack");
      }

      @Override
      public void supersede() {
        settled.computeIfAbsent(id, key -> new ArrayList<>()).add("superseded");
      }
    };
  }

  LaneStatus status(Lanes lanes) {
    return lanes.status("fraud").orElseThrow();
  }

  static FeatureUpdate update(String view, Instant eventTime) {
    return new FeatureUpdate(
        Optional.empty(),
        view,
        OptionalLong.empty(),
        Set.of(),
        List.of(),
        eventTime,
        Change.VALUES,
        OptionalLong.empty(),
        Optional.empty());
  }
}
