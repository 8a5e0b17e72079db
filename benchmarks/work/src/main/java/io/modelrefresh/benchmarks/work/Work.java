package io.modelrefresh.benchmarks.work;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * The work every consumer does for every message, before it acks: parse the body, count by feature
 * view.
 */
public final class Work {
  public record Event(
      String feature_view,
      Map<String, Object> entity,
      List<String> features,
      String event_timestamp) {}

  private static final ObjectReader READER =
      new ObjectMapper()
          .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
          .readerFor(Event.class);
  private static final ConcurrentHashMap<String, LongAdder> COUNTS = new ConcurrentHashMap<>();
  private static final AtomicBoolean FIRST = new AtomicBoolean();
  private static volatile boolean started;

  private Work() {}

  public static void handle(byte[] body) {
    try {
      count(READER.readValue(body));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  public static void handle(String body) {
    try {
      count(READER.readValue(body));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static void count(Event e) {
    if (!started && FIRST.compareAndSet(false, true)) {
      started = true;
      System.err.println("FIRST_MESSAGE epoch_ms=" + System.currentTimeMillis());
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> System.err.println("COUNTS " + COUNTS)));
    }
    LongAdder a = COUNTS.get(e.feature_view());
    if (a == null) a = COUNTS.computeIfAbsent(e.feature_view(), k -> new LongAdder());
    a.increment();
  }
}
