package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Tells several listeners, each of them whatever another throws. */
public record RefreshListeners(List<RefreshListener> listeners) implements RefreshListener {

  private static final Logger LOG = Logger.getLogger(RefreshListeners.class);

  public RefreshListeners {
    listeners = List.copyOf(listeners);
  }

  @Override
  public void follows(Model model, Supplier<LaneStatus> status) {
    tell(listener -> listener.follows(model, status));
  }

  @Override
  public void forgets(String model) {
    tell(listener -> listener.forgets(model));
  }

  @Override
  public void coalesced(String model) {
    tell(listener -> listener.coalesced(model));
  }

  @Override
  public void rolledOut(RolloutReport report) {
    tell(listener -> listener.rolledOut(report));
  }

  private void tell(Consumer<RefreshListener> news) {
    for (RefreshListener listener : listeners) {
      try {
        news.accept(listener);
      } catch (RuntimeException e) {
        LOG.errorf(e, "%s, a listener to refreshes, failed", listener.getClass().getSimpleName());
      }
    }
  }
}
