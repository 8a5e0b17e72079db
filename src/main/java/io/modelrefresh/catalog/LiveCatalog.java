package io.modelrefresh.catalog;

/**
 * The catalog in force: the one read at the start, until a changed file brings another. Whoever
 * decides by it asks anew each time. Thread-safe.
 */
public final class LiveCatalog {

  private volatile Catalog current;

  public LiveCatalog(Catalog first) {
    current = first;
  }

  public Catalog current() {
    return current;
  }

  public void replace(Catalog next) {
    current = next;
  }
}
