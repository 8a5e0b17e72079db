package io.modelrefresh.retraining;

/** Another agent wrote the ledger since it was read. */
final class StaleLedgerException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  StaleLedgerException(String ledger) {
    super(ledger + " was written by another meanwhile", null, false, false);
  }
}
