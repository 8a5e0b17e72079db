package io.modelrefresh.page;

import io.modelrefresh.refresh.RefreshListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The refreshes that ended lately: at most {@value #OF_A_MODEL} of each model, so that one that
 * keeps failing pushes out no other's, and at most {@value #IN_ALL} in all. Thread-safe.
 */
@ApplicationScoped
class RefreshHistory implements RefreshListener {

  static final int OF_A_MODEL = 40;
  static final int IN_ALL = 2_000;

  private final NavigableMap<Long, Refresh> bySequence = new TreeMap<>();
  private final Map<String, Deque<Long>> byModel = new HashMap<>();
  private long last;

  @Override
  public void coalesced(String model) {}

  @Override
  public synchronized void rolledOut(RolloutReport report) {
    last++;
    bySequence.put(last, Refresh.of(last, report));
    Deque<Long> ofModel = byModel.computeIfAbsent(report.model(), name -> new ArrayDeque<>());
    ofModel.addLast(last);
    if (ofModel.size() > OF_A_MODEL) {
      bySequence.remove(ofModel.removeFirst());
    }
    if (bySequence.size() > IN_ALL) {
      String model = bySequence.pollFirstEntry().getValue().model();
      byModel.get(model).removeFirst();
    }
  }

  @Override
  public synchronized void forgets(String model) {
    Deque<Long> forgotten = byModel.remove(model);
    if (forgotten != null) {
      forgotten.forEach(bySequence::remove);
    }
  }

  /** The oldest of those after this sequence, in order, at most so many. */
  synchronized List<Refresh> after(long sequence, int most) {
    return bySequence.tailMap(sequence, false).values().stream().limit(most).toList();
  }
}
