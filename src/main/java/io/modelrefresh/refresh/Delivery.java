package io.modelrefresh.refresh;

/** One delivery of a message, to be settled by whoever holds it. No call blocks or throws. */
public interface Delivery {

  /** Tells the sender that the message's effect has happened or is guaranteed. */
  void ack();

  /** Asks the sender to deliver the message again. */
  void nack(String reason);

  /** Tells the sender nothing: a later delivery of the same message stands for it. */
  void supersede();
}
