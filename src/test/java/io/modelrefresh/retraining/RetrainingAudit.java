package io.modelrefresh.retraining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.modelrefresh.ApiServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Follows the ledger of agents at an API server, write by write, and holds the jobs there are
 * against it. Thread-safe.
 */
public final class RetrainingAudit implements BiConsumer<RecordedRequest, MockResponse> {

  private static final ObjectMapper JSON = new ObjectMapper();

  private record Written(Instant at, Map<String, LedgerEntry> entries) {}

  private record Job(String model, String reason, Instant window) {}

  private final Map<String, List<Written>> ledgers = new ConcurrentHashMap<>();

  /** To be told what the API server was asked and answered. */
  @Override
  public void accept(RecordedRequest request, MockResponse response) {
    boolean writes = request.getMethod().equals("POST") || request.getMethod().equals("PUT");
    if (writes && request.getPath().contains("/configmaps") && response.code() < 300) {
      // What was sent has been read by now; the answer says what is stored.
      String stored = new String(response.getBody().getBytes(), StandardCharsets.UTF_8);
      ConfigMap map = Serialization.unmarshal(stored, ConfigMap.class);
      Map<String, LedgerEntry> entries = new TreeMap<>();
      map.getData().forEach((kind, text) -> entries.put(kind, LedgerCodec.decode(text)));
      List<Written> written =
          ledgers.computeIfAbsent(
              map.getMetadata().getAnnotations().get(Labels.MODEL), model -> new ArrayList<>());
      synchronized (written) {
        written.add(new Written(Instant.now(), entries));
      }
    }
  }

  private List<Written> written(String model) {
    List<Written> written = ledgers.getOrDefault(model, List.of());
    synchronized (written) {
      return List.copyOf(written);
    }
  }

  /** Whether the ledger said at that time that a job covers this, or is owed that will. */
  public boolean isGuaranteed(String model, String reason, Instant published, Instant at) {
    LedgerEntry entry = LedgerEntry.EMPTY;
    for (Written written : written(model)) {
      if (written.at().isAfter(at)) {
        break;
      }
      entry = written.entries().getOrDefault(reason, LedgerEntry.EMPTY);
    }
    return isCovered(entry, published)
        || entry.owed().filter(owed -> !published.isAfter(owed.covers())).isPresent()
        || entry.next().filter(owed -> !published.isAfter(owed.newest())).isPresent();
  }

  /** Whether a job that was enqueued covers this. */
  public boolean isCovered(String model, String reason, Instant published) {
    return isCovered(last(model).getOrDefault(reason, LedgerEntry.EMPTY), published);
  }

  private static boolean isCovered(LedgerEntry entry, Instant published) {
    return entry.covered().filter(covered -> !published.isAfter(covered)).isPresent();
  }

  private Map<String, LedgerEntry> last(String model) {
    List<Written> written = written(model);
    return written.isEmpty() ? Map.of() : written.get(written.size() - 1).entries();
  }

  /** What is still to be enqueued, now or later. */
  public List<String> owed() {
    List<String> owed = new ArrayList<>();
    for (String model : ledgers.keySet()) {
      last(model)
          .forEach(
              (reason, entry) ->
                  entry.owed().ifPresent(job -> owed.add(model + " is owed a job: " + reason)));
    }
    return owed;
  }

  /**
   * What is wrong with the jobs there are: for each model, reason and window that the ledger says
   * was enqueued there is to be exactly one, none besides, and windows are a cooldown apart.
   *
   * @param requested the bodies of the requests by which an HTTP server was asked for the jobs it
   *     has taken
   */
  public List<String> problems(ApiServer api, List<String> requested, Duration cooldown) {
    List<Job> jobs = new ArrayList<>();
    for (HasMetadata job : api.admin().batch().v1().jobs().inNamespace("ml").list().getItems()) {
      Map<String, String> annotations = job.getMetadata().getAnnotations();
      jobs.add(
          new Job(
              annotations.get(Labels.MODEL),
              job.getMetadata().getLabels().get(Labels.REASON),
              Instant.parse(annotations.get(Labels.WINDOW))));
    }
    requested.forEach(body -> jobs.add(job(body)));

    List<String> problems = new ArrayList<>();
    Set<Job> once = new HashSet<>();
    for (Job job : jobs) {
      if (!once.add(job)) {
        problems.add("there are two of " + job);
      }
    }
    long created = api.creations().stream().filter(path -> path.endsWith("/jobs")).count();
    if (created != jobs.size() - requested.size()) {
      problems.add(created + " jobs were created and " + (jobs.size() - requested.size()) + " are");
    }
    Set<Job> enqueued = enqueued();
    enqueued.stream().filter(job -> !once.contains(job)).forEach(job -> problems.add("no " + job));
    once.stream()
        .filter(job -> !enqueued.contains(job))
        .forEach(job -> problems.add("the ledger never said so: " + job));
    problems.addAll(tooClose(once, cooldown));
    return problems;
  }

  private static Job job(String body) {
    try {
      JsonNode fields = JSON.readTree(body);
      return new Job(
          fields.get("model").asText(),
          fields.get("reason").asText(),
          Instant.parse(fields.get("window").asText()));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(body, e);
    }
  }

  /** By the name in it, which is what a server knows a job by. */
  public static String nameOf(String body) {
    try {
      return JSON.readTree(body).get("name").asText();
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(body, e);
    }
  }

  private Set<Job> enqueued() {
    Set<Job> enqueued = new HashSet<>();
    for (String model : ledgers.keySet()) {
      for (Written written : written(model)) {
        written
            .entries()
            .forEach(
                (reason, entry) ->
                    entry
                        .window()
                        .ifPresent(window -> enqueued.add(new Job(model, reason, window))));
      }
    }
    return enqueued;
  }

  private static List<String> tooClose(Set<Job> jobs, Duration cooldown) {
    List<String> problems = new ArrayList<>();
    Map<String, TreeSet<Instant>> windows = new HashMap<>();
    for (Job job : jobs) {
      windows
          .computeIfAbsent(job.model() + " for " + job.reason(), key -> new TreeSet<>())
          .add(job.window());
    }
    windows.forEach(
        (of, starts) -> {
          for (Instant start : starts) {
            Instant next = starts.higher(start);
            if (next != null && Duration.between(start, next).compareTo(cooldown) < 0) {
              problems.add(of + " has windows that begin at " + start + " and " + next);
            }
          }
        });
    return problems;
  }

  /** How many jobs were enqueued, by the ledger's account. */
  public int jobs() {
    return enqueued().size();
  }
}
