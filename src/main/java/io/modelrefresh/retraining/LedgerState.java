package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * One model's ledger as it was read or is to be written.
 *
 * @param version what the store told it apart by when it was read; empty when there was none
 */
record LedgerState(Map<Kind, LedgerEntry> entries, Optional<String> version) {

  static final LedgerState NONE = new LedgerState(Map.of(), Optional.empty());

  LedgerState {
    Map<Kind, LedgerEntry> copy = new EnumMap<>(Kind.class);
    copy.putAll(entries);
    entries = Collections.unmodifiableMap(copy);
  }

  LedgerEntry entry(Kind kind) {
    return entries.getOrDefault(kind, LedgerEntry.EMPTY);
  }

  LedgerState with(Kind kind, LedgerEntry entry) {
    if (entry.equals(entry(kind))) {
      return this;
    }
    Map<Kind, LedgerEntry> changed = new EnumMap<>(Kind.class);
    changed.putAll(entries);
    changed.put(kind, entry);
    return new LedgerState(changed, version);
  }

  boolean owes() {
    return entries.values().stream().anyMatch(entry -> entry.owed().isPresent());
  }
}
