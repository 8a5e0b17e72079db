package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A ledger that outlives agents, in this JVM, and that can be down. */
final class SharedLedger implements Ledger {

  private final Map<String, LedgerState> states = new HashMap<>();
  private long version;
  private int writes;
  private boolean down;
  private Runnable beforeNextWrite = () -> {};

  synchronized void down(boolean isDown) {
    down = isDown;
  }

  /** Something another agent does between this one's reading and writing. */
  synchronized void beforeNextWrite(Runnable interference) {
    beforeNextWrite = interference;
  }

  synchronized int writes() {
    return writes;
  }

  @Override
  public boolean durable() {
    return true;
  }

  @Override
  public Uni<LedgerState> read(String model) {
    return Uni.createFrom().item(() -> get(model));
  }

  private synchronized LedgerState get(String model) {
    requireUp();
    return states.getOrDefault(model, LedgerState.NONE);
  }

  private void requireUp() {
    if (down) {
      throw new IllegalStateException("the ledger is down");
    }
  }

  @Override
  public Uni<LedgerState> write(String model, LedgerState state) {
    return Uni.createFrom().item(() -> put(model, state));
  }

  private synchronized LedgerState put(String model, LedgerState state) {
    requireUp();
    Runnable interference = beforeNextWrite;
    beforeNextWrite = () -> {};
    interference.run();
    if (!get(model).version().equals(state.version())) {
      throw new StaleLedgerException(model);
    }
    writes++;
    LedgerState written = new LedgerState(state.entries(), Optional.of(Long.toString(++version)));
    states.put(model, written);
    return written;
  }

  @Override
  public Uni<List<String>> owing() {
    return Uni.createFrom().item(this::owingNow);
  }

  private synchronized List<String> owingNow() {
    requireUp();
    return states.entrySet().stream()
        .filter(state -> state.getValue().owes())
        .map(Map.Entry::getKey)
        .toList();
  }
}
