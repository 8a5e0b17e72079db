package io.modelrefresh.soak;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelrefresh.Signals;
import io.modelrefresh.agent.AgentProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * The agents, each in a place of its own where, as by Kubernetes, another is started whenever one
 * has ended.
 */
final class Agents implements AutoCloseable {

  private static final Duration END = Duration.ofSeconds(180);
  private static final int ENDED_BY_TERM = 143;

  private final String emulatorHost;
  private final IntFunction<Map<String, String>> configuration;
  private final List<String> by;
  private final History history;
  private final Path logs;
  private final List<Place> places = new ArrayList<>();

  /**
   * @param by what each command begins with
   * @param logs where what they said is left
   */
  Agents(
      int count,
      String emulatorHost,
      IntFunction<Map<String, String>> configuration,
      List<String> by,
      History history,
      Path logs) {
    this.emulatorHost = emulatorHost;
    this.configuration = configuration;
    this.by = by;
    this.history = history;
    this.logs = logs;
    for (int i = 0; i < count; i++) {
      places.add(new Place(i));
    }
  }

  /** One agent at a time. */
  final class Place {

    private final int number;
    private int lives;
    private Optional<AgentProcess> process = Optional.empty();
    private Instant startedAt = Instant.MIN;
    private boolean wanted;
    private boolean frozen;

    Place(int number) {
      this.number = number;
    }

    synchronized void start() {
      wanted = true;
      lives++;
      startedAt = Instant.now();
      process = Optional.of(AgentProcess.start(emulatorHost, configuration.apply(number), by));
    }

    /** As the kubelet does. */
    synchronized void startAgainIfEnded(boolean mayEndByItself) {
      if (wanted && process.filter(AgentProcess::isAlive).isEmpty()) {
        int status = process.map(ended -> ended.awaitEnd(END)).orElse(0);
        history.add("agent %d ended by itself with %d; starting again", number, status);
        if (!mayEndByItself) {
          history.violation("agent %d ended by itself with %d", number, status);
        }
        saveLog();
        start();
      }
    }

    synchronized Runnable kill() {
      if (!wanted) {
        return () -> {};
      }
      wanted = false;
      process.ifPresent(AgentProcess::kill);
      saveLog();
      return this::start;
    }

    Runnable terminate() {
      AgentProcess ending;
      synchronized (this) {
        if (!wanted || process.filter(AgentProcess::isAlive).isEmpty()) {
          return () -> {};
        }
        wanted = false;
        ending = process.get();
      }
      ending.terminate();
      return () -> {
        int status = ending.awaitEnd(END);
        if (status != ENDED_BY_TERM) {
          history.add("agent %d, told to stop, ended with %d", number, status);
        }
        synchronized (this) {
          saveLog();
          start();
        }
      };
    }

    Runnable freeze() {
      AgentProcess held;
      synchronized (this) {
        if (!wanted || process.filter(AgentProcess::isAlive).isEmpty()) {
          return () -> {};
        }
        held = process.get();
        frozen = true;
      }
      Signals.freeze(held.pid());
      return () -> {
        Signals.thaw(held.pid());
        synchronized (this) {
          frozen = false;
        }
      };
    }

    synchronized Optional<AgentProcess> running() {
      return process.filter(AgentProcess::isAlive).filter(alive -> !frozen);
    }

    int number() {
      return number;
    }

    synchronized int lives() {
      return lives;
    }

    private void saveLog() {
      process.ifPresent(
          ended -> {
            try {
              Files.createDirectories(logs);
              Files.write(logs.resolve("agent-" + number + "-" + lives + ".log"), ended.log());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }

    synchronized void close() {
      wanted = false;
      process.ifPresent(AgentProcess::close);
      saveLog();
    }
  }

  List<Place> places() {
    return places;
  }

  Runnable begin(Fault fault) {
    Place place = places.get(fault.target());
    return switch (fault.kind()) {
      case KILL_AGENT -> place.kill();
      case TERMINATE_AGENT -> place.terminate();
      case FREEZE_AGENT -> place.freeze();
      default -> throw new IllegalArgumentException(fault.toString());
    };
  }

  int starts() {
    return places.stream().mapToInt(Place::lives).sum();
  }

  List<String> unready() {
    return places.stream()
        .filter(place -> place.running().filter(agent -> agent.readiness() == 200).isEmpty())
        .map(place -> "agent " + place.number() + " is not ready")
        .toList();
  }

  /** Whatever is wrong with one of them now, that all are well is not so. */
  List<String> unsettled() {
    List<String> reasons = new ArrayList<>();
    for (Place place : places) {
      Optional<AgentProcess> agent = place.running();
      if (agent.isEmpty()) {
        reasons.add("agent " + place.number() + " is not running");
        continue;
      }
      try {
        unsettled(agent.get())
            .forEach(reason -> reasons.add("agent " + place.number() + ": " + reason));
      } catch (UncheckedIOException e) {
        reasons.add("agent " + place.number() + " does not answer: " + e.getMessage());
      }
    }
    return reasons;
  }

  private static List<String> unsettled(AgentProcess agent) {
    List<String> reasons = new ArrayList<>();
    if (agent.readiness() != 200) {
      reasons.add("is not ready");
    }
    JsonNode models = agent.get("/v1/models");
    if (models.isArray()) {
      for (JsonNode model : models) {
        if (!model.get("pending").isEmpty() || model.get("held_messages").asInt() > 0) {
          reasons.add(
              model.get("model").asText()
                  + " holds "
                  + model.get("held_messages")
                  + ": "
                  + model.get("pending"));
        }
      }
    }
    double outstanding = metric(agent, "pubsub_outstanding_messages");
    if (outstanding != 0) {
      reasons.add("pubsub_outstanding_messages is " + outstanding);
    }
    return reasons;
  }

  /** The sum over all labels, or over those that the name goes on with. */
  static double metric(AgentProcess agent, String name) {
    return agent
        .metrics()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Override
  public void close() {
    places.forEach(Place::close);
  }
}
